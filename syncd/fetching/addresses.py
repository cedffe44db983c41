"""The address guard: which network addresses a portal's name may lead to.

It works where the socket is made, on the resolved address, because names can be spelled in many ways and a
name server can change its answer between a check and the connection (fault study §0.7). It does not see
targets behind an outbound proxy. Must not know HTTP.

Source of the rules: IANA special-purpose address registries, as Python's ``ipaddress`` knows them.
"""

from __future__ import annotations

import ipaddress
import socket
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohappyeyeballs import AddrInfoType

    AnyAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# All that IANA has given out as global unicast; Python calls the old site-local range (fec0::/10) global.
_GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

refused_addresses: ContextVar[list[str] | None] = ContextVar("syncd_refused_addresses", default=None)
"""Where the guard notes what it refused; the request sets a list and reads it after a failure."""


class RefusedAddressError(OSError):
    """The guard refused to open a socket to this address."""


def is_allowed(address: str, *, allow_private: bool) -> bool:
    """Tell whether a connection to this literal address may be opened.

    Public addresses always; loopback and private ones only with ``allow_private``; link-local (cloud metadata
    services live there), multicast, unspecified and reserved ones never. Addresses that wrap an IPv4 address
    (mapped, NAT64, 6to4, Teredo) are judged by what they wrap, too.
    """
    try:
        parsed = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    return all(_is_allowed(one, allow_private=allow_private) for one in _unwrapped(parsed))


def _is_allowed(address: AnyAddress, *, allow_private: bool) -> bool:
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    if address.is_loopback:
        return allow_private
    if address.is_reserved:
        return False
    if address.version == 6 and address not in _GLOBAL_IPV6:  # noqa: PLR2004 - known by its number
        return allow_private and address.is_private
    return address.is_global or (allow_private and address.is_private)


def _unwrapped(address: AnyAddress) -> list[AnyAddress]:
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)]
    inner: list[AnyAddress] = [address]
    if address.sixtofour is not None:
        inner.append(address.sixtofour)
    if address.teredo is not None:
        inner.extend(address.teredo)
    return inner


def guarded_socket_factory(*, allow_private: bool) -> Callable[[AddrInfoType], socket.socket]:
    """Return a socket factory for aiohttp's connector that refuses all other addresses."""

    def open_socket(info: AddrInfoType) -> socket.socket:
        family, kind, proto, _name, sockaddr = info
        address = str(sockaddr[0])
        if not is_allowed(address, allow_private=allow_private):
            noted = refused_addresses.get()
            if noted is not None:
                noted.append(address)
            raise RefusedAddressError(f"address {address} is not public")
        return socket.socket(family=family, type=kind, proto=proto)

    return open_socket
