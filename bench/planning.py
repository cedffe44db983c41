"""Planning questions on a full national catalogue: what an operator waits for, and what a request costs.

10,953 municipalities × 6,000 services with 2.5 million synthetic offers as merged entries
(``bench._planning_store``), some months of weekly releases. Each question is asked in a process of its own
and drained; beside the whole of Germany stands a plain baseline of the same run: all digital entries read
with ``sqlite3`` and parsed with ``orjson``, or all coverage rows read and unzipped.

``--services 300`` asks a twentieth of it; ``--keep FOLDER`` builds the store there once and asks it again.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from bench._measure import run_apart, table
from bench._planning_store import DATABASE, WEEKS, build, registry
from bench.assess import OFFERS, SERVICES, _make_offers
from bench.coverage import FIRST, key_of

if TYPE_CHECKING:
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.registry import Registry

TOWN: Final = "065310005005"
OTHER: Final = "064120000000"
LAND: Final = "06"
BUND: Final = "00"
PAGE: Final = 101
"""What a page of a hundred reads: one more, to know whether it is the last."""
ENTRIES: Final = "plain: digital entries"
ROWS: Final = "plain: coverage rows"


@dataclass(frozen=True)
class Question:
    """What is asked; ``floor`` is the baseline it is compared with."""

    name: str
    ask: Callable[[ReleaseView], object]
    floor: str = ""


def main() -> None:
    """Build the store, ask, print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--services", type=int, default=SERVICES)
    arguments.add_argument("--weeks", type=int, default=WEEKS)
    arguments.add_argument("--keep", type=Path, help="folder of the store; used again when it is there")
    arguments.add_argument("--only", default="", help="questions whose name contains this")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as folder:
        path: Path = options.keep or Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        if not (path / DATABASE).exists():
            _build(path, options.services, options.weeks)
        asked = registry(path)
        now = FIRST + timedelta(weeks=options.weeks)
        rows: list[tuple[object, ...]] = []
        floors: dict[str, float] = {}
        for question in (*_floors(path), *_questions()):
            if options.only not in question.name and question.name not in {ENTRIES, ROWS}:
                continue
            wall, cpu, peak = _asked(path, asked, now, question.ask)
            floors.setdefault(question.name, cpu)
            ratio = f"{cpu / floors[question.floor]:.1f}" if question.floor else ""
            rows.append((question.name, wall, cpu, peak, ratio))
            print(".", end="", flush=True)
        print()
        table(("question", "wall s", "cpu s", "peak MiB", "× plain"), rows)


def _build(path: Path, services: int, weeks: int) -> None:
    run_apart(lambda: _make_offers(path, OFFERS))
    figure = run_apart(lambda: build(path, services, weeks))
    with closing(sqlite3.connect(path / DATABASE)) as connection:
        (entries,) = connection.execute("SELECT count(*) FROM entry WHERE to_release IS NULL").fetchone()
    size = (path / DATABASE).stat().st_size / 1e9
    print(
        f"{services:,} services, {entries:,} entries, {weeks} releases: {size:.1f} GB, "
        f"built in {figure.wall:.0f} s, at most {figure.peak:.0f} MiB",
        flush=True,
    )


def _asked(
    folder: Path,
    asked: Registry,
    now: datetime,
    question: Callable[[ReleaseView], object],
) -> tuple[float, float, float]:
    """Return wall and processor seconds of one question, and the peak MiB of its process."""
    told = folder / "told.json"

    def work() -> None:
        from syncd.pipeline.ask import Ask
        from syncd.storage import open_store

        with open_store(f"sqlite:///{folder / DATABASE}") as store:
            view = Ask(store, asked, lambda: now).view()
            wall, cpu = time.perf_counter(), time.process_time()
            question(view)
            told.write_bytes(orjson.dumps([time.perf_counter() - wall, time.process_time() - cpu]))

    peak = run_apart(work).peak
    wall, cpu = orjson.loads(told.read_bytes())
    return wall, cpu, peak


def _floors(folder: Path) -> tuple[Question, ...]:
    def entries(_: ReleaseView) -> None:
        with closing(sqlite3.connect(folder / DATABASE)) as connection:
            for (payload,) in connection.execute(
                "SELECT payload FROM entry WHERE to_release IS NULL AND evidence >= 5 "
                "ORDER BY service_key, area_code"
            ):
                orjson.loads(payload)

    def rows(_: ReleaseView) -> None:
        with closing(sqlite3.connect(folder / DATABASE)) as connection:
            for (cells,) in connection.execute("SELECT cells FROM coverage WHERE to_release IS NULL"):
                zlib.decompress(cells[1:])

    return (
        Question("nothing", lambda view: view.line),
        Question(ENTRIES, entries),
        Question(ROWS, rows),
    )


def _questions() -> tuple[Question, ...]:
    return (*_deciding(), *_comparing(), *_spreading(), *_counting(), *_reporting())


