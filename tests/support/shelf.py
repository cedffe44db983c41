"""Files behind real HTTP on loopback, with validators; a test changes them while it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.support.loopback import served_in_thread


@dataclass
class Shelf:
    """``files`` maps a path to its body, or to a status that is answered in its place."""

    files: dict[str, bytes | int] = field(default_factory=dict)
    requests: list[tuple[str, int]] = field(default_factory=list)
    """Path and status of each answer."""
    base_url: str = ""

    def asked(self) -> list[tuple[str, int]]:
        """Return the answers since the last call."""
        asked = list(self.requests)
        self.requests.clear()
        return asked

    def answer(self, path: str, known: str | None) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        file = self.files.get(path, 404)
        if isinstance(file, int):
            return file, {"Content-Type": "text/plain"}, b"no"
        etag = f'"{hashlib.sha256(file).hexdigest()[:16]}"'
        if known == etag:
            return 304, {"ETag": etag}, b""
        kind = "application/xml" if path.endswith(".xml") else "text/plain"
        return 200, {"Content-Type": kind, "ETag": etag}, file


@contextmanager
def serving(shelf: Shelf) -> Iterator[Shelf]:
    """Serve on a free port of 127.0.0.1 while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = shelf.answer(self.path, self.headers.get("If-None-Match"))
            shelf.requests.append((self.path, status))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with served_in_thread(Handler) as address:
        shelf.base_url = address
        yield shelf
