"""A national store with entries for the bench of planning questions: offers, coverage and some months of it.

The offers are those of ``bench.coverage``; here each also becomes a merged entry of the usual size, on one of
a few engines: a Land's, a Kreis' or one of its own. Releases follow each other weekly, so that trends and
curves have something to read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.coverage import FIRST, INPUTS, _Country, _keep_inputs, _registry, key_of, service_of

if TYPE_CHECKING:
    from syncd.pipeline.ports import EntryRow, PartitionResult
    from syncd.pipeline.registry import Registry
    from syncd.rules.coverage_codec import Words
    from syncd.storage import SqlStore

WEEKS: Final = 14
"""Weekly releases: more than the ninety days over which reuse looks for a trend."""
CHANGED_OF: Final = 100
"""One service of so many changes each week, in forty towns."""
SOURCE: Final = "bench"
DATABASE: Final = "syncd.sqlite"
COHORTS: Final = {
    "mittelhessen": ("06531", "06532", "06533", "06534", "06535"),
    "staedte": ("065310005005", "064120000000", "064140000000", "066110000000"),
}
_FACTS: Final = {
    "title": "Synthetic portal",
    "fresh": True,
    "spoken": True,
    "silence_means_absence": False,
    "areas": ["00"],
}
_TEXT: Final = "Wer die Leistung braucht, beantragt sie bei der zuständigen Stelle. "
_PATHS: Final = (
    "/civ.public/start.html?oe={area}&mode=cc&cc_key=s{number}",
    "/intelliform/forms/{area}/s{number}/index",
    "/metaform/Form-Solutions/sid/assistant?areashortname={area}&shortname=s{number}",
    "/dienste/s{number}",
)


def build(folder: Path, services: int, weeks: int) -> None:
    """Write the store of the first so many services into a folder that has the offers."""
    from syncd.storage import open_store

    with open_store(f"sqlite:///{folder / DATABASE}") as store:
        country = _Country(folder)
        _keep_inputs(country, store)
        _publish(folder, country, store, services, weeks)


def registry(folder: Path) -> Registry:
    """Return the configuration the store is asked with."""
    from dataclasses import replace

    from syncd.model.coverage import Cohort

    found: Registry = _registry(_Country(folder))
    cohorts = tuple(Cohort(name, name.title(), areas) for name, areas in COHORTS.items())
    return replace(found, cohorts=cohorts)


def _publish(folder: Path, country: _Country, store: SqlStore, services: int, weeks: int) -> None:
    import numpy as np

    from syncd.pipeline.ports import ReleaseDraft

    random = np.random.default_rng(20261123)
    stock = _Stock(folder, country)
    chosen = list(range(services))
    for week in range(weeks):
        if week:
            chosen = sorted({int(s) for s in random.integers(0, services, max(1, services // CHANGED_OF))})
            for service in chosen:
                for position in random.integers(0, len(country.line), 40):
                    stock.adopt(service, int(position))
        store.publish(
            ReleaseDraft(
                results=(stock.result(number, week + 1) for number in chosen),
                totals=stock.totals(),
                inputs=INPUTS | {"sources": {SOURCE: _FACTS}},
                inputs_digest="bench",
                published_at=FIRST + timedelta(weeks=week),
                dirty_up_to=0,
            )
        )


class _Stock:
    """All offers of the country as entries and coverage rows, service by service."""

    def __init__(self, folder: Path, country: _Country) -> None:
        import numpy as np

        self._country = country
        offers = np.load(folder / "offers.npz")
        self._service, self._spans, self._rungs = offers["service"], offers["intervals"], offers["evidence"]
        self._more: dict[int, dict[str, int]] = {}
        self._rows: dict[int, tuple[Any, Words]] = {}
        self._codes: dict[tuple[int, int], str] = {}
        for code in sorted(country.line.areas, key=lambda code: (-len(code), code)):
            if (span := country.line.interval(code)) is not None:
                self._codes.setdefault((int(span[0]), int(span[1])), code)

    def adopt(self, service: int, position: int) -> None:
        """Let one more municipality offer a service online."""
        self._country.change(service, position)
        code = self._codes[position, position + 1]
        self._more.setdefault(service, {})[code] = 6

    def totals(self) -> tuple[Any, ...]:
        """Return no totals: none of the questions reads them."""
        return ()

    def result(self, number: int, release: int) -> PartitionResult:
        """Return what a rebuild of one service would."""
        from syncd.pipeline.ports import CoverageRow, PartitionResult
        from syncd.rules.assess import count
        from syncd.rules.coverage_codec import pack_cells, pack_numbers, since

        cells = self._country.cells(number)
        began = since(cells.state, release=release, before=self._rows.get(number))
        self._rows[number] = cells.state, began
        digest, packed = pack_cells(cells)
        counts = count(cells, self._country.people)
        row = CoverageRow("alltag", "gemeinde", key_of(number), digest, packed, pack_numbers(began), counts)
        entries = tuple(self._entries(number))
        return PartitionResult(key_of(number), digest, service_of(number), entries, (row,))

    def _entries(self, number: int) -> Iterator[EntryRow]:
        import numpy as np

        first, end = np.searchsorted(self._service, (number, number + 1))
        rungs: dict[str, int] = {}
        for (start, stop), rung in zip(
            self._spans[first:end].tolist(), self._rungs[first:end].tolist(), strict=True
        ):
            code = self._codes[start, stop]
            rungs[code] = max(rung, rungs.get(code, 0))
        rungs |= self._more.get(number, {})
        return (_entry(number, code, rung) for code, rung in sorted(rungs.items()))


def _entry(number: int, code: str, rung: int) -> EntryRow:
    from syncd.model.area import AreaKey
    from syncd.model.entry import Entry, Provenance, Statement
    from syncd.model.evidence import Channel, ChannelKind, Evidence, GradedChannel
    from syncd.model.service import ServiceKey
    from syncd.pipeline.entry_codec import encode_entry

    evidence = Evidence(rung)
    origin = Provenance(SOURCE, f"{number}-{code}")
    page = GradedChannel(
        Channel(ChannelKind.PAGE, f"https://portal.example/{number}/{code}", "Beschreibung"),
        Evidence.DESCRIPTION,
        "claim.page",
    )
    kind, rule = _KINDS[evidence]
    best = GradedChannel(
        Channel(ChannelKind(kind), _address(number, code), f"Leistung {number} beantragen"), evidence, rule
    )
    channels = (best, page) if evidence > Evidence.DESCRIPTION else (page,)
    said = {"title": f"Leistung {number}", "language": "de", "description": _TEXT * 3}
    return encode_entry(
        Entry(
            ServiceKey(key_of(number)),
            AreaKey(code),
            {name: (Statement(value, origin, 0),) for name, value in said.items()},
            tuple((channel, origin) for channel in channels),
            evidence,
            None,
            (),
            (origin,),
        )
    )


_KINDS: Final = {
    1: ("page", "claim.page"),
    2: ("contact", "claim.contact"),
    3: ("appointment", "claim.appointment"),
    4: ("pdf", "claim.pdf"),
    5: ("form", "claim.form"),
    6: ("online_service", "claim.online_service"),
    7: ("online_service", "claim.end_to_end"),
}


def _address(number: int, code: str) -> str:
    """Return the link of an offer: of ten towns one has a host of its own, others share by Kreis or Land."""
    place = int(code) if code.isdigit() else 0
    draw = (place * 7919 + number * 104_729) % 10
    host = (
        f"www.stadt-{code}.example"
        if draw == 0
        else f"formulare.kreis-{code[:5]}.example"
        if draw < 4
        else f"service.land-{code[:2]}.example"
    )
    return f"https://{host}{_PATHS[draw % len(_PATHS)].format(area=code, number=number)}"
