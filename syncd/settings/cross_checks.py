"""What no single file can know: whether the files of a configuration fit together and to the registers."""

from __future__ import annotations

import ssl
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from ipaddress import ip_address
from urllib.parse import urlsplit

from syncd.errors import ConfigError
from syncd.model.coverage import Obligation
from syncd.model.service import ServiceKey
from syncd.pipeline.registry import resolve_duty
from syncd.rules.areas import AreaIndex
from syncd.rules.services import KNOWN_TYPES
from syncd.sdk.connector import ConnectorSpec
from syncd.sdk.settings import SecretRef, SourceSettings
from syncd.settings.config import SourceConfig
from syncd.settings.daemon_file import DaemonFile
from syncd.settings.precedence_file import RANKED_FIELDS
from syncd.settings.problems import Problem, suggest
from syncd.settings.registers import Registers
from syncd.settings.shipped import MAIN_FILE
from syncd.settings.source_file import SourceFile
from syncd.settings.units import format_duration

SourceParts = tuple[SourceFile, ConnectorSpec, SourceSettings]
_AREA_FIX = "look it up with 'syncd areas NAME'"


def cross_check(
    file: DaemonFile,
    sources: Mapping[str, SourceParts],
    obligations: Mapping[str, Obligation],
    registers: Registers,
    on: date,
    *,
    unreadable: frozenset[str] = frozenset(),
) -> tuple[dict[str, SourceConfig], list[Problem]]:
    """Return the sources with their scopes resolved, and every problem between files.

    ``unreadable`` are obligations with problems of their own: nobody needs to hear that they are missing.
    """
    index = registers.area_register(on).index
    problems: list[Problem] = []
    resolved = {}
    for key, (source, spec, settings) in sources.items():
        name = f"sources/{key}.toml"
        services, found = _scope_services(name, source, obligations, unreadable)
        problems += found
        problems += _source_problems(name, source, spec, settings, index)
        if source.enabled:
            problems += _secret_problems(name, settings)
            problems += _missing_problems(name, settings)
            problems += _certificate_problems(name, source, settings)
        resolved[key] = SourceConfig(source, spec, settings, services)
    problems += _same_portal(resolved)
    for key, obligation in obligations.items():
        problems += _obligation_problems(f"obligations/{key}.toml", obligation, registers, index)
    problems += _cohort_problems(file, index)
    problems += _report_problems(file, {*obligations, *unreadable}, index)
    if isinstance(file.database.url, SecretRef):
        problems += _secret_problem(MAIN_FILE, "database.url", file.database.url)
    return resolved, problems


def _source_problems(
    name: str, source: SourceFile, spec: ConnectorSpec, settings: SourceSettings, index: AreaIndex
) -> Iterator[Problem]:
    for number, text in enumerate(source.scope.areas):
        yield from _area_problem(name, f"scope.areas.{number}", text, index)
    if source.scope.default_area is not None:
        yield from _area_problem(name, "scope.default_area", source.scope.default_area, index)
    for number, key in enumerate(source.scope.services or ()):
        yield from _service_problem(name, f"scope.services.{number}", key)
    seconds = source.interval.total_seconds()
    # What is replayed on this machine is nobody's portal and may be asked every few seconds.
    if seconds < spec.minimum_interval_seconds and not _is_loopback(settings.base_url):
        yield Problem(
            name,
            "interval",
            f"{format_duration(source.interval)} ({seconds:g} s) is shorter than the "
            f"{spec.minimum_interval_seconds} s connector {spec.name} asks for",
            "ask the portal less often",
        )
    for field in source.field_precedence:
        if field not in RANKED_FIELDS:
            hint = suggest(field, RANKED_FIELDS) or f"known here: {', '.join(RANKED_FIELDS)}"
            yield Problem(name, f"field_precedence.{field}", "unknown key", hint)


def _scope_services(
    name: str, source: SourceFile, obligations: Mapping[str, Obligation], unreadable: frozenset[str]
) -> tuple[frozenset[str] | None, list[Problem]]:
    wanted = source.scope.services_from
    if wanted is None:
        listed = source.scope.services
        return (None if listed is None else frozenset(listed)), []
    obligation = obligations.get(wanted)
    if wanted in unreadable:
        return frozenset(), []
    if obligation is None:
        hint = suggest(wanted, obligations) or f"known: {', '.join(sorted(obligations)) or 'none'}"
        return frozenset(), [Problem(name, "scope.services_from", f"there is no obligation {wanted!r}", hint)]
    services = frozenset(key for duty in obligation.duties for key in duty.services)
    if not services:
        message = f"obligation {wanted!r} lists no services (it selects them by type)"
        return services, [Problem(name, "scope.services_from", message, "list the keys in scope.services")]
    return services, []


