"""The replay server: HTTP/1.1 by hand, because faults need exact bytes.

Serves each recording below ``/<portal>/`` on loopback, answers conditional requests, and changes moods at run
time through ``GET`` and ``PUT /_replay/faults``. Must not know what the answers mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import gzip
import ipaddress
import signal
import socket
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from syncd.errors import ConfigError, NotFound
from syncd.replay.moods import ALL_PORTALS, Answer, Delivery, Mood, mood_named, mood_of_turn, spoil
from syncd.replay.recordings import load_recordings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

CONTROL = "/_replay"
_HEAD_LIMIT = 16 * 1024
_BODY_LIMIT = 64 * 1024
_IDLE_S = 75.0
_JSON = "application/json"
_TOKEN = b'{"access_token":"replayed","token_type":"Bearer","expires_in":3600}'
_INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n" * 100
_FLOOD_PAUSE_S = 0.01
_LINGER_ZERO = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


class ReplayServer:
    """Serves the recordings of a folder; ``port`` 0 takes a free one.

    ``faults`` maps a portal, or ``*`` for all, to a mood. A slow portal sends ``drip_bytes`` every
    ``drip_pause_s``. ``hits`` counts answers by (portal, status); answers without a status count as 0.
    """

    def __init__(
        self,
        directory: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: Mapping[str, Mood | str] | None = None,
        drip_bytes: int = 16,
        drip_pause_s: float = 0.5,
    ) -> None:
        self.recordings = load_recordings(directory)
        self.hits: Counter[tuple[str, int]] = Counter()
        self._host = host
        self._port = port
        self._moods = dict.fromkeys(self.recordings, Mood.NONE)
        self._turns: Counter[str] = Counter()
        self._drip_bytes = drip_bytes
        self._drip_pause_s = drip_pause_s
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.set_faults(faults or {})

    async def __aenter__(self) -> Self:
        """Start listening."""
        self._server = await asyncio.start_server(self._accept, self._host, self._port, limit=_HEAD_LIMIT)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and cut all connections."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    @property
    def port(self) -> int:
        """The port listened on; known once started."""
        return self._port

    @property
    def control_url(self) -> str:
        """Address of the control interface."""
        return f"{self._origin}{CONTROL}/faults"

    @property
    def token_url(self) -> str:
        """Address that gives everybody a token: what it opens is recorded anyway."""
        return f"{self._origin}{CONTROL}/token"

    @property
    def faults(self) -> dict[str, str]:
        """The mood of every portal."""
        return {portal: mood.value for portal, mood in self._moods.items()}

    @property
    def _origin(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def base_url(self, portal: str) -> str:
        """Return a portal's base address; raises NotFound for an unknown one."""
        if portal not in self.recordings:
            raise NotFound(
                f"no recording of a portal '{portal}' ({', '.join(self.recordings)})", where="replay"
            )
        return f"{self._origin}/{portal}"

    def set_faults(self, faults: Mapping[str, Mood | str]) -> None:
        """Change moods; portals not named keep theirs. Raises ConfigError and then changes nothing."""
        moods = dict(self._moods)
        for portal, name in faults.items():
            mood = mood_named(name)
            if portal == ALL_PORTALS:
                moods = dict.fromkeys(moods, mood)
            elif portal in moods:
                moods[portal] = mood
            else:
                message = f"there is no portal '{portal}'; known: {', '.join(moods)}"
                raise ConfigError(message, where="replay faults", fix="Use one of the known names.")
        self._moods = moods
        self._turns.clear()

    # --- connections --------------------------------------------------------------------------------
    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            # A stop cancels this task; asyncio would log that as an error of the connection.
            with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.CancelledError):
                while await self._serve_one(reader, writer):
                    pass
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; returns True when the connection stays open."""
        try:
            request = await _read_request(reader)
        except (ValueError, asyncio.LimitOverrunError):
            await _send(writer, Answer(400, _JSON, b'{"error":"malformed request"}'), head_only=False)
            return False
        portal, answer = self._answer(request, writer)
        silent = answer.delivery in {Delivery.RESET, Delivery.HANG, Delivery.INTERIM}
        self.hits[portal, 0 if silent else answer.status] += 1
        return await self._deliver(writer, answer, head_only=request.method == "HEAD")

    def _answer(self, request: _Request, writer: asyncio.StreamWriter) -> tuple[str, Answer]:
        if request.path.startswith(CONTROL):
            return CONTROL, self._control(request, writer)
        if request.method not in {"GET", "HEAD"}:
            return "", _problem(405, f"{request.method} is not recorded")
        portal, _, rest = request.path.removeprefix("/").partition("/")
        recording = self.recordings.get(portal)
        if recording is None:
            return "", _problem(404, f"no recorded portal '{portal}'")
        route = recording.find(f"/{rest}", request.query)
        if route is None:
            return portal, _problem(404, "not recorded")
        body = _led_here(route.body(), recording.base_url, self.base_url(portal))
        headers = tuple(route.headers.items())
        whole = Answer(200, route.content_type, body, etag=route.etag_of(body), headers=headers)
        mood = mood_of_turn(self._moods[portal], self._turns[portal])
        self._turns[portal] += 1
        answer = spoil(mood, whole, route.empty_file)
        if answer.etag and _matches(request.headers.get("if-none-match", ""), answer.etag):
            return portal, Answer(304, answer.content_type, b"", etag=answer.etag)
        plain = answer.body and answer.status == HTTPStatus.OK and not answer.encoding
        if _takes_gzip(request) and plain and answer.delivery is not Delivery.ENDLESS:
            packed = gzip.compress(answer.body, compresslevel=1, mtime=0)
            answer = replace(answer, body=packed, encoding="gzip")
        return portal, answer

    async def _deliver(self, writer: asyncio.StreamWriter, answer: Answer, *, head_only: bool) -> bool:
        if answer.delivery is Delivery.WHOLE:
            await _send(writer, answer, head_only=head_only)
            return True
        if answer.delivery is Delivery.HANG:
            await asyncio.sleep(3600)
        elif answer.delivery is Delivery.RESET:
            _reset(writer)
        elif answer.delivery in {Delivery.INTERIM, Delivery.ENDLESS}:
            endless = answer.delivery is Delivery.ENDLESS
            writer.write(_head(answer, framed=False) if endless else b"")
            while True:
                writer.write(answer.body if endless else _INTERIM)
                await writer.drain()
                await asyncio.sleep(_FLOOD_PAUSE_S)
        else:
            writer.write(_head(answer))
            half = answer.body[: len(answer.body) // 2]
            if answer.delivery is Delivery.CUT:
                writer.write(half)
                await writer.drain()
            else:
                for start in range(0, len(answer.body), self._drip_bytes):
                    writer.write(answer.body[start : start + self._drip_bytes])
                    await writer.drain()
                    await asyncio.sleep(self._drip_pause_s)
        return False

    # --- control ------------------------------------------------------------------------------------
    def _control(self, request: _Request, writer: asyncio.StreamWriter) -> Answer:
        peer = writer.get_extra_info("peername")
        if not peer or not ipaddress.ip_address(peer[0]).is_loopback:
            return _problem(403, "the control interface answers on loopback only")
        match request.method, request.path.removeprefix(CONTROL):
            case "GET", "/portals":
                answer = Answer(200, _JSON, orjson.dumps(self._portals()))
            case "POST", "/token":
                answer = Answer(200, _JSON, _TOKEN)
            case "PUT", "/faults":
                answer = self._change(request.body)
            case "GET", "/faults":
                answer = Answer(200, _JSON, orjson.dumps(self.faults))
            case _, "/portals" | "/token" | "/faults":
                answer = _problem(405, "use GET or PUT; POST for a token")
            case _:
                answer = _problem(404, "known: /_replay/faults, /_replay/portals, /_replay/token")
        return answer

    def _change(self, body: bytes) -> Answer:
        try:
            self.set_faults(dict(orjson.loads(body)))
        except (ValueError, TypeError):
            return _problem(400, "expected a JSON object of portal names and faults")
        except ConfigError as error:
            return _problem(422, error.message)
        return Answer(200, _JSON, orjson.dumps(self.faults))

    def _portals(self) -> list[dict[str, object]]:
        return [
            {
                "portal": portal,
                "title": recording.title,
                "credit": recording.credit,
                "recorded_on": recording.recorded_on,
                "synthetic": recording.synthetic,
                "base_url": self.base_url(portal),
                "fault": self._moods[portal].value,
            }
            for portal, recording in self.recordings.items()
        ]


async def _read_request(reader: asyncio.StreamReader) -> _Request:
    async with asyncio.timeout(_IDLE_S):
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _version = lines[0].split(" ")
        headers = {}
        for line in filter(None, lines[1:]):
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        size = int(headers.get("content-length", "0"))
        if not 0 <= size <= _BODY_LIMIT:
            raise ValueError("body too large")
        body = await reader.readexactly(size)
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return _Request(method, unquote(parts.path), query, headers, body)


def _head(answer: Answer, *, framed: bool = True) -> bytes:
    phrase = HTTPStatus(answer.status).phrase
    lines = [f"HTTP/1.1 {answer.status} {phrase}", "Server: syncd-replay"]
    if answer.status != HTTPStatus.NOT_MODIFIED:
        lines.append(f"Content-Type: {answer.content_type}")
        if framed:
            lines.append(f"Content-Length: {len(answer.body)}")
    if answer.clock_off_s:
        lines.append(f"Date: {email.utils.formatdate(time.time() + answer.clock_off_s, usegmt=True)}")
    if answer.etag:
        lines.append(f'ETag: "{answer.etag}"')
    if answer.encoding:
        lines.append(f"Content-Encoding: {answer.encoding}")
    if answer.location:
        lines.append(f"Location: {answer.location}")
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines += ["Vary: Accept-Encoding", "", ""]
    return "\r\n".join(lines).encode("latin-1")


async def _send(writer: asyncio.StreamWriter, answer: Answer, *, head_only: bool) -> None:
    writer.write(_head(answer))
    if not head_only:
        writer.write(answer.body)
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close without a farewell: the client sees a reset connection."""
    raw: socket.socket | None = writer.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    writer.transport.abort()


