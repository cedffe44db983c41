"""What keeps each source from being read: for ``syncd check``, also of sources that are still disabled.

Why: a source file is laid out long before its key arrives. What is missing there is no problem of the
configuration, so the daemon starts and ``check`` stays content, but whoever fills the file in has to be told.
Must not know how sources are fetched.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from syncd.errors import ConfigError
from syncd.settings.config import Config, SourceConfig
from syncd.settings.load import SOURCES
from syncd.settings.toml_files import line_of

_PLACEHOLDERS = (".invalid", ".example", ".test", ".localhost")
"""Names that never lead anywhere. Source: RFC 2606."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; ``key`` is dotted as in the file, ``line`` counts from 1 and is 0 where unknown."""

    key: str
    message: str
    fix: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Readiness:
    """How far one source is. ``ready``: nothing but ``enabled`` keeps it from being read."""

    source_id: str
    file: str
    connector: str
    enabled: bool
    ready: bool
    verified_live: bool
    steps: tuple[Step, ...]


def readiness(config: Config, on: date) -> tuple[Readiness, ...]:
    """Return how far each source is on a day, by id."""
    return tuple(_readiness(config, key, on) for key in sorted(config.sources))


def _readiness(config: Config, key: str, on: date) -> Readiness:
    source, file = config.sources[key], f"{SOURCES}/{key}.toml"
    steps = list(_to_do(source, on))
    ready = not steps
    verified = source.spec.verified_live
    if not verified:
        steps.append(
            Step(
                "connector",
                f"{source.spec.name} was never compared with a running portal",
                f"look at what 'syncd preview {key}' shows before you rely on it",
            )
        )
    if not source.file.enabled:
        fix = "set it to true" if ready else "set it to true when the above is done"
        steps.append(Step("enabled", "the source is disabled", fix))
    text = (config.directory / file).read_text(encoding="utf-8")
    placed = tuple(Step(one.key, one.message, one.fix, line_of(text, one.key)) for one in steps)
    return Readiness(
        source_id=key,
        file=file,
        connector=source.spec.name,
        enabled=source.file.enabled,
        ready=ready,
        verified_live=verified,
        steps=placed,
    )


def _to_do(source: SourceConfig, on: date) -> Iterator[Step]:
    host = (urlsplit(source.settings.base_url).hostname or "").casefold()
    if host.endswith(_PLACEHOLDERS) or f".{host}".endswith((".example.org", ".example.com", ".example.net")):
        yield Step("settings.base_url", f"{host} is a placeholder", "write the portal's address")
    for key, secret in source.settings.secret_references():
        try:
            secret.reveal()
        except ConfigError as error:
            yield Step(f"settings.{key}", error.message, error.fix)
    if (table := source.file.client_certificate) is not None:
        try:
            table.to_certificate().load_into(ssl.create_default_context())
        except ConfigError as error:
            yield Step("client_certificate", error.message, error.fix)
    for missing in source.settings.still_missing(on):
        yield Step(missing.key, missing.message, missing.fix)