def _same_portal(sources: Mapping[str, SourceConfig]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], str] = {}
    for key in sorted(sources):
        source = sources[key]
        if not source.file.enabled:
            continue
        identity = (source.file.connector, source.settings.model_dump_json())
        if (other := seen.setdefault(identity, key)) != key:
            yield Problem(
                f"sources/{key}.toml",
                "settings",
                f"asks the same portal with the same settings as sources/{other}.toml",
                "disable one of them, or merge their scopes into one file",
            )


def _obligation_problems(
    name: str, obligation: Obligation, registers: Registers, index: AreaIndex
) -> Iterator[Problem]:
    types = {code for service in registers.services.values() for code in service.typing}.union(KNOWN_TYPES)
    seen: dict[tuple[str, str], int] = {}
    for number, duty in enumerate(obligation.duties):
        key = f"duty.{number}"
        for service in sorted(duty.services):
            yield from _service_problem(name, f"{key}.services", service)
        for position, area in enumerate(duty.areas):
            yield from _area_problem(name, f"{key}.areas.{position}", area, index)
        for code in sorted(duty.typing - types):
            hint = suggest(code, types) or f"known: {', '.join(sorted(types))}"
            yield Problem(name, f"{key}.typing", f"{code!r} is no type of services", hint)
        for service in sorted(resolve_duty(duty, registers.services).services):
            first = seen.setdefault((duty.line, service), number)
            if first != number:
                yield Problem(
                    name,
                    f"{key}.services" if duty.services else f"{key}.typing",
                    f"service {service} is already owed on line '{duty.line.value}' by duty.{first}",
                    "name a service once per line",
                )


def _cohort_problems(file: DaemonFile, index: AreaIndex) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, cohort in enumerate(file.cohort):
        if cohort.id in seen:
            yield Problem(
                MAIN_FILE, f"cohort.{number}.id", f"{cohort.id!r} occurs twice", "rename one of them"
            )
        seen.add(cohort.id)
        for position, area in enumerate(cohort.areas):
            yield from _area_problem(MAIN_FILE, f"cohort.{number}.areas.{position}", area, index)
        for area in cohort.titles:
            if area not in cohort.areas:
                hint = suggest(area, cohort.areas) or "name an area of this cohort"
                yield Problem(
                    MAIN_FILE, f"cohort.{number}.titles.{area}", "is not an area of the cohort", hint
                )


def _report_problems(file: DaemonFile, obligations: Collection[str], index: AreaIndex) -> Iterator[Problem]:
    cohorts = [cohort.id for cohort in file.cohort]
    for number, subject in enumerate(file.reports.keep):
        if subject not in cohorts and index.resolve(subject) is None:
            hint = suggest(subject, cohorts) or f"cohorts: {', '.join(cohorts) or 'none'}; areas: syncd areas"
            message = f"{subject!r} is neither a cohort nor an area of the register"
            yield Problem(MAIN_FILE, f"reports.keep.{number}", message, hint)
    for number, name in enumerate(file.reports.obligations):
        if name not in obligations:
            hint = suggest(name, obligations) or f"known: {', '.join(sorted(obligations)) or 'none'}"
            key = f"reports.obligations.{number}"
            yield Problem(MAIN_FILE, key, f"there is no obligation {name!r}", hint)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _area_problem(name: str, key: str, text: str, index: AreaIndex) -> Iterator[Problem]:
    if index.resolve(text) is None:
        yield Problem(name, key, f"{text!r} is no area of the register", _AREA_FIX)


def _service_problem(name: str, key: str, text: str) -> Iterator[Problem]:
    try:
        ServiceKey(text)
    except ValueError:
        yield Problem(
            name, key, f"{text!r} is not a service key", "write the 14 digits without dots or blanks"
        )


def _secret_problems(name: str, settings: SourceSettings) -> Iterator[Problem]:
    for field, secret in settings.secret_references():
        yield from _secret_problem(name, f"settings.{field}", secret)


def _missing_problems(name: str, settings: SourceSettings) -> Iterator[Problem]:
    """Find what is missing on any day; what ends on a day is a matter of each run, not of the start."""
    for missing in settings.still_missing(date.min):
        yield Problem(name, missing.key, missing.message, missing.fix)


def _certificate_problems(name: str, source: SourceFile, settings: SourceSettings) -> Iterator[Problem]:
    """Find what can never work; an expired certificate is a matter of each run, not of the start."""
    if (table := source.client_certificate) is None:
        return
    key = "client_certificate"
    if not settings.base_url.startswith("https:"):
        yield Problem(name, key, "is shown over https only, and base_url is not", "correct base_url")
    if table.password is not None:
        yield from _secret_problem(name, f"{key}.password", table.password)
    try:
        table.to_certificate().load_into(ssl.create_default_context())
    except ConfigError as error:
        if error.code != "secret_missing":
            yield Problem(name, key, error.message, error.fix)


def _secret_problem(name: str, key: str, secret: SecretRef) -> Iterator[Problem]:
    try:
        secret.reveal()
    except ConfigError as error:
        yield Problem(name, key, error.message, error.fix)
