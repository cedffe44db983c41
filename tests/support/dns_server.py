"""A name server on loopback that knows what a test tells it, and nothing else."""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

NXDOMAIN, SERVFAIL, SILENCE = 3, 2, -1
_A, _AAAA = 1, 28


class DnsServer(asyncio.DatagramProtocol):
    """Answers A and AAAA questions; ``names`` maps a name to addresses or to a fault. Unknown: NXDOMAIN."""

    def __init__(self, names: Mapping[str, tuple[str, ...] | int]) -> None:
        self._names = names
        self._failing: set[str] = set()
        self.asked: list[str] = []
        self._closed = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()
        await self._closed.wait()

    @property
    def address(self) -> str:
        host, port = self._transport.get_extra_info("sockname")
        return f"{host}:{port}"

    def fail_once(self, name: str) -> None:
        """Answer the next question for this name with an error: a name that changes its mind."""
        self._failing.add(name)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own transports do not inherit from the class that describes them.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        name, end = _read_name(data)
        (kind,) = struct.unpack("!H", data[end : end + 2])
        self.asked.append(name)
        known = self._names.get(name, NXDOMAIN)
        if name in self._failing:
            self._failing.discard(name)
            known = SERVFAIL
        if known == SILENCE:
            return
        addresses = [] if isinstance(known, int) else [ipaddress.ip_address(one) for one in known]
        packed = [one.packed for one in addresses if kind == (_A if one.version == 4 else _AAAA)]
        code = known if isinstance(known, int) else 0
        answers = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(one)) + one for one in packed)
        head = data[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(packed), 0, 0)
        self._transport.sendto(head + data[12 : end + 4] + answers, addr)


def _read_name(data: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while size := data[at]:
        labels.append(data[at + 1 : at + 1 + size].decode())
        at += 1 + size
    return ".".join(labels).lower(), at + 1
