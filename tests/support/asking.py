"""Asking a scripted server through the guarded client, with limits short enough for tests."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from syncd.errors import SyncdError
from syncd.fetching.client import FetchAnswer, FetchRequest, HttpFetcher
from syncd.fetching.limits import FetchLimits
from tests.support.fault_server import FaultServer, Script

CSV = b"Leistung;Gebiet\n" + b"99001001000000;064140000000\n" * 200
TYPE = 'Content-Type: text/csv; charset="utf-8"'
# Short, so that tests are; none of them depends on being met exactly.
LIMITS = FetchLimits(
    connect_s=2,
    headers_s=1.5,
    read_gap_s=1.5,
    total_s=20,
    rate_grace_s=0.5,
    retry_wait_s=0.01,
    wire_bytes=1_000_000,
    decoded_bytes=4_000_000,
)


async def get(
    fetcher: HttpFetcher,
    url: str,
    target: Path,
    *,
    accept: tuple[str, ...] = ("text/csv",),
    headers: dict[str, str] | None = None,
    etag: str | None = None,
    allow_private: bool = True,
    limits: FetchLimits | None = None,
) -> FetchAnswer:
    request = FetchRequest(
        url=url,
        target=target / "body",
        where="test/doc",
        headers=headers or {},
        accept=accept,
        if_none_match=etag,
        allow_private=allow_private,
        limits=limits,
    )
    return await fetcher.fetch(request)


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def code_of(
    fetcher: HttpFetcher, script: bytes | Script, target: Path, **options: object
) -> SyncdError:
    """Return the error of one request against a scripted server, after checking that no file is left."""
    async with FaultServer(script) as server:
        with pytest.raises(SyncdError) as caught:
            await get(fetcher, server.url(), target, **options)  # type: ignore[arg-type]
    assert files_in(target) == []
    return caught.value


def dripping(first: bytes, drop: bytes) -> Script:
    async def drip(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.05)

    return drip
