"""Recordings: a folder per portal with ``recording.toml`` and the answers it names.

A recording says where it comes from and whether it is real; every answer is a file, compressed or not. Must
not know sockets or faults.
"""

from __future__ import annotations

import gzip
import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

DESCRIPTION = "recording.toml"
_KEYS = frozenset({"title", "credit", "recorded_on", "synthetic", "empty_file", "note", "base_url", "route"})
_ROUTE_KEYS = frozenset({"path", "query", "file", "content_type", "etag", "empty_file", "headers"})


@dataclass(frozen=True, slots=True)
class Route:
    """One recorded answer. ``path`` starts with a slash; ``query`` None means that any query will do.

    ``etag`` is the value without quotes; without one in the recording it is derived from the body.
    ``empty_file`` is what the portal answers here when it has nothing to say. ``headers`` go with the answer.
    """

    path: str
    file: Path
    content_type: str
    query: Mapping[str, str] | None = None
    etag: str | None = None
    empty_file: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """Return the decoded body."""
        return read_body(self.file)

    def etag_of(self, body: bytes) -> str:
        """Return the recorded ETag, or one that identifies the body."""
        return self.etag or hashlib.sha256(body).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Recording:
    """One portal; ``portal`` is the name of its folder.

    ``base_url`` is the address it was recorded at: where answers name it, they lead to the replay instead.
    """

    portal: str
    title: str
    routes: tuple[Route, ...]
    credit: str = ""
    recorded_on: str = ""
    synthetic: bool = False
    base_url: str = ""

    def find(self, path: str, query: Mapping[str, str]) -> Route | None:
        """Return the route for a request; one that names its query wins over one that takes any."""
        matching = [route for route in self.routes if route.path == path]
        exact = [route for route in matching if route.query is not None and dict(route.query) == dict(query)]
        return next(iter(exact), None) or next((route for route in matching if route.query is None), None)


def read_body(file: Path) -> bytes:
    """Return the content of a recorded file, unpacked if it is stored compressed (``.gz``)."""
    data = file.read_bytes()
    return gzip.decompress(data) if file.suffix == ".gz" else data


def load_recordings(directory: Path) -> dict[str, Recording]:
    """Return all recordings below a folder by portal name; raises ConfigError naming file and key."""
    if not directory.is_dir():
        raise ConfigError("there is no such folder of recordings", where=str(directory))
    found = {
        path.parent.name: _load(path)
        for path in sorted(directory.glob(f"*/{DESCRIPTION}"))
        if not path.parent.name.startswith("_")
    }
    if not found:
        raise ConfigError(f"no portal folder with a {DESCRIPTION} is in there", where=str(directory))
    return found


def _load(path: Path) -> Recording:
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"not readable as TOML ({error})", where=str(path)) from error
    _refuse_unknown(body, _KEYS, path, "")
    folder = path.parent
    default = {"empty_file": body["empty_file"]} if "empty_file" in body else {}
    return Recording(
        portal=folder.name,
        title=str(body.get("title", folder.name)),
        routes=tuple(
            _route({**default, **entry}, path, number)
            for number, entry in enumerate(body.get("route", []), 1)
        ),
        credit=str(body.get("credit", "")),
        recorded_on=str(body.get("recorded_on", "")),
        synthetic=bool(body.get("synthetic", False)),
        base_url=str(body.get("base_url", "")),
    )


def _route(entry: Mapping[str, Any], path: Path, number: int) -> Route:
    place = f"route {number}"
    _refuse_unknown(entry, _ROUTE_KEYS, path, place)
    for key in ("path", "file"):
        if not isinstance(entry.get(key), str):
            raise ConfigError(f"{place}: '{key}' is missing or no text", where=str(path))
    if not entry["path"].startswith("/"):
        raise ConfigError(f"{place}: 'path' must start with a slash", where=str(path))
    query = entry.get("query")
    if query is not None and not isinstance(query, dict):
        raise ConfigError(f"{place}: 'query' must be a table", where=str(path))
    headers = entry.get("headers", {})
    if not isinstance(headers, dict):
        raise ConfigError(f"{place}: 'headers' must be a table", where=str(path))
    return Route(
        path=entry["path"],
        file=_existing(path.parent, entry["file"], path, f"{place}: file"),
        content_type=str(entry.get("content_type", "application/octet-stream")),
        query=None if query is None else {name: str(value) for name, value in query.items()},
        etag=str(entry["etag"]).strip('"') if "etag" in entry else None,
        empty_file=_existing(path.parent, entry["empty_file"], path, f"{place}: empty_file")
        if "empty_file" in entry
        else None,
        headers={name: str(value) for name, value in headers.items()},
    )


def _refuse_unknown(body: Mapping[str, Any], known: frozenset[str], path: Path, place: str) -> None:
    unknown = sorted(set(body) - known)
    if unknown:
        prefix = f"{place}: " if place else ""
        message = f"{prefix}unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        raise ConfigError(message, where=str(path))


def _existing(folder: Path, name: str, path: Path, key: str) -> Path:
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()) or not file.is_file():
        raise ConfigError(f"{key}: '{name}' is not a file of this recording", where=str(path))
    return file
