"""Finding connectors by their entry points, so that a third party ships one without touching us."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from syncd.errors import ConfigError
from syncd.sdk import SDK_VERSION
from syncd.sdk.connector import ConnectorSpec

GROUP = "syncd.connectors"


@cache
def connector_names() -> frozenset[str]:
    """Return the names of all installed connectors without importing any."""
    return frozenset(point.name for point in entry_points(group=GROUP))


@cache
def load_connector(name: str) -> ConnectorSpec:
    """Return one connector's specification; raises ConfigError when it cannot be used.

    Only a connector that is configured is imported: a broken one nobody uses harms nobody.
    """
    points = [point for point in entry_points(group=GROUP) if point.name == name]
    if not points:
        known = ", ".join(sorted(connector_names())) or "none; install syncd itself (./dev shell)"
        raise ConfigError(f"connector {name!r} is not installed", fix=f"Installed are: {known}.")
    if len({point.value for point in points}) > 1:
        values = ", ".join(sorted(point.value for point in points))
        raise ConfigError(f"several packages offer a connector {name!r}: {values}", fix="Remove all but one.")
    try:
        spec = points[0].load()
    except Exception as error:
        # Foreign code: whatever it raises on import must not take the other sources down.
        raise ConfigError(
            f"connector {name!r} cannot be loaded: {type(error).__name__}: {error}",
            fix="Reinstall the package that offers it.",
        ) from error
    if not isinstance(spec, ConnectorSpec):
        raise ConfigError(f"entry point {points[0].value} of connector {name!r} is not a ConnectorSpec")
    if spec.sdk_version != SDK_VERSION:
        raise ConfigError(
            f"connector {name!r} was made for SDK version {spec.sdk_version}, this is {SDK_VERSION}",
            fix="Install a version of the connector made for this syncd.",
        )
    return spec


def load_connectors() -> Mapping[str, ConnectorSpec]:
    """Return all installed connectors by name; raises ConfigError when one cannot be used."""
    return {name: load_connector(name) for name in sorted(connector_names())}


def parser_version(parser: str) -> str:
    """Return a digest of the source files beside a parser module, which is not imported for it.

    A connector that was changed or upgraded reads known bytes again; without this, records stored by the old
    parser would stay as they are until the portal touches them. Empty when there are no files to look at.
    """
    package = parser.rpartition(".")[0]
    with suppress(ImportError, ValueError):
        spec = find_spec(package)
        digest = hashlib.sha256()
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(folder).glob("*.py")):
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()[:12] if spec else ""
    return ""
