"""Names and addresses: what a name server can do to us, and what it cannot."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from syncd.errors import SourceFormatError, SourceUnavailable, SyncdError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from tests.support.asking import CSV, LIMITS, TYPE, get
from tests.support.dns_server import NXDOMAIN, SERVFAIL, SILENCE, DnsServer
from tests.support.fault_server import FaultServer, response

NAMES: dict[str, tuple[str, ...] | int] = {
    "portal.test": ("127.0.0.1",),
    "rebound.test": ("127.0.0.1", "::1", "10.0.0.1"),
    "metadata.test": ("169.254.169.254",),
    "gone.test": NXDOMAIN,
    "broken.test": SERVFAIL,
    "silent.test": SILENCE,
}


async def error_of(
    url: str, target: Path, *, allow_private: bool = False, limits: FetchLimits = LIMITS
) -> SyncdError:
    async with (
        DnsServer(NAMES) as names,
        HttpFetcher(limits, nameservers=[names.address]) as fetcher,
    ):
        with pytest.raises(SyncdError) as caught:
            await get(fetcher, url, target, allow_private=allow_private)
    return caught.value


async def test_a_name_leads_to_its_portal(tmp_path: Path) -> None:
    async with (
        DnsServer(NAMES) as names,
        HttpFetcher(LIMITS, nameservers=[names.address]) as fetcher,
        FaultServer(response(CSV, TYPE)) as server,
    ):
        answer = await get(fetcher, f"http://portal.test:{server.port}/data", tmp_path)
        assert answer.size == len(CSV)
        assert "portal.test" in names.asked
        assert fetcher.degraded == ""


@pytest.mark.fault("N5", "T13")
@pytest.mark.parametrize("host", ["rebound.test", "portal.test", "metadata.test"])
async def test_a_name_that_leads_inside_is_not_followed(tmp_path: Path, host: str) -> None:
    async with FaultServer(response(CSV, TYPE)) as server:
        error = await error_of(f"http://{host}:{server.port}/data", tmp_path)
        assert server.requests == []
    assert isinstance(error, SourceFormatError)
    assert error.code == "address_refused"
    assert "allow_private" in error.fix


@pytest.mark.fault("T13")
async def test_cloud_metadata_is_never_asked(tmp_path: Path) -> None:
    error = await error_of("http://metadata.test/latest", tmp_path, allow_private=True)
    assert error.code == "address_refused"


@pytest.mark.fault("T13")
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0x7f.1",
        "2130706433",
        "0",
        "[::ffff:127.0.0.1]",
        "127.1",
        "017700000001",
    ],
)
async def test_no_spelling_of_loopback_gets_through(tmp_path: Path, host: str) -> None:
    async with FaultServer(response(CSV, TYPE)) as server:
        error = await error_of(f"http://{host}:{server.port}/data", tmp_path)
        assert server.requests == []
    assert error.code in {"address_refused", "dns_unknown_host", "dns_failure", "bad_url"}
    if host in {"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"}:
        assert error.code == "address_refused"


@pytest.mark.fault("N3")
@pytest.mark.parametrize(
    ("host", "code"), [("gone.test", "dns_unknown_host"), ("broken.test", "dns_failure")]
)
async def test_a_missing_name_is_told_from_a_broken_name_server(tmp_path: Path, host: str, code: str) -> None:
    error = await error_of(f"http://{host}/", tmp_path, limits=FetchLimits(attempts=1))
    assert isinstance(error, SourceUnavailable)
    assert error.code == code


@pytest.mark.fault("N4")
async def test_a_silent_name_server_delays_nobody_else(tmp_path: Path) -> None:
    async with (
        DnsServer(NAMES) as names,
        HttpFetcher(FetchLimits(headers_s=2, attempts=1), nameservers=[names.address]) as fetcher,
        FaultServer(response(CSV, TYPE)) as server,
    ):
        folders = [tmp_path / str(number) for number in range(20)]
        for folder in folders:
            folder.mkdir()
        stuck = [
            asyncio.create_task(get(fetcher, f"http://silent.test:{1000 + number}/", folder))
            for number, folder in enumerate(folders)
        ]
        await asyncio.sleep(0)
        healthy = await get(fetcher, f"http://portal.test:{server.port}/data", tmp_path)
        assert healthy.size == len(CSV)
        assert not any(task.done() for task in stuck)
        for outcome in await asyncio.gather(*stuck, return_exceptions=True):
            assert isinstance(outcome, SourceUnavailable)
            assert outcome.code in {"dns_failure", "timeout_headers"}