def _led_here(body: bytes, recorded: str, own: str) -> bytes:
    """Return the answer with the recorded address replaced by our own, so that next links stay here."""
    if not recorded:
        return body
    body = body.replace(recorded.encode(), own.encode())
    return body.replace(recorded.replace("/", "\\/").encode(), own.replace("/", "\\/").encode())


def _problem(status: int, message: str) -> Answer:
    return Answer(status, _JSON, orjson.dumps({"error": message}))


def _bare(etag: str) -> str:
    return etag.strip().removeprefix("W/").strip('"')


def _matches(header: str, etag: str) -> bool:
    return any(_bare(one) in {_bare(etag), "*"} for one in header.split(",") if one.strip())


def _takes_gzip(request: _Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


async def serve(server: ReplayServer, announce: Callable[[str], None]) -> None:
    """Run a server until SIGINT or SIGTERM, announcing the addresses."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with server:
        for portal, recording in server.recordings.items():
            kind = "synthetic" if recording.synthetic else f"recorded {recording.recorded_on}".strip()
            announce(f"{server.base_url(portal)}  {recording.title} ({kind}), fault: {server.faults[portal]}")
        announce(f"{server.control_url}  GET and PUT: change faults while running")
        await stop.wait()


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main_replay(
    directory: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    faults: Mapping[str, Mood | str] | None = None,
    announce: Callable[[str], None] = _print,
) -> int:
    """Serve recordings until interrupted and return the exit code; raises ConfigError before it starts."""
    asyncio.run(serve(ReplayServer(directory, host=host, port=port, faults=faults), announce))
    return 0
