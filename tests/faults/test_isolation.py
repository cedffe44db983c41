"""One source cannot change or delay another: hostile portals beside healthy ones (bar B6, in small).

`./dev bench isolation` measures the real numbers, a hundred beside a hundred; here the limits are so tight
that without lanes the healthy ones could not come through at all while the hostile ones are stuck.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from syncd.bootstrap.application import Application, build_application
from syncd.errors import SyncdError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.model.run import Run, RunOutcome
from syncd.settings.load import load_config
from tests.support.asking import TYPE
from tests.support.fault_server import FaultServer, response
from tests.support.hostile import CLASSES, SILENT_NAME, address, hang, portals

# Each source has a host of its own: the client asks one host for two documents at a time at most.
pytestmark = pytest.mark.allow_hosts(["127.0.0.0/8", "::1"])
HEALTHY = 20
STUCK = ("hang", "dripping body", "dripping head", "tiny chunks", "endless body", SILENT_NAME)
# Two fast places, and each hostile source sits on its own for half a minute.
TIGHT = FetchLimits(
    concurrent=2,
    suspects=64,
    patience_s=0.02,
    headers_s=30,
    rate_grace_s=30,
    total_s=30,
    attempts=1,
)


@pytest.fixture(scope="module")
def hostile_portals() -> Iterator[tuple[int, str]]:
    with portals() as running:
        yield running


async def fetch_all(
    fetcher: HttpFetcher, name: str, numbers: range, port: int, folder: Path
) -> Mapping[str, str]:
    """Fetch from these sources of a class at once; returns SHA-256 or code by source."""

    async def one(number: int) -> tuple[str, str]:
        session = SourceSession(
            source_id=f"{name.replace(' ', '-')}-{number}",
            fetcher=fetcher,
            base_url=address(name, number, port),
            rundir=folder / f"run-{name}-{number}",
            raw_root=folder / "raw",
            allow_private=True,
        )
        try:
            document = await session.fetch("list", name="list", accept=("text/csv",))
        except SyncdError as error:
            return session.source_id, error.code
        return session.source_id, document.sha256

    return dict(await asyncio.gather(*(one(number) for number in numbers)))


@pytest.mark.fault("N4", "N8", "N9", "N10", "T8", "N11")
async def test_stuck_sources_hold_nobody(hostile_portals: tuple[int, str], tmp_path: Path) -> None:
    port, names = hostile_portals
    async with HttpFetcher(TIGHT, nameservers=[names]) as fetcher:
        alone = await fetch_all(fetcher, "healthy", range(HEALTHY), port, tmp_path / "alone")
        stuck = [
            asyncio.create_task(
                fetch_all(fetcher, name, range(4 * turn, 4 * turn + 4), port, tmp_path / name)
            )
            for turn, name in enumerate(STUCK)
        ]
        await asyncio.sleep(0.1)
        beside = await fetch_all(fetcher, "healthy", range(HEALTHY), port, tmp_path / "beside")
        # A silent name server is given up sooner; nobody else can have ended.
        still = [name for name, task in zip(STUCK, stuck, strict=True) if not task.done()]
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
    assert beside == alone
    assert all(len(sha256) == 64 for sha256 in alone.values())
    assert set(still) >= set(STUCK) - {SILENT_NAME}


@pytest.mark.fault("N11", "T17")
async def test_results_beside_every_hostile_class_are_byte_identical(
    hostile_portals: tuple[int, str], tmp_path: Path
) -> None:
    port, names = hostile_portals
    limits = FetchLimits(
        headers_s=1, read_gap_s=1, rate_grace_s=1, total_s=3, retry_wait_s=0.01, wire_bytes=2_000_000
    )
    classes = (*CLASSES, SILENT_NAME)
    async with HttpFetcher(limits, nameservers=[names]) as fetcher:
        alone = await fetch_all(fetcher, "healthy", range(HEALTHY), port, tmp_path / "alone")
        beside, *broken = await asyncio.gather(
            fetch_all(fetcher, "healthy", range(HEALTHY), port, tmp_path / "beside"),
            *(
                fetch_all(fetcher, name, range(2 * turn, 2 * turn + 2), port, tmp_path / name)
                for turn, name in enumerate(classes)
            ),
        )
    assert beside == alone
    codes = {name: set(results.values()) for name, results in zip(classes, broken, strict=True)}
    assert not any(len(code) == 64 for found in codes.values() for code in found), codes


# --- the whole application --------------------------------------------------------------------------
SOURCE = """
id = "{id}"
title = "{id}"
connector = "link_list"
interval = "1h"
stale_after = "30d"

