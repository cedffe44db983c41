"""The whole configuration as the rest of the house gets it: read, checked and frozen.

Settings know names, limits and files; what the use cases take (plans, registers in force on a day) is derived
here so that nobody else has to know the file formats. This module must not read files.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

from syncd.errors import ConfigError
from syncd.model.area import AreaKey
from syncd.model.coverage import Cohort, Obligation
from syncd.model.record import Scope
from syncd.model.service import Service
from syncd.pipeline.registry import Registry, SourcePlan, unknown_source
from syncd.sdk.connector import Completeness, ConnectorSpec
from syncd.sdk.settings import SecretRef, SourceSettings
from syncd.settings.client_certificate import ClientCertificate
from syncd.settings.connectors import parser_version
from syncd.settings.daemon_file import DaemonFile
from syncd.settings.operators import Operators, read_operators
from syncd.settings.precedence_file import PrecedenceTable
from syncd.settings.registers import Registers
from syncd.settings.source_file import SourceFile

DATABASE_NAME = "syncd.sqlite3"
_USUAL_RANKS = PrecedenceTable()


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """One portal: its file, its connector and the connector's settings.

    ``services`` are the keys of its scope with ``services_from`` resolved; None means every service.
    """

    file: SourceFile
    spec: ConnectorSpec
    settings: SourceSettings
    services: frozenset[str] | None

    @property
    def source_id(self) -> str:
        """Short for ``file.id``."""
        return self.file.id

    @property
    def client_certificate(self) -> ClientCertificate | None:
        """Our own certificate, where the portal demands one."""
        return self.file.client_certificate.to_certificate() if self.file.client_certificate else None

    def to_plan(self, registers: Registers, on: date, ranks: PrecedenceTable = _USUAL_RANKS) -> SourcePlan:
        """Return the plan the use cases take; raises ConfigError when the connector refuses its settings."""
        file = self.file
        index = registers.area_register(on).index
        areas = tuple(key for text in file.scope.areas if (key := index.resolve(text)) is not None)
        return SourcePlan(
            source_id=file.id,
            title=file.title,
            connector_name=file.connector,
            connector=self.spec.build(self.settings),
            parser=self.spec.parser,
            options=self.settings.parse_options(),
            scope=Scope(areas, self.services, file.scope.silence_means_absence),
            interval=file.interval,
            stale_after=file.stale_after,
            base_url=self.settings.base_url,
            precedence=ranks.rank_of(file),
            kind=file.kind.value if file.kind else "",
            default_area=_resolved(file.scope.default_area, registers, on),
            limits=replace(file.limits.to_accept(), expected_minimum=file.about.expected_minimum),
            about=file.about.to_about(),
            proves_completeness=self.spec.completeness is not Completeness.NONE,
            total_required=self.spec.completeness is Completeness.DECLARED_TOTAL,
            is_yardstick=self.spec.is_yardstick,
            total_tolerance=file.limits.total_tolerance,
            allow_private=file.limits.allow_private,
            enabled=file.enabled,
            keeps_ledger=self.spec.keeps_ledger and self.settings.wants_ledger(),
            feeds_register=self.spec.feeds_register,
            links_by_likeness=file.linking,
            parse_timeout=file.limits.parse_timeout,
            feed=self._feed(),
            parser_version=parser_version(self.spec.parser),
        )

    def _feed(self) -> str:
        asked = f"{self.file.connector} {self.settings.model_dump_json()}"
        return hashlib.sha256(asked.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Config:
    """Everything configured. ``directory`` is where it was read from."""

    directory: Path
    file: DaemonFile
    sources: Mapping[str, SourceConfig]
    obligations: tuple[Obligation, ...]
    named_services: Mapping[str, Service]
    """Services that obligations name; the register's own names come first."""
    cohorts: tuple[Cohort, ...]
    registers: Registers

    @property
    def data_dir(self) -> Path:
        """Folder of our state: as configured, else what systemd names, else ``var`` where we were started."""
        named = self.file.daemon.data_dir or os.environ.get("STATE_DIRECTORY", "").partition(":")[0] or "var"
        return Path(named).expanduser().absolute()

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL with secrets in it: never print it. Raises ConfigError when a secret is absent."""
        url = self.file.database.url
        if url is None:
            return f"sqlite:///{self.data_dir / DATABASE_NAME}"
        return url.reveal() if isinstance(url, SecretRef) else url

    def secrets(self) -> tuple[str, ...]:
        """Return every secret that can be revealed now, for keeping them out of log lines."""
        references = [self.file.database.url, *(one.token for one in self.file.web.operator)]
        for source in self.sources.values():
            references += [secret for _, secret in source.settings.secret_references()]
            if (ours := source.file.client_certificate) is not None:
                references.append(ours.password)
        found = []
        for reference in references:
            if isinstance(reference, SecretRef):
                with suppress(ConfigError):
                    found.append(reference.reveal())
        if found and isinstance(self.file.database.url, SecretRef):
            password = urlsplit(found[0]).password or ""
            found += [password, unquote(password)]
        return tuple(found)

    def operators(self) -> Operators:
        """Return who may decide through the API now; tokens are read afresh, so that a rotated one counts."""
        return read_operators(self.file.web.operator)

    def source(self, source_id: str) -> SourceConfig:
        """Return a source; raises NotFound with the sources there are."""
        if source_id not in self.sources:
            raise unknown_source(source_id, self.sources)
        return self.sources[source_id]

    @property
    def enabled_sources(self) -> tuple[SourceConfig, ...]:
        """The sources that run, sorted by id."""
        return tuple(self.sources[key] for key in sorted(self.sources) if self.sources[key].file.enabled)

    def to_registry(self, on: date) -> Registry:
        """Return everything configured as plain values, with the area register in force on a day."""
        ranks: dict[str, dict[str, int]] = {}
        for source in self.enabled_sources:
            for name, rank in self.file.precedence.field_ranks_of(source.file).items():
                ranks.setdefault(name, {})[source.source_id] = rank
        return Registry(
            areas=self.registers.area_register(on),
            services={**self.named_services, **self.registers.services},
            services_label=self.registers.services_label,
            obligations=self.obligations,
            cohorts=self.cohorts,
            sources={
                s.source_id: s.to_plan(self.registers, on, self.file.precedence)
                for s in self.sources.values()
            },
            field_precedence=ranks,
            cases=self.registers.cases,
            linking=self.file.linking.to_linking(),
            aliases=frozenset(self.file.linking.aliases.items()),
        )


def _resolved(text: str | None, registers: Registers, on: date) -> AreaKey | None:
    return registers.area_register(on).index.resolve(text) if text else None
