"""Sixty ways to spell an inner address × four ways to lead us there: nobody ever connects (bar B9).

Counted are connections at listeners on this machine, for every spelling that can reach it; addresses of other
machines are counted as sockets, which the guard must not even open.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from syncd.errors import SyncdError
from syncd.fetching import addresses
from syncd.fetching.alarms import names_inside
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from tests.support.asking import CSV, TYPE
from tests.support.dns_server import DnsServer
from tests.support.fault_server import FaultServer, response

# Every address of this machine may be reached, so that only the product's own guard can be what stops us.
pytestmark = pytest.mark.allow_hosts(
    ["127.0.0.0/8", "0.0.0.0/32", "::1/128", "::ffff:127.0.0.0/104", "::/128"]
)
LIMITS = FetchLimits(connect_s=1, headers_s=3, attempts=1)
LOOPBACK = (
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0x7f000001",
    "0X7F000001",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "0000177.0.0.1",
    "127.0.0.1.",
    "127.0.0.0x1",
    "0",
    "0.0.0.0",  # noqa: S104 - never bound to
    "0x0",
    "00000000000",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:0:0:0:0:80ff:fffe]",
    "\uff11\uff12\uff17.0.0.1",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "ⓛocalhost",
    "%31%32%37.0.0.1",
    "127.0.0.1%00",
    "127.0.0.1%2f.example.org",
)
ELSEWHERE = (
    "169.254.169.254",
    "169.254.170.2",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fc00::1]",
    "[ff02::1]",
    "[fec0::1]",
    "10.0.0.1",
    "10.1",
    "0x0a000001",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "192.168.257",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[2001:db8::1]",
    "[100::1]",
)
SPELLINGS = LOOPBACK + ELSEWHERE
SECRET = {"Authorization": "Bearer hush", "X-Api-Key": "hush"}


def test_there_are_enough_spellings() -> None:
    assert len(set(SPELLINGS)) >= 60


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the addresses for which the guard gave a socket away."""
    given: list[str] = []
    real = addresses.is_allowed

    def watched(address: str, *, allow_private: bool) -> bool:
        allowed = real(address, allow_private=allow_private)
        if allowed and not allow_private:
            given.append(address)
        return allowed

    monkeypatch.setattr(addresses, "is_allowed", watched)
    return given


@pytest.fixture
async def inside() -> AsyncIterator[list[FaultServer]]:
    """Listen on this machine in both families, on the same port."""
    async with FaultServer(response(CSV, TYPE), host="0.0.0.0") as four:  # noqa: S104 - 0 must be reachable
        with socket.socket(socket.AF_INET6) as probe:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("::", four.port))
        async with FaultServer(response(CSV, TYPE), host="::", port=four.port) as six:
            yield [four, six]


def session_of(fetcher: HttpFetcher, base_url: str, folder: Path, *, private: bool) -> SourceSession:
    return SourceSession(
        source_id="city",
        fetcher=fetcher,
        base_url=base_url,
        headers=SECRET,
        rundir=folder / "run",
        raw_root=folder / "raw",
        allow_private=private,
    )


@pytest.mark.fault("T13")
async def test_no_spelling_in_the_configuration_connects(
    inside: list[FaultServer], opened: list[str], tmp_path: Path
) -> None:
    async with HttpFetcher(LIMITS) as fetcher:
        for spelling in SPELLINGS:
            url = f"http://{spelling}:{inside[0].port}/data"
            with pytest.raises(SyncdError) as caught:
                await session_of(fetcher, url, tmp_path, private=False).fetch("list", name="list")
            assert caught.value.code in {
                "address_refused",
                "bad_url",
                "dns_failure",
                "dns_unknown_host",
            }, spelling
    assert [server.accepted for server in inside] == [0, 0]
    assert opened == []


@pytest.mark.fault("T12", "T13")
async def test_no_spelling_in_a_redirect_connects_or_gets_a_key(
    inside: list[FaultServer], tmp_path: Path
) -> None:
    async with HttpFetcher(LIMITS) as fetcher:
        for spelling in SPELLINGS:
            for target in (f"http://{spelling}:{inside[0].port}/x", f"//{spelling}:{inside[0].port}/x"):
                moved = response(b"", f"Location: {target}".encode().decode("latin-1"), status="302 Found")
                async with FaultServer(moved) as portal:
                    session = session_of(fetcher, portal.url(""), tmp_path, private=True)
                    with pytest.raises(SyncdError) as caught:
                        await session.fetch("list", name="list")
                    assert caught.value.code in {"redirect_refused", "malformed_http"}, spelling
                    assert len(portal.requests) == 1
    assert [server.accepted for server in inside] == [0, 0]


