"""The address guard judges what a name really leads to."""

from __future__ import annotations

import socket

import pytest

from syncd.fetching.addresses import (
    RefusedAddressError,
    guarded_socket_factory,
    is_allowed,
    refused_addresses,
)

PUBLIC = ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "fd00::1",
    "2002:7f00:1::",
    "::ffff:127.0.0.1",
]
NEVER = [
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "0.0.0.0",  # noqa: S104 - an address to refuse, not to bind
    "::",
    "224.0.0.1",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
    "100.64.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "not an address",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address, allow_private=False)
    assert is_allowed(address, allow_private=True)


@pytest.mark.fault("T13", "N5")
@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_need_permission(address: str) -> None:
    assert not is_allowed(address, allow_private=False)
    assert is_allowed(address, allow_private=True)


@pytest.mark.fault("T13")
@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_allowed(address: str) -> None:
    assert not is_allowed(address, allow_private=False)
    assert not is_allowed(address, allow_private=True)


@pytest.mark.fault("N5")
def test_the_factory_notes_what_it_refuses() -> None:
    noted: list[str] = []
    token = refused_addresses.set(noted)
    try:
        with pytest.raises(RefusedAddressError):
            guarded_socket_factory(allow_private=False)(
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))
            )
    finally:
        refused_addresses.reset(token)
    assert noted == ["127.0.0.1"]


def test_the_factory_opens_allowed_sockets() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))
    with guarded_socket_factory(allow_private=True)(info) as opened:
        assert opened.family is socket.AF_INET
