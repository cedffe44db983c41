"""A day in short: many sources, many cycles, one answer in ten wrong; nothing may grow (bar B13).

What is flat in a working daemon: memory after warming up, open descriptors, threads, child processes, the log
of the database. The variable `SOAK_CYCLES` shortens the test for somebody who is trying it out.
"""

from __future__ import annotations

import os
import random
import statistics
from pathlib import Path
from typing import Self

import psutil
import pytest
from aiohttp import web

from tests.support.daemon import DaemonProcess, LoopThread, until
from tests.support.paths import REPOSITORY

SOURCES = 60
INTERVAL_S = 5
SEED = 13

SYNCD = """
[daemon]
data_dir = "{state}"
check_interval = "5s"
[web]
port = 0
[registers]
areas = "{areas}"
services = "services.csv"
"""
LIST = """
id = "{name}"
title = "List {name}"
connector = "link_list"
interval = "{interval}s"
stale_after = "1d"
[scope]
areas = ["064140000000"]
[settings]
base_url = "{url}/{name}"
path = "list.csv"
[limits]
allow_private = true
"""


class Portals:
    """Sixty lists; one answer in ten is broken, one in twenty changes a row."""

    def __init__(self) -> None:
        self.answered = 0
        self._chance = random.Random(SEED)
        self._versions = dict.fromkeys(range(SOURCES), 0)
        self._thread = LoopThread()

    def __enter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/town-{number}/list.csv", self._answer)
        self._runner = web.AppRunner(app)
        self.url: str = self._thread.call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.call(self._runner.cleanup())
        self._thread.close()

    async def _start(self) -> str:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _answer(self, request: web.Request) -> web.Response:
        self.answered += 1
        number = int(request.match_info["number"])
        kind = self._chance.random()
        if kind < 0.1:
            return self._chance.choice(
                [
                    web.Response(status=500),
                    web.Response(text="<html>Wartung</html>", content_type="text/html"),
                    web.Response(text="", content_type="text/csv"),
                ]
            )
        self._versions[number] += kind > 0.95
        rows = [
            f"064140000000;9900{row:03d}0001000;Leistung {row} v{self._versions[number]};"
            for row in range(30)
        ]
        return web.Response(
            text="\n".join(["ars;service_key;service;url", *rows, ""]), content_type="text/csv"
        )


def lay_out(folder: Path, url: str) -> Path:
    config = folder / "config"
    (config / "sources").mkdir(parents=True)
    areas = REPOSITORY / "tests" / "fixtures" / "registers" / "gv100ad-excerpt.txt"
    (config / "syncd.toml").write_text(SYNCD.format(state=folder / "state", areas=areas))
    (config / "services.csv").write_text(
        "leika,name,typ,ozg_id,ozg_name,lage,themenfeld\n99000000001000,Leistung 0,2,,,,\n"
    )
    for number in range(SOURCES):
        name = f"town-{number}"
        text = LIST.format(name=name, interval=INTERVAL_S, url=url)
        (config / "sources" / f"{name}.toml").write_text(text)
    return config


def measured(process: psutil.Process, state: Path) -> dict[str, float]:
    return {
        "memory_mib": process.memory_info().rss / 1024**2,
        "descriptors": process.num_fds(),
        "threads": process.num_threads(),
        "wal_mib": sum(file.stat().st_size for file in state.glob("*-wal")) / 1024**2,
    }


def typical(samples: list[dict[str, float]]) -> dict[str, float]:
    """Medians: a sample in the middle of a run has a child's pipes and a release's pages in it."""
    return {name: statistics.median(sample[name] for sample in samples) for name in samples[0]}


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.fault("P12")
def test_nothing_grows_in_a_day_of_cycles(tmp_path: Path) -> None:
    cycles = int(os.environ.get("SOAK_CYCLES", "96"))
    with Portals() as portals:
        config = lay_out(tmp_path, portals.url)
        with DaemonProcess(config, tmp_path / "log") as daemon:
            daemon.wait_for("release_published")
            process = psutil.Process(daemon.process.pid)
            samples = []
            for cycle in range(1, cycles + 1):
                target = cycle * SOURCES
                until(lambda: portals.answered >= target, "the end of a cycle", patience_s=120)  # noqa: B023
                samples.append(measured(process, tmp_path / "state"))
            assert daemon.get("/health/ready")[0] == 200
            assert daemon.stop() == 0
    third = len(samples) // 3
    middle, end = typical(samples[third : 2 * third]), typical(samples[-third:])
    print(f"{cycles} cycles, {portals.answered} answers: {middle} → {end}")  # noqa: T201 - the figure of the bar
    assert end["memory_mib"] - middle["memory_mib"] <= 8
    # Fewer than before is a machine with less to do, so that fewer answers are under way at a time.
    assert end["descriptors"] - middle["descriptors"] <= 4
    assert end["threads"] - middle["threads"] <= 2
    assert end["wal_mib"] <= 64
