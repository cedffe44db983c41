"""Coverage of all Germany in a real store: assess, rebuild parts, ask, look back a year, simulate.

10,953 municipalities × 6,000 services, 2.5 million synthetic offers at mixed levels (``bench.assess``) are
published as release 1, then a year of daily releases in each of which some services change in some towns.

Aims: assessment of all at most half the time of plain numpy and 200 MiB; one changed service 5 ms; one
changed municipality 50 ms; the gaps of one area 50 ms; the same as of a year ago 200 ms; a simulation over
all municipalities 5 s; a year of daily releases below 2 GB. Plain numpy knows only covered or not; beside it
stands one that works out the same states, causes, rungs and people.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench._measure import median, run_apart, table
from bench.assess import OFFERS, SERVICES, _line, _make_offers, _plain_numpy, _plain_states, _product

if TYPE_CHECKING:
    from syncd.pipeline.ports import PartitionResult, TotalsRow
    from syncd.rules.assess import Cells, Offers
    from syncd.rules.line import AreaLine
    from syncd.storage import SqlStore

DAYS = 365
CHANGED = 60
"""Services that change each day: one in a hundred."""
FIRST = datetime(2026, 1, 1, 3, tzinfo=UTC)
GIESSEN = "065310005005"


def main() -> None:
    """Build the year, measure, print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--days", type=int, default=DAYS)
    arguments.add_argument("--changed", type=int, default=CHANGED, help="services that change each day")
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as folder:
        path = Path(folder)
        run_apart(lambda: _make_offers(path, OFFERS))
        _assess_all(path, options.rounds)
        print(flush=True)
        run_apart(lambda: _measure(path, options.days, options.changed, options.rounds))


def _assess_all(path: Path, rounds: int) -> None:
    ways: dict[str, Callable[[], object]] = {
        "plain numpy": lambda: _plain_numpy(path),
        "plain numpy, states": lambda: _plain_states(path),
        "syncd": lambda: _product(path),
    }
    runs = {name: [run_apart(work) for _ in range(rounds)] for name, work in ways.items()}
    base = median(runs["plain numpy"])
    same = median(runs["plain numpy, states"])
    figures = [(name, median(found)) for name, found in runs.items()]
    rows = [(name, f.wall, f.peak, f.wall / base.wall, f.wall / same.wall) for name, f in figures]
    print(f"all Germany, {10_953 * SERVICES:,} cells, median of {rounds} rounds, whole processes")
    table(("way", "wall s", "peak MiB", "ratio (aim 0.5)", "ratio to states"), rows)


class _Country:
    """Offers, line and the assessment of single services."""

    def __init__(self, folder: Path) -> None:
        import numpy as np

        self.line: AreaLine = _line()
        offers = np.load(folder / "offers.npz")
        self._spans, self._rungs = offers["intervals"], offers["evidence"]
        self._bounds = np.searchsorted(offers["service"], np.arange(SERVICES + 1))
        self._owes = self.line.owes
        self.people = np.concatenate(([0], np.cumsum(self.line.population)))
        self._extra: dict[int, list[int]] = {}

    def change(self, service: int, position: int) -> None:
        """Let one more municipality offer a service."""
        self._extra.setdefault(service, []).append(position)

    def offering(self, position: int) -> list[int]:
        """Return the services a municipality offers itself."""
        import numpy as np

        own = np.flatnonzero((self._spans[:, 0] == position) & (self._spans[:, 1] == position + 1))
        return sorted({int(s) for s in np.searchsorted(self._bounds, own, side="right") - 1})

    def cells(self, service: int) -> Cells:
        """Assess one service."""
        from syncd.model.evidence import Evidence
        from syncd.rules.assess import assess_offers

        return assess_offers(self._offers(service), Evidence.ONLINE_FORM, self._owes)

    def _offers(self, service: int) -> Offers:
        import numpy as np

        from syncd.rules.assess import Mark, Offers

        start, stop = self._bounds[service], self._bounds[service + 1]
        more = self._extra.get(service, [])
        size = stop - start + len(more)
        extra = np.array([(p, p + 1) for p in more], dtype=np.int32).reshape(-1, 2)
        spans = np.concatenate((self._spans[start:stop], extra))
        return Offers(
            first=spans[:, 0],
            end=spans[:, 1],
            evidence=np.concatenate((self._rungs[start:stop], np.full(len(more), 6, dtype=np.uint8))),
            level=np.full(size, 12, dtype=np.uint8),
            marks=np.full(size, Mark.FRESH | Mark.LOCAL, dtype=np.uint8),
        )


