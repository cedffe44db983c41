"""Assessment of all Germany: every municipality × 6,000 services, synthetic offers at mixed levels.

Compared in one run, each as a whole process with its imports and the loading of the offers:

- ``syncd``: the product's own assessment (states, causes, rungs and levels of every cell, counted),
- ``plain numpy``: a boolean matrix, leaf offers scattered, one slice per other offer, gaps counted – the
  usual quick way, which knows covered or not and nothing else (no states, causes, rungs, levels, people),
- ``plain numpy, states``: the same way with a word for each cell, which is what ``syncd`` works out,
- ``SQLite join``: closure table and count of distinct cells, on a tenth of the services (``--sql``).

Figures: must of the house (goal P9): at most half the wall time of plain numpy, at most 200 MiB.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench._measure import Figure, median, run_apart, table

if TYPE_CHECKING:
    from syncd.rules.line import AreaLine

SERVICES = 6_000
OFFERS = 2_500_000
ROUNDS = 5


def main() -> None:
    """Make the offers, run each way in turn, print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    arguments.add_argument("--offers", type=int, default=OFFERS)
    arguments.add_argument("--sql", action="store_true", help="also time a SQLite closure join")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as folder:
        path = Path(folder)
        run_apart(lambda: _make_offers(path, options.offers))
        ways: dict[str, Callable[[], object]] = {
            "plain numpy": lambda: _plain_numpy(path),
            "plain numpy, states": lambda: _plain_states(path),
            "syncd": lambda: _product(path),
        }
        figures: dict[str, list[Figure]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, work in ways.items():
                figures[name].append(run_apart(work))
        medians = {name: median(runs) for name, runs in figures.items()}
        if options.sql:
            medians["SQLite join (1/10)"] = run_apart(lambda: _sqlite(path))
        base = medians["plain numpy"]
        rows = [
            (name, f.wall, f.cpu, f.peak, f.wall / base.wall, f.cpu / base.cpu) for name, f in medians.items()
        ]
        cells = 10_953 * SERVICES
        print(f"{cells:,} cells, {options.offers:,} synthetic offers, median of {options.rounds} rounds")
        table(("way", "wall s", "cpu s", "peak MiB", "wall ratio", "cpu ratio"), rows)


def _line() -> AreaLine:
    import gzip

    from syncd.rules.gv100ad import decode_gv100ad, parse_gv100ad
    from syncd.rules.line import AreaLine

    file = Path(__file__).parent.parent / "config" / "reference" / "gv100ad-2025-11-30.txt.gz"
    return AreaLine.build(parse_gv100ad(decode_gv100ad(gzip.decompress(file.read_bytes()))).areas)


def _make_offers(folder: Path, number: int) -> None:
    """Write synthetic offers: 2 % at a Land, 10 % at a Kreis, 15 % at a Verband, the rest at Gemeinden."""
    import numpy as np

    line = _line()
    random = np.random.default_rng(20261122)
    spans = {}
    for length, share in ((2, 0.02), (5, 0.10), (9, 0.15), (12, 0.73)):
        codes = [c for c in line.areas if len(c) == length]
        spans[length] = (np.array([line.interval(c) for c in codes], dtype=np.int32), int(number * share))
    parts = [span[random.integers(0, len(span), count)] for span, count in spans.values()]
    intervals = np.concatenate(parts)
    service = random.integers(0, SERVICES, len(intervals)).astype(np.int32)
    evidence = random.integers(1, 8, len(intervals)).astype(np.uint8)
    order = np.argsort(service, kind="stable")
    np.savez(
        folder / "offers.npz", intervals=intervals[order], service=service[order], evidence=evidence[order]
    )
    np.savez(
        folder / "line.npz",
        population=line.population,
        owes=line.owes,
    )


def _plain_numpy(folder: Path) -> None:
    import numpy as np

    offers, line = np.load(folder / "offers.npz"), np.load(folder / "line.npz")
    intervals, service = offers["intervals"], offers["service"]
    covered = np.zeros((SERVICES, len(line["owes"])), dtype=np.bool_)
    leaf = intervals[:, 1] - intervals[:, 0] == 1
    covered[service[leaf], intervals[leaf, 0]] = True
    for row, (start, stop) in zip(service[~leaf].tolist(), intervals[~leaf].tolist(), strict=True):
        covered[row, start:stop] = True
    gaps = int((~covered[:, line["owes"]]).sum())
    if not gaps:
        raise RuntimeError


def _plain_states(folder: Path) -> None:
    """Do what the product does with one matrix of words: weakest offers first, each over those before."""
    import numpy as np

    from syncd.model.coverage import CellState, GapCause
    from syncd.model.evidence import Evidence

    offers, line = np.load(folder / "offers.npz"), np.load(folder / "line.npz")
    intervals, service, evidence = offers["intervals"], offers["service"], offers["evidence"]
    width = intervals[:, 1] - intervals[:, 0]
    meets = evidence >= Evidence.ONLINE_FORM
    verdict = np.full(len(width), CellState.OFFLINE | GapCause.SOLUTION_NOT_CONNECTED << 8, dtype=np.uint32)
    verdict[evidence >= Evidence.APPOINTMENT] = CellState.OFFLINE | GapCause.MEDIA_BREAK << 8
    verdict[meets] = CellState.INHERITED
    verdict[meets & (width == 1)] = CellState.OWN
    verdict |= evidence.astype(np.uint32) << 16
    words = np.full(
        (SERVICES, len(line["owes"])), CellState.UNKNOWN | GapCause.NO_SOURCE << 8, dtype=np.uint32
    )
    steps = [(~meets & (evidence == rung), width) for rung in range(Evidence.ONLINE_FORM)]
    steps.append((meets, width * 8 - evidence))
    for mask, strength in steps:
        chosen = np.flatnonzero(mask)
        chosen = chosen[np.argsort(-strength[chosen], kind="stable")]
        wide, leaf = chosen[width[chosen] > 1], chosen[width[chosen] == 1]
        for row, (start, stop), word in zip(
            service[wide].tolist(), intervals[wide].tolist(), verdict[wide].tolist(), strict=True
        ):
            words[row, start:stop] = word
        words[service[leaf], intervals[leaf, 0]] = verdict[leaf]
    words *= line["owes"]
    people = line["population"].astype(np.float64)
    for row in words:
        states = (row & np.uint32(0xFF)).astype(np.uint8)
        np.bincount(states, minlength=len(CellState))
        np.bincount(states, weights=people, minlength=len(CellState))


def _product(folder: Path) -> None:
    import numpy as np

    from syncd.model.evidence import Evidence
    from syncd.rules.assess import Mark, Offers, assess_offers, count

    offers, line = np.load(folder / "offers.npz"), np.load(folder / "line.npz")
    intervals, service, evidence = offers["intervals"], offers["service"], offers["evidence"]
    owes, people = line["owes"], np.concatenate(([0], np.cumsum(line["population"])))
    bounds = np.searchsorted(service, np.arange(SERVICES + 1))
    marks = np.full(len(service), Mark.FRESH | Mark.LOCAL, dtype=np.uint8)
    levels = np.zeros(len(service), dtype=np.uint8)
    gaps = 0
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        cells = assess_offers(
            Offers(
                first=intervals[start:stop, 0],
                end=intervals[start:stop, 1],
                evidence=evidence[start:stop],
                level=levels[start:stop],
                marks=marks[start:stop],
            ),
            Evidence.ONLINE_FORM,
            owes,
        )
        gaps += count(cells, people)["offline"][0]
    if not gaps:
        raise RuntimeError


def _sqlite(folder: Path) -> None:
    import sqlite3

    import numpy as np

    offers, line = np.load(folder / "offers.npz"), np.load(folder / "line.npz")
    chosen = offers["service"] < SERVICES // 10
    rows = zip(
        offers["service"][chosen].tolist(),
        offers["intervals"][chosen, 0].tolist(),
        offers["intervals"][chosen, 1].tolist(),
        strict=True,
    )
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE offer (service INTEGER, start INTEGER, stop INTEGER)")
    database.executemany("INSERT INTO offer VALUES (?, ?, ?)", rows)
    database.execute("CREATE TABLE place (position INTEGER PRIMARY KEY)")
    database.executemany("INSERT INTO place VALUES (?)", [(i,) for i in range(len(line["owes"]))])
    began = time.perf_counter()
    (covered,) = database.execute(
        "SELECT count(*) FROM (SELECT DISTINCT service, position FROM offer "
        "JOIN place ON position >= start AND position < stop)"
    ).fetchone()
    print(f"SQLite: {covered:,} covered cells of a tenth in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