[scope]
areas = ["064140000000"]

[settings]
base_url = "{url}"
path = "{id}.csv"

[limits]
allow_private = true
"""
LIST = b"ars;service_key;service;url\n064140000000;99001001000000;Muster;https://www.example.org/1\n"


@contextlib.asynccontextmanager
async def application(folder: Path, sources: Mapping[str, str]) -> AsyncIterator[Application]:
    config = folder / "config"
    (config / "sources").mkdir(parents=True)
    (config / "obligations").mkdir()
    main = f'[daemon]\ndata_dir = "{folder / "state"}"\nparallel_runs = 1\n'
    (config / "syncd.toml").write_text(main)
    for source_id, url in sources.items():
        (config / "sources" / f"{source_id}.toml").write_text(SOURCE.format(id=source_id, url=url))
    async with build_application(load_config(config)) as app:
        yield app


async def run_all(app: Application, names: list[str]) -> dict[str, Run]:
    return dict(zip(names, await asyncio.gather(*(app.sync(name) for name in names)), strict=True))


@pytest.mark.fault("N10", "N11")
async def test_runs_of_healthy_sources_end_while_others_hang(tmp_path: Path) -> None:
    reached = asyncio.Event()

    async def hanging(head: str, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await hang(head, writer)

    async with FaultServer(response(LIST, TYPE)) as good, FaultServer(hanging) as bad:
        well = [f"well-{number}" for number in range(3)]
        ill = [f"ill-{number}" for number in range(3)]
        sources = dict.fromkeys(well, good.url("")) | dict.fromkeys(ill, bad.url(""))
        async with application(tmp_path, sources) as app:
            stuck = [asyncio.create_task(app.sync(name)) for name in ill]
            await asyncio.wait_for(reached.wait(), 10)
            runs = await run_all(app, well)
            assert {run.outcome for run in runs.values()} == {RunOutcome.ACCEPTED}
            assert not any(task.done() for task in stuck)
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)


@pytest.mark.fault("N11", "N12", "C12")
async def test_half_or_all_of_the_sources_failing_withdraws_nothing(tmp_path: Path) -> None:
    down = asyncio.Event()

    async def answer(_head: str, writer: asyncio.StreamWriter) -> None:
        if not down.is_set():
            writer.write(response(LIST, TYPE))

    async with FaultServer(response(LIST, TYPE)) as good, FaultServer(answer) as failing:
        names = ["a", "b", "c", "d"]
        urls = dict(zip(names, [good.url(""), failing.url("")] * 2, strict=True))
        async with application(tmp_path, urls) as app:
            before = await run_all(app, names)
            assert {run.outcome for run in before.values()} == {RunOutcome.ACCEPTED}
            release = await app.rebuild()
            down.set()
            after = await run_all(app, names)
            outcomes = {name: run.outcome for name, run in after.items()}
            assert outcomes == dict(zip(names, [RunOutcome.UNCHANGED, RunOutcome.FAILED] * 2, strict=True))
            states = app.store.source_states()
            assert {state.records for state in states.values()} == {1}
            assert states["b"].last_good_at == before["b"].ended_at
            assert await app.rebuild() is None
            assert release is not None
            timings = {timing.source_id: timing for timing in await app.timings()}
            assert timings["b"].failures == 1
            assert timings["b"].wait < timings["a"].wait
            assert "b" not in app.sessions.suspects
            down.clear()
            await run_all(app, names)
            assert "b" in app.sessions.suspects, "its last run had failed when this one began"
            assert (await app.sync("b")).outcome is RunOutcome.UNCHANGED
            assert "b" not in app.sessions.suspects