class _Year:
    """Publishes releases of coverage alone, as the pipeline would."""

    def __init__(self, country: _Country, store: SqlStore) -> None:
        from syncd.rules.coverage_codec import empty_totals

        self._country, self._store = country, store
        self._totals = empty_totals(len(country.line))
        self._rows: dict[int, tuple[bytes, bytes]] = {}
        self.number = 0

    def service(self, number: int, release: int) -> PartitionResult:
        """Assess and pack one service: what a rebuild does after merging."""
        from syncd.pipeline.ports import CoverageRow, PartitionResult
        from syncd.rules.assess import count
        from syncd.rules.coverage_codec import (
            change_totals,
            pack_cells,
            pack_numbers,
            since,
            unpack_cells,
            unpack_numbers,
        )

        cells = self._country.cells(number)
        before = None
        if number in self._rows:
            old, began = self._rows[number]
            before = unpack_cells(old).state, unpack_numbers(began)
        change_totals(self._totals, before[0] if before else None, cells.state)
        digest, packed = pack_cells(cells)
        began = pack_numbers(since(cells.state, release=release, before=before))
        self._rows[number] = packed, began
        counts = count(cells, self._country.people)
        row = CoverageRow("alltag", "gemeinde", key_of(number), digest, packed, began, counts)
        return PartitionResult(key_of(number), digest, service_of(number), (), (row,))

    def publish(self, services: Iterator[int]) -> None:
        """Publish one release."""
        from syncd.pipeline.ports import ReleaseDraft

        self.number += 1
        results = [self.service(number, self.number) for number in services]
        self._store.publish(
            ReleaseDraft(
                results=iter(results),
                totals=self.totals(),
                inputs=INPUTS,
                inputs_digest="bench",
                published_at=FIRST + timedelta(days=self.number - 1),
                dirty_up_to=0,
            )
        )

    def totals(self) -> tuple[TotalsRow, ...]:
        """Return the packed totals."""
        from syncd.pipeline.ports import TotalsRow
        from syncd.rules.coverage_codec import pack_totals

        return (TotalsRow("alltag", "gemeinde", pack_totals(self._totals)),)


INPUTS: dict[str, Any] = {
    "areas": "bench-areas",
    "areas_label": "GV100AD",
    "services_label": "synthetic",
    "obligations": "bench-obligations",
    "duties_in_force": [["alltag", "alle"]],
    "sources": {},
    "digest": "bench",
}


def key_of(number: int) -> str:
    """Return a synthetic service key."""
    return f"99{100 + number // 900:03d}{number % 900:03d}001000"


def service_of(number: int) -> bytes:
    """Return the register entry of a synthetic service."""
    from syncd.model.service import Service, ServiceKey
    from syncd.pipeline.entry_codec import encode_service

    return encode_service(
        Service(
            ServiceKey(key_of(number)),
            f"Leistung {number}",
            "synthetic",
            ozg_id=10_000 + number // 10,
            ozg_name=f"Bündel {number // 10}",
            theme=f"Feld {number % 14}",
        )
    )


def _measure(folder: Path, days: int, changed: int, rounds: int) -> None:
    from syncd.pipeline.ask import Ask
    from syncd.storage import open_store

    database = folder / "syncd.sqlite"
    with open_store(f"sqlite:///{database}") as store:
        country = _Country(folder)
        year = _build_year(country, store, database, days, changed)
        ask = Ask(store, _registry(country), lambda: FIRST + timedelta(days=days))
        rows = [
            *_rebuilding(country, year, rounds),
            *_asking(ask, rounds),
            *_foreseeing(ask, rounds),
        ]
        table(("what", "wall ms", "cpu ms", "aim ms"), rows)


def _build_year(country: _Country, store: SqlStore, database: Path, days: int, changed: int) -> _Year:
    import numpy as np
    from sqlalchemy import create_engine, text

    random = np.random.default_rng(20261122)
    _keep_inputs(country, store)
    year = _Year(country, store)
    began = time.perf_counter()
    year.publish(iter(range(SERVICES)))
    first = _size(database)
    print(f"release 1: {time.perf_counter() - began:.1f} s, {first / 1e6:,.0f} MB", flush=True)
    began = time.perf_counter()
    for _ in range(days - 1):
        services = sorted({int(s) for s in random.integers(0, SERVICES, changed)})
        for service in services:
            for position in random.integers(0, len(country.line), 5):
                country.change(service, int(position))
        year.publish(iter(services))
    whole = _size(database)
    spent = time.perf_counter() - began
    print(
        f"{days - 1} daily releases, about {changed} services changed in 5 towns each: {spent:.0f} s, "
        f"{(whole - first) / max(1, days - 1) / 1e6:.2f} MB a release, "
        f"the whole year {whole / 1e9:.2f} GB (aim 2)"
    )
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        sizes = connection.execute(
            text("SELECT count(*), avg(length(cells)), avg(length(since)), avg(length(counts)) FROM coverage")
        ).one()
    print(
        "coverage rows {:,}: cells {:,.0f}, since {:,.0f}, counts {:,.0f} bytes each".format(*sizes),
        flush=True,
    )
    return year


