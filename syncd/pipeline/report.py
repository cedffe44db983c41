"""Use case: one report about a place under one obligation, as of one release.

Put together from sections that each read the release service by service; nothing is decided here, and
everything a section says stands in :mod:`syncd.rules.report_words`. Must not know how a report looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from syncd.errors import NotFound
from syncd.model.coverage import CellState, Tier
from syncd.model.report import Column, ColumnKind, Map, Report, Section, Shade, Table
from syncd.pipeline.place import place_of, subject_of
from syncd.pipeline.report_action import action, breaks, uniformity
from syncd.pipeline.report_background import changes, methods
from syncd.pipeline.report_causes import Causes, with_causes
from syncd.pipeline.report_rollout import rollout
from syncd.pipeline.service_names import ServiceNames
from syncd.rules.assess import STATES
from syncd.rules.coverage_codec import unpack_cells
from syncd.rules.report_words import REPORT
from syncd.rules.words import STATES as STATE_WORDS
from syncd.rules.words import TIERS, number, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    import numpy.typing as npt

    from syncd.model.coverage import Obligation
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.place import Place
    from syncd.pipeline.ports import CoverageRow

    Numbers = npt.NDArray[np.int64]

_SHADES = 5
_LONGEST = 1_000
"""Bodies a table lists one by one: enough for any Land but no page of a hundred sheets."""
_COVERED = [int(state) for state in CellState if state.is_covered]
_GAPS = [int(state) for state in CellState if state.is_gap]
_SHOWN = tuple(state for state in CellState if state is not CellState.NOT_OWED)


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a report is ordered for: a place, an obligation, a language and what to compare with.

    ``names``: it may name the people gaps are assigned to.
    """

    view: ReleaseView
    place: Place
    obligation: Obligation
    language: str
    since: datetime | None = None
    names: bool = False
    _cells: dict[Tier, tuple[npt.NDArray[np.bool_], Numbers]] = field(default_factory=dict, compare=False)
    _names: ServiceNames = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Begin without any name read."""
        object.__setattr__(self, "_names", ServiceNames(self.view))

    def cells(self, line: Tier) -> tuple[npt.NDArray[np.bool_], Numbers]:
        """Return the cells of the place on a line and their inhabitants, worked out once."""
        if line not in self._cells:
            self._cells[line] = self.place.cells(self.view, line)
        return self._cells[line]

    def service_name(self, service_key: str) -> str:
        """Return what a service is called."""
        return self._names[service_key]

    def source(self, source_id: str) -> str:
        """Return the title of a source, as the release had it."""
        facts = self.view.release.inputs["sources"].get(source_id, {})
        return str(facts.get("title") or source_id)

    @property
    def line(self) -> Tier:
        """The line of the headline figures: municipalities, or Kreise where the place has none.

        Only one, because a task of the Kreis is counted a second time where its people live.
        """
        has_any = bool(self.cells(Tier.GEMEINDE)[0].any())
        return Tier.GEMEINDE if has_any else Tier.KREIS

    def say(self, code: str, **values: object) -> str:
        """Return the words of a code."""
        return say(REPORT, code, self.language).format(**values)

    def state(self, label: str) -> str:
        """Return the word of a state."""
        return say(STATE_WORDS, label, self.language)

    def number(self, value: int) -> str:
        """Return a number inside of a sentence."""
        return number(value, self.language)

    def rows(self) -> Iterator[CoverageRow]:
        """Yield the coverage rows of the obligation, by line and service key."""
        number, name = self.view.release.number, self.obligation.obligation_id
        yield from self.view.store.coverage(number, obligation_id=name)


@dataclass(slots=True)
class _Counted:
    """States counted in one pass over the rows: per line a matrix (bodies × states), and rows of services."""

    masks: dict[Tier, npt.NDArray[np.bool_]]
    people: dict[Tier, Numbers]
    bodies: dict[Tier, npt.NDArray[np.int64]]
    services: dict[Tier, list[tuple[str, str, Numbers, Numbers]]]
    causes: dict[Tier, Causes]

    def matrix(self, line: Tier) -> Numbers:
        """Cells by body and state on one line, of shape (bodies, states)."""
        return self.bodies.get(line, np.zeros((0, STATES), dtype=np.int64))


def report(
    view: ReleaseView,
    subject: str,
    *,
    language: str,
    obligation_id: str | None = None,
    since: datetime | None = None,
    names: bool = False,
) -> Report:
    """Return the report about an area or cohort; raises NotFound for an unknown subject or obligation.

    ``since`` is the instant whose release changes are counted from; None compares with the first one kept.
    ``names`` names the people gaps are assigned to, which is for operators only.
    """
    place = place_of(view, subject)
    ordered = Ordered(view, place, obligation_of(view, obligation_id), language, since, names)
    counted = _count(ordered)
    doing = action(ordered, int(counted.matrix(ordered.line).sum(axis=0)[_GAPS].sum()))
    builders: tuple[Callable[[], Section], ...] = (
        partial(_summary, ordered, counted, doing.first),
        lambda: with_causes(ordered, doing.section, counted.causes.get(ordered.line)),
        partial(rollout, ordered),
        partial(_areas, ordered, counted),
        partial(_services, ordered, counted),
        partial(breaks, ordered),
        partial(uniformity, ordered),
        partial(changes, ordered),
        partial(methods, ordered),
    )
    return Report(
        subject=subject_of(view, subject),
        title=ordered.say("title", place=place.name),
        subtitle=ordered.say("obligation", title=ordered.obligation.title),
        language=language,
        release=view.release.number,
        release_digest=view.release.digest,
        as_of=view.release.published_at.date(),
        facts=_facts(ordered, counted),
        sections=tuple(build() for build in builders),
    )


def obligation_of(view: ReleaseView, obligation_id: str | None) -> Obligation:
    """Return the obligation of that id, or the first one; raises NotFound."""
    for obligation in view.obligations:
        if obligation_id in {None, obligation.obligation_id}:
            return obligation
    known = ", ".join(o.obligation_id for o in view.obligations) or "none"
    raise NotFound(
        f"there is no obligation '{obligation_id}' (known: {known})",
        code="unknown_obligation",
        fix="Use one of config/obligations.",
    )


def _count(ordered: Ordered) -> _Counted:
    view = ordered.view
    counted = _Counted({}, {}, {}, {}, {})
    for row in ordered.rows():
        line = Tier(row.line)
        if line not in counted.masks:
            mask, people = ordered.cells(line)
            counted.masks[line], counted.people[line] = mask, people
            counted.bodies[line] = np.zeros((len(mask), STATES), dtype=np.int64)
            counted.services[line] = []
            counted.causes[line] = Causes()
        mask, people = counted.masks[line], counted.people[line]
        if not mask.any():
            continue
        whole = unpack_cells(row.cells)
        state = np.where(mask, whole.state, np.uint8(CellState.NOT_OWED))
        if not state.any():
            continue
        counted.bodies[line][np.arange(len(state)), state] += mask
        cells = np.bincount(state[mask], minlength=STATES).astype(np.int64)
        inhabitants = np.bincount(state[mask], weights=people[mask], minlength=STATES).astype(np.int64)
        name = ordered.service_name(row.service_key)
        counted.services[line].append((row.service_key, name, cells, inhabitants))
        owed_by = view.duties[row.obligation_id, row.line, row.service_key].owed_by
        counted.causes[line].add(owed_by, whole.cause[np.isin(state, _GAPS)])
    return counted


def _owed(counts: Numbers) -> int:
    return int(counts.sum() - counts[CellState.NOT_OWED])


def _facts(ordered: Ordered, counted: _Counted) -> tuple[tuple[str, str], ...]:
    matrix = counted.matrix(ordered.line)
    total, bodies = matrix.sum(axis=0), int((matrix[:, 1:].sum(axis=1) > 0).sum())
    figures = {
        # Cohorts may name a Kreis and a municipality inside it: everybody is counted once.
        "people": int(ordered.cells(ordered.line)[1].sum()),
        "bodies": bodies,
        "owed": _owed(total),
        "covered": int(total[_COVERED].sum()),
        "gaps": int(total[_GAPS].sum()),
        "unknown": int(total[CellState.UNKNOWN]),
    }
    return tuple((ordered.say(name), ordered.number(value)) for name, value in figures.items())


def _summary(ordered: Ordered, counted: _Counted, first: str) -> Section:
    total = counted.matrix(ordered.line).sum(axis=0)
    figures = {state.label: ordered.number(int(total[state])) for state in _SHOWN}
    gaps = [
        ordered.say(f"summary_{state.label}", count=figures[state.label])
        for state in _SHOWN
        if state.is_gap and int(total[state])
    ]
    figures |= {
        "owed": ordered.number(_owed(total)),
        "covered": ordered.number(int(total[_COVERED].sum())),
        "gaps": ordered.number(int(total[_GAPS].sum())),
    }
    sentences = [ordered.say("summary_cells", **figures)]
    if gaps:
        sentences[0] += " " + ordered.say("summary_gaps", kinds=", ".join(gaps), **figures)
    if int(total[CellState.UNKNOWN]):
        sentences[0] += " " + ordered.say("summary_of_unknown", **figures)
    if 2 * int(total[CellState.UNKNOWN]) > _owed(total):
        sentences.append(ordered.say("summary_unknown"))
    if first:
        sentences.append(first)
    return Section("summary", ordered.say("summary"), tuple(sentences))


def _areas(ordered: Ordered, counted: _Counted) -> Section:
    tables, texts = [], []
    shown: Map | None = None
    for line, matrix in counted.bodies.items():
        tier = ordered.view.line.tier(line)
        positions = [int(p) for p in np.flatnonzero(matrix[:, 1:].sum(axis=1))]
        rows = [(tier.codes[p], matrix[p]) for p in positions]
        if 1 < len(rows) <= _LONGEST and line is Tier.GEMEINDE:
            shown = _map(ordered, rows)
        if len(rows) > _LONGEST:
            texts.append(ordered.say("areas_more", shown=_LONGEST, all=ordered.number(len(rows))))
            people = ordered.view.line.areas
            rows = sorted(rows, key=lambda row: (-people[row[0]].population, row[0]))[:_LONGEST]
        tables.append(_areas_table(ordered, line, rows))
    return Section("areas", ordered.say("areas"), tuple(texts), tables=tuple(tables), map=shown)


def _map(ordered: Ordered, rows: list[tuple[str, Numbers]]) -> Map:
    areas = ordered.view.line.areas
    return Map(
        ordered.say("map"),
        tuple(
            Shade(
                code,
                areas[code].name,
                _shade(counts),
                ordered.say(
                    "area_text",
                    covered=int(counts[_COVERED].sum()),
                    owed=_owed(counts),
                    unknown=int(counts[CellState.UNKNOWN]),
                ),
            )
            for code, counts in rows
        ),
        tuple(ordered.say(f"shade_{shade}") for shade in range(_SHADES)),
        ordered.say("shade_unknown"),
        ordered.say("map_note"),
    )


def _shade(counts: Numbers) -> int | None:
    """Return the class of an area by fifths; None where more than half is unknown."""
    owed = _owed(counts)
    if 2 * int(counts[CellState.UNKNOWN]) > owed:
        return None
    return min(_SHADES - 1, _SHADES * int(counts[_COVERED].sum()) // owed)


def _areas_table(ordered: Ordered, line: Tier, rows: list[tuple[str, Numbers]]) -> Table:
    areas = ordered.view.line.areas
    number = ColumnKind.NUMBER
    return Table(
        f"areas_{line.value}",
        ordered.say("areas_table", line=say(TIERS, line.value, ordered.language)),
        (
            Column(ordered.say("col_area")),
            Column(ordered.say("col_people"), number),
            Column(ordered.say("col_owed"), number),
            *(Column(ordered.state(state.label), number) for state in _SHOWN),
            Column(ordered.say("col_share"), ColumnKind.SHARE),
        ),
        tuple(
            (
                areas[code].name,
                areas[code].population,
                _owed(counts),
                *(int(counts[state]) for state in _SHOWN),
                int(counts[_COVERED].sum()) / _owed(counts),
            )
            for code, counts in rows
        ),
        ordered.say("areas_note"),
    )


def _services(ordered: Ordered, counted: _Counted) -> Section:
    tables = []
    number, share = ColumnKind.NUMBER, ColumnKind.SHARE
    for line, services in counted.services.items():
        columns = (
            Column(ordered.say("col_service")),
            Column(ordered.say("col_key")),
            *(Column(ordered.state(state.label), number) for state in _SHOWN),
            Column(ordered.say("area_wide")),
            Column(ordered.say("col_share_bodies"), share),
            Column(ordered.say("col_share_people"), share),
        )
        rows = tuple(
            (
                name,
                key,
                *(int(cells[state]) for state in _SHOWN),
                ordered.say("yes" if int(cells[_COVERED].sum()) == _owed(cells) else "no"),
                int(cells[_COVERED].sum()) / _owed(cells),
                int(people[_COVERED].sum()) / _owed(people) if _owed(people) else None,
            )
            for key, name, cells, people in services
            if _owed(cells)
        )
        if rows:
            title = ordered.say("services_table", line=say(TIERS, line.value, ordered.language))
            tables.append(Table(f"services_{line.value}", title, columns, rows, ordered.say("services_note")))
    return Section("services", ordered.say("services"), tables=tuple(tables))
