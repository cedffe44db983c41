"""What hostile sources cost healthy ones: healthy p95 and event-loop lag, class by class (bar B6).

A hundred healthy portals and a hundred hostile ones of one class are each asked every few seconds, spread
over that interval as the schedule spreads them, first unknown to us, then known as suspects. The bar: healthy
p95 at most 1.25 times the fault-free one and at most 0.5 s more; results byte-identical; loop lag at most
100 ms at p99.9. The portals live in processes of their own on loopback, but share the machine's cores with
what is measured. ``--burst`` asks all of them at the same moment, which no schedule does: it shows how the
cores are shared when they are the limit.

    ./dev bench isolation [--sources 100] [--rounds 3] [--interval 2] [--only CLASS] [--burst]
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import statistics
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench._measure import table
from syncd.errors import SyncdError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.session import SourceSession
from tests.support.hostile import CLASSES, SILENT_NAME, address, healthy_body, portals

_LAG_STEP_S = 0.005
_BAR_RATIO, _BAR_MORE_S, _BAR_LAG_S = 1.25, 0.5, 0.1


@dataclass(frozen=True)
class Ports:
    """Where the healthy and the hostile portals listen, and a name server that stays silent."""

    good: int
    bad: int
    names: str


@dataclass(frozen=True)
class Plan:
    """How many sources of each kind are asked how often; 0 seconds between turns means all at once."""

    sources: int
    rounds: int
    interval_s: float


@dataclass
class Seen:
    """Seconds per healthy fetch, seconds of lag, and how many bodies were wrong."""

    seconds: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    wrong: int = 0

    @property
    def p95(self) -> float:
        """Seconds within which 95 % of the healthy fetches were done."""
        return _quantile(self.seconds, 0.95)

    @property
    def lag(self) -> float:
        """Seconds of event-loop lag at p99.9."""
        return _quantile(self.lags, 0.999)


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Trial:
    """One fetcher between healthy and hostile portals."""

    def __init__(self, fetcher: HttpFetcher, ports: Ports, folder: Path, plan: Plan) -> None:
        self.fetcher = fetcher
        self.ports = ports
        self.folder = folder
        self.plan = plan
        self.began = time.perf_counter()
        self.seen = Seen()

    async def due(self, number: int, turn: int) -> None:
        """Wait until it is the source's turn; late turns begin at once."""
        at = self.began + (turn + number / self.plan.sources) * self.plan.interval_s
        await asyncio.sleep(max(0.0, at - time.perf_counter()))

    def session(self, name: str, number: int, *, suspect: bool) -> SourceSession:
        """Open a session for one run of one source."""
        return SourceSession(
            source_id=f"{name[:1]}-{number}",
            fetcher=self.fetcher,
            base_url=address(name, number, self.ports.good if name == "healthy" else self.ports.bad),
            rundir=self.folder / f"run-{name[:1]}-{number}",
            raw_root=self.folder / "raw",
            allow_private=True,
            suspect=suspect,
        )

    async def healthy(self, number: int) -> None:
        """Fetch a healthy list some times over and note how long it took."""
        for turn in range(self.plan.rounds):
            await self.due(number, turn)
            session = self.session("healthy", number, suspect=False)
            began = time.perf_counter()
            expected = hashlib.sha256(healthy_body(f"/healthy/list/{turn}")).hexdigest()
            try:
                document = await session.fetch(f"list/{turn}", name="list", accept=("text/csv",))
                self.seen.wrong += document.sha256 != expected
            except SyncdError:
                self.seen.wrong += 1
            self.seen.seconds.append(time.perf_counter() - began)

    async def hostile(self, name: str, number: int, *, suspect: bool) -> None:
        """Ask a hostile portal again and again, as runs do that never overlap."""
        for turn in range(self.plan.rounds):
            await self.due(number, turn)
            with suppress(SyncdError):
                session = self.session(name, number, suspect=suspect)
                await session.fetch("list", name="list", accept=("text/csv",))

    async def watch(self) -> None:
        """Note how late the event loop wakes."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_LAG_STEP_S)
            self.seen.lags.append(time.perf_counter() - began - _LAG_STEP_S)


async def measure(ports: Ports, plan: Plan, *, name: str = "", suspect: bool = False) -> Seen:
    """Return what the healthy sources saw beside as many hostile ones of a class (none: fault-free)."""
    with tempfile.TemporaryDirectory() as folder:
        async with HttpFetcher(nameservers=[ports.names]) as fetcher:
            trial = Trial(fetcher, ports, Path(folder), plan)
            beside = [asyncio.create_task(trial.watch())]
            if name:
                beside += [
                    asyncio.create_task(trial.hostile(name, number, suspect=suspect))
                    for number in range(plan.sources)
                ]
            try:
                await asyncio.gather(*(trial.healthy(number) for number in range(plan.sources)))
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
            return trial.seen


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--sources", type=int, default=100, help="healthy ones, and hostile ones per class")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--interval", type=float, default=2.0, help="seconds between two turns of a source")
    options.add_argument("--burst", action="store_true", help="all at the same moment")
    options.add_argument("--only", default="", metavar="CLASS", help="one hostile class")
    chosen = options.parse_args()
    plan = Plan(chosen.sources, chosen.rounds, 0.0 if chosen.burst else chosen.interval)
    with portals() as (port, _), portals() as (bad_port, names):

        def run(name: str = "", *, suspect: bool = False) -> Seen:
            ports = Ports(port, bad_port, names)
            return asyncio.run(measure(ports, plan, name=name, suspect=suspect))

        run()  # warms both processes up
        calm = [run() for _ in range(3)]
        base = statistics.median(seen.p95 for seen in calm)
        rows: list[list[object]] = [
            ["(none)", f"{base:.3f}", "1.00", "", "", f"{max(s.lag for s in calm) * 1000:.0f}", 0, "base"]
        ]
        for name in [chosen.only] if chosen.only else [*CLASSES, SILENT_NAME]:
            unknown, known = run(name), run(name, suspect=True)
            lag = max(unknown.lag, known.lag)
            wrong = unknown.wrong + known.wrong
            met = known.p95 <= base * _BAR_RATIO and unknown.p95 <= base + _BAR_MORE_S
            rows.append(
                [
                    name,
                    f"{unknown.p95:.3f}",
                    f"{unknown.p95 / base:.2f}",
                    f"{known.p95:.3f}",
                    f"{known.p95 / base:.2f}",
                    f"{lag * 1000:.0f}",
                    wrong,
                    "met" if met and lag <= _BAR_LAG_S and not wrong else "MISSED",
                ]
            )
    how = "all at the same moment" if chosen.burst else f"one turn each in {chosen.interval:g} s"
    print(f"{chosen.sources} healthy and {chosen.sources} hostile sources, {chosen.rounds} rounds, {how}")
    table(["class", "p95 s unknown", "ratio", "p95 s known", "ratio", "lag ms p99.9", "wrong", "bar"], rows)


if __name__ == "__main__":
    main()
