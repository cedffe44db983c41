"""A server on loopback that sends exactly the bytes a test scripts, however wrong they are."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

Script = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


def response(
    body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None, framed: bool = True
) -> bytes:
    """Bytes of one answer; ``length`` lies about the body, ``framed`` False leaves the length out."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if framed:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def reset(writer: asyncio.StreamWriter) -> None:
    """Close without a farewell: the other side sees a reset connection."""
    raw: socket.socket | None = writer.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class FaultServer:
    """Answers each request by the next script of a list (the last one repeats), one request per connection.

    A script is bytes to send, or a coroutine function of (request head, writer). ``requests`` keeps the
    heads, ``accepted`` counts connections, ``busiest`` is the largest number of them at a time. ``host`` is
    an address of this machine, ``tls`` the server's side of HTTPS.
    """

    def __init__(
        self,
        *scripts: bytes | Script,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[str] = []
        self.accepted = 0
        self.busiest = 0
        self._address = (host, port)
        self._tls = tls
        self._scripts: Sequence[bytes | Script] = scripts
        self._open = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._handle, *self._address, ssl=self._tls, backlog=1_024)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def url(self, path: str = "/data", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._open += 1
        self.accepted += 1
        self.busiest = max(self.busiest, self._open)
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                script = self._scripts[min(len(self.requests), len(self._scripts) - 1)]
                self.requests.append(head)
                if isinstance(script, bytes):
                    writer.write(script)
                    await writer.drain()
                else:
                    await script(head, writer)
        finally:
            self._open -= 1
            writer.close()