def _deciding() -> Iterable[Question]:
    from syncd.pipeline.blueprint import blueprint
    from syncd.pipeline.gaps import GapQuery
    from syncd.pipeline.place import place_of
    from syncd.pipeline.priorities import priorities
    from syncd.pipeline.reuse import reuse

    def ordered(view: ReleaseView, place: str) -> object:
        return priorities(view, place_of(view, place))

    def fitting(view: ReleaseView, most: int, service: str | None = None) -> object:
        query = GapQuery(area=view.area(TOWN), service_key=service)
        return _drained(reuse(view, query), most)

    def differing(view: ReleaseView, place: str, model: str, most: int | None = None) -> object:
        return _drained(blueprint(view, place_of(view, place), place_of(view, model)), most)

    for place in (TOWN, LAND, BUND):
        yield Question(f"priorities {_NAMES[place]}", partial(ordered, place=place), _only(place, ENTRIES))
    yield Question("reuse: one gap", partial(fitting, most=1))
    yield Question("reuse: page of 25 gaps", partial(fitting, most=25))
    yield Question("blueprint: two towns", partial(differing, place=TOWN, model=OTHER))
    yield Question("blueprint: two cohorts", partial(differing, place="staedte", model="mittelhessen"))
    yield Question("blueprint: page", partial(differing, place=TOWN, model=OTHER, most=PAGE))


def _comparing() -> Iterable[Question]:
    from syncd.pipeline.uniformity import deviation_page, distance_of, uniformities

    def uniform(view: ReleaseView, place: str, most: int | None = None) -> object:
        return _drained(uniformities(view, area=_area(view, place)), most)

    def far(view: ReleaseView, place: str) -> object:
        return distance_of(view, view.area(place))

    def deviating(view: ReleaseView, place: str) -> object:
        return deviation_page(view, PAGE - 1, area=_area(view, place))

    for place in (TOWN, LAND, BUND):
        yield Question(f"uniformity {_NAMES[place]}", partial(uniform, place=place), _only(place, ENTRIES))
        yield Question(f"uniformity page {_NAMES[place]}", partial(uniform, place=place, most=PAGE))
    for place in (TOWN, BUND):
        name = f"uniformity --summary {_NAMES[place]}"
        yield Question(name, partial(far, place=place), _only(place, ENTRIES))
    yield Question("uniformity --deviations page town", partial(deviating, place=TOWN))


def _spreading() -> Iterable[Question]:
    from syncd.pipeline.adoption import adoption, stalls
    from syncd.pipeline.media_breaks import channel_page, channels
    from syncd.rules.media_breaks import Finding

    def breaking(view: ReleaseView, place: str) -> object:
        return _drained(channels(view, area=_area(view, place)))

    def page(view: ReleaseView, place: str, *findings: Finding) -> object:
        wanted = frozenset(findings or Finding)
        return channel_page(view, PAGE - 1, area=_area(view, place), findings=wanted)

    def curve(view: ReleaseView, place: str) -> object:
        return adoption(view, key_of(7), area=_area(view, place))

    def still(view: ReleaseView, place: str, most: int | None = None) -> object:
        return _drained(stalls(view, area=_area(view, place)), most)

    for place in (TOWN, LAND, BUND):
        yield Question(f"media-breaks {_NAMES[place]}", partial(breaking, place=place), _only(place, ENTRIES))
    for place in (LAND, BUND):
        yield Question(f"media-breaks page {_NAMES[place]}", partial(page, place=place))
    yield Question(
        "media-breaks page, rare finding", lambda view: page(view, BUND, Finding.CONTRADICTED_BY_OPERATOR)
    )
    for place in (TOWN, BUND):
        yield Question(f"adoption: one service, {_NAMES[place]}", partial(curve, place=place))
        yield Question(f"adoption --stalls {_NAMES[place]}", partial(still, place=place), _only(place, ROWS))
    yield Question("adoption --stalls page Germany", partial(still, place=BUND, most=PAGE))


def _counting() -> Iterable[Question]:
    from syncd.pipeline.figures import By, FiguresQuery, figures

    def counted(view: ReleaseView, place: str, by: By, most: int | None = None) -> object:
        return _drained(figures(view, FiguresQuery(place=place, by=by), at_once=most), most)

    for place in (TOWN, BUND):
        for by in (By.TOTAL, By.AREA, By.LEVEL, By.THEME, By.SERVICE):
            name = f"coverage --by {by} {_NAMES[place]}"
            yield Question(name, partial(counted, place=place, by=by), _only(place, ROWS))
    yield Question("coverage --by level page Germany", partial(counted, place=BUND, by=By.LEVEL, most=PAGE))
    yield Question(
        "coverage --by service page Germany", partial(counted, place=BUND, by=By.SERVICE, most=PAGE)
    )


def _reporting() -> Iterable[Question]:
    from syncd.pipeline.report import report

    def told(view: ReleaseView, place: str) -> object:
        return report(view, place, language="de")

    for place in (TOWN, LAND, BUND):
        yield Question(f"report {_NAMES[place]}", partial(told, place=place), _only(place, ENTRIES))


_NAMES: Final = {TOWN: "town", LAND: "Land", BUND: "Germany"}


def _only(place: str, floor: str) -> str:
    """Return the baseline for the whole country, none for a part of it."""
    return floor if place == BUND else ""


def _area(view: ReleaseView, place: str) -> Any:  # noqa: ANN401 - imported late
    return None if place == BUND else view.area(place)


def _drained(found: Iterable[object], most: int | None = None) -> int:
    return sum(1 for _ in islice(found, most))


if __name__ == "__main__":
    main()
