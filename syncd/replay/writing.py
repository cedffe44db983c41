"""Writing a recording: the counterpart of :mod:`syncd.replay.recordings`.

A recording travels, so nothing goes in that must not: the writer is told the secrets and refuses an answer or
an address that holds one. Must not know how answers were fetched.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import quote

from syncd.errors import ConfigError
from syncd.replay.recordings import DESCRIPTION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SHORTEST_SECRET = 4
"""Shorter ones would be found everywhere by chance."""


@dataclass(slots=True)
class RecordingWriter:
    """Collects the answers of one portal in ``folder`` and describes them at the end.

    ``base_url`` is the live address, ``secrets`` what must not be in any answer. Texts go into TOML as JSON
    strings, which TOML reads alike.
    """

    folder: Path
    title: str
    base_url: str
    secrets: Sequence[str] = ()
    recorded_on: date | None = None
    credit: str = ""
    _routes: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def add(
        self,
        path: str,
        query: Mapping[str, str],
        body: bytes,
        *,
        content_type: str,
        etag: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bool:
        """Keep one answer; False when that address was kept before. Raises ConfigError for a secret."""
        address = json.dumps([path, sorted(query.items())])
        if address in self._seen:
            return False
        self._seen.add(address)
        self._refuse_secrets(address.encode(), f"the address {path}")
        self._refuse_secrets(body, f"the answer of {path}")
        self._refuse_secrets(json.dumps(dict(headers or {})).encode(), f"a header of {path}")
        name = f"answer-{len(self._routes) + 1:05d}.gz"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(gzip.compress(body, mtime=0))
        lines = ["[[route]]", f"path = {_text(path)}", f"query = {_table(query)}", f"file = {_text(name)}"]
        lines.append(f"content_type = {_text(content_type or 'application/octet-stream')}")
        if etag:
            lines.append(f"etag = {_text(etag.removeprefix('W/').strip(chr(34)))}")
        if headers:
            lines.append(f"headers = {_table(headers)}")
        self._routes.append("\n".join(lines))
        return True

    def close(self) -> Path:
        """Write the description and return its path; only then the folder is a recording."""
        head = [f"title = {_text(self.title)}", f"credit = {_text(self.credit)}"]
        head.append(f"recorded_on = {(self.recorded_on or date.min).isoformat()}")
        head += ["synthetic = false", f"base_url = {_text(self.base_url)}", ""]
        path = self.folder / DESCRIPTION
        path.write_text("\n".join(head) + "\n" + "\n\n".join(self._routes) + "\n", encoding="utf-8")
        return path

    def _refuse_secrets(self, content: bytes, what: str) -> None:
        for secret in self.secrets:
            forms = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
            if len(secret) >= _SHORTEST_SECRET and any(form.encode() in content for form in forms):
                raise ConfigError(
                    f"{what} holds a configured secret; nothing of this recording may be kept",
                    where=str(self.folder.name),
                    code="secret_in_recording",
                    fix="Ask the portal's operator why it sends the key back, and renew the key.",
                )


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _table(values: Mapping[str, str]) -> str:
    inside = ", ".join(f"{_text(name)} = {_text(value)}" for name, value in sorted(values.items()))
    return f"{{ {inside} }}" if inside else "{}"