@pytest.mark.fault("T12", "T13")
async def test_no_spelling_in_a_next_link_connects_or_gets_a_key(
    inside: list[FaultServer], tmp_path: Path
) -> None:
    async with HttpFetcher(LIMITS) as fetcher, FaultServer(response(CSV, TYPE)) as portal:
        session = session_of(fetcher, portal.url(""), tmp_path, private=True)
        for number, spelling in enumerate(SPELLINGS):
            for prefix in ("http:", "", "HTTP:"):
                link = f"{prefix}//{spelling}:{inside[0].port}/next"
                with pytest.raises(SyncdError) as caught:
                    await session.fetch(link, name=f"{number} {prefix}")
                assert caught.value.code in {"foreign_url", "bad_url"}, link
    assert [server.accepted for server in inside] == [0, 0]
    assert portal.accepted == 0


def addresses_of(spellings: tuple[str, ...]) -> Iterator[str]:
    """Give what a name server can put into an answer: the spellings that are plain addresses."""
    for spelling in spellings:
        try:
            address = ipaddress.ip_address(spelling.strip("[]"))
        except ValueError:
            continue
        if "%" not in str(address):
            yield str(address)


@pytest.mark.fault("N5")
async def test_a_name_that_changes_its_mind_leads_nowhere(
    inside: list[FaultServer], opened: list[str], tmp_path: Path
) -> None:
    bad = sorted(set(addresses_of(SPELLINGS)))
    assert len(bad) >= 35
    # Whoever looks the name up beforehand sees nothing wrong: only the connection itself can know.
    names: dict[str, tuple[str, ...] | int] = {f"n{n}.test": (one,) for n, one in enumerate(bad)}
    async with (
        DnsServer(names) as server,
        HttpFetcher(LIMITS, nameservers=[server.address]) as fetcher,
    ):
        for number, address in enumerate(bad):
            server.fail_once(f"n{number}.test")
            session = session_of(
                fetcher, f"http://n{number}.test:{inside[0].port}", tmp_path / str(number), private=False
            )
            with pytest.raises(SyncdError):
                await session.fetch("list", name="first")
            with pytest.raises(SyncdError) as caught:
                await session.fetch("list", name="second")
            assert caught.value.code == "address_refused", address
        assert fetcher.alarm.count >= len(bad)
    assert [server.accepted for server in inside] == [0, 0]
    assert not set(opened) & set(bad)


@pytest.mark.fault("N5", "T13")
async def test_each_refusal_is_an_alarm_that_names_the_way(inside: list[FaultServer], tmp_path: Path) -> None:
    target = f"http://127.0.0.1:{inside[0].port}/x?token=hush"
    async with HttpFetcher(LIMITS) as fetcher:
        with structlog.testing.capture_logs() as logs:
            moved = response(b"", f"Location: {target}", status="302 Found")
            async with FaultServer(moved) as portal:
                session = session_of(fetcher, portal.url(""), tmp_path, private=True)
                for name, link in (("redirected", "list"), ("linked", target)):
                    with pytest.raises(SyncdError):
                        await session.fetch(link, name=name)
            outside = session_of(fetcher, target, tmp_path, private=False)
            with pytest.raises(SyncdError):
                await outside.fetch("list", name="list")
    alarms = [entry for entry in logs if entry["event"] == "address_refused"]
    assert [entry["log_level"] for entry in alarms] == ["error"] * 3
    assert [entry["how"].split(":")[0] for entry in alarms] == ["redirect", "link", "http"]
    assert fetcher.alarm.count == 3
    assert "hush" not in str(logs)


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "2130706433", "localhost", "a.localhost", "[::1]"])
def test_an_inner_address_is_known_by_its_spelling(host: str) -> None:
    assert names_inside(host)


@pytest.mark.parametrize("host", ["www.example.org", "8.8.8.8", "[2606:4700::1111]", "local.host", "7"])
def test_other_hosts_raise_no_alarm(host: str) -> None:
    assert names_inside(host) is (host == "7")