def _size(database: Path) -> int:
    return sum(path.stat().st_size for path in database.parent.glob(f"{database.name}*"))


def _keep_inputs(country: _Country, store: SqlStore) -> None:
    import orjson

    areas = tuple(country.line.areas.values())
    store.put_edition("GV100AD", INPUTS["areas"], areas, now=FIRST)
    duty = {
        "name": "alle",
        "line": "gemeinde",
        "owed_by": "gemeinde",
        "minimum": "online_form",
        "from": "2024-01-01",
        "legal_ground": "synthetic",
        "services": [key_of(number) for number in range(SERVICES)],
        "areas": [],
    }
    store.put_document(
        INPUTS["obligations"],
        orjson.dumps([{"id": "alltag", "title": "Alltag", "note": "", "duties": [duty]}]),
    )


def _registry(country: _Country) -> Any:  # noqa: ANN401 - imported late
    from syncd.pipeline.registry import AreaRegister, Registry
    from syncd.rules.areas import AreaIndex

    areas = tuple(country.line.areas.values())
    register = AreaRegister(
        "GV100AD", INPUTS["areas"], areas, AreaIndex.from_areas(areas), country.line, moved={}
    )
    return Registry(register, {}, "synthetic", (), (), {})


Row = tuple[str, float, float, str]


def _timed(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return the medians of wall clock and processor in milliseconds; the first round warms up."""
    import statistics

    walls, processors = [], []
    for _ in range(rounds + 1):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        walls.append(1_000 * (time.perf_counter() - wall))
        processors.append(1_000 * (time.process_time() - processor))
    return statistics.median(walls[1:]), statistics.median(processors[1:])


def _rebuilding(country: _Country, year: _Year, rounds: int) -> Iterator[Row]:
    release = year.number + 1
    yield "one changed service", *_timed(lambda: year.service(4_711, release), 5 * rounds), "5"
    position = country.line.interval(GIESSEN)
    if position is None:
        raise RuntimeError(GIESSEN)
    services = country.offering(position[0])
    work = _timed(lambda: [year.service(number, release) for number in services], rounds)
    yield f"one changed municipality ({len(services)} services it offers)", *work, "50"


def _asking(ask: Any, rounds: int) -> Iterator[Row]:  # noqa: ANN401 - imported late
    from itertools import islice

    from syncd.pipeline.figures import By, FiguresQuery, figures
    from syncd.pipeline.gaps import GapQuery, gaps

    def page(at: datetime | None) -> int:
        view = ask.view(at=at)
        query = GapQuery(area=view.area(GIESSEN))
        return len(tuple(islice(gaps(view, query), 100)))

    def everything(at: datetime | None) -> int:
        view = ask.view(at=at)
        return sum(1 for _ in gaps(view, GapQuery(area=view.area(GIESSEN))))

    year_ago = FIRST + timedelta(hours=1)
    yield "gaps of one area: a page of 100", *_timed(lambda: page(None), rounds), "50"
    yield f"gaps of one area: all {everything(None):,}", *_timed(lambda: everything(None), rounds), ""
    yield "the page as of a year ago", *_timed(lambda: page(year_ago), rounds), "200"
    yield "all of them as of a year ago", *_timed(lambda: everything(year_ago), rounds), ""
    for by, place in (
        (By.TOTAL, GIESSEN),
        (By.TOTAL, "00"),
        (By.AREA, "00"),
        (By.LEVEL, "00"),
        (By.THEME, "06"),
    ):
        query = FiguresQuery(place=place, by=by)
        work = partial(_all, figures, ask, query)
        yield f"figures of {place} by {by}", *_timed(work, rounds), ""


def _all(figures: Callable[..., Iterator[object]], ask: Any, query: object) -> int:  # noqa: ANN401 - the same
    return _drained(figures, ask.view(), query)


def _drained(find: Callable[..., Iterator[object]], *arguments: object) -> int:
    return sum(1 for _ in find(*arguments))


def _foreseeing(ask: Any, rounds: int) -> Iterator[Row]:  # noqa: ANN401 - imported late
    from syncd.pipeline.figures import FiguresQuery
    from syncd.pipeline.simulate import Adoption, TargetQuery, roll_outs, simulate

    view = ask.view()
    adoption = Adoption(frozenset(key_of(n) for n in range(10)), view.line.codes, each=True)
    work = _timed(lambda: simulate(view, adoption, FiguresQuery()), rounds)
    yield f"simulation: 10 services in {len(view.line.codes):,} areas", *work, "5,000"
    for units in (frozenset({"service"}), frozenset({"service", "kreis", "land"})):
        target = TargetQuery(0.9, units=units)
        name = f"roll-outs for 90 % by {', '.join(sorted(units))}"
        work_out = partial(_drained, roll_outs, view, target, FiguresQuery())
        yield name, *_timed(work_out, 1), ""


if __name__ == "__main__":
    main()
