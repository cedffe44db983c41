"""The sections of a report that say what to do: priorities with a running solution, breaks, uniformity."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from syncd.model.report import Column, ColumnKind, Section, Table
from syncd.pipeline.media_breaks import channels
from syncd.pipeline.priorities import priorities
from syncd.pipeline.report_status import standings
from syncd.pipeline.uniformity import uniformities
from syncd.rules.plan_words import CASES_UNKNOWN, FINDINGS, FORMULA
from syncd.rules.words import CAUSE_NAMES, CAUSES, EVIDENCE, say

if TYPE_CHECKING:
    from syncd.model.report import Value
    from syncd.pipeline.priorities import Priority
    from syncd.pipeline.report import Ordered

_LONGEST = 100
_MARK = "platform"


@dataclass(frozen=True, slots=True)
class Action:
    """The section, and one sentence about where to start (empty where nothing is known)."""

    section: Section
    first: str


def action(ordered: Ordered, gaps: int) -> Action:
    """Return the gaps by priority, each with who owes it, what runs elsewhere and what was said of it.

    ``gaps`` is how many gaps the place has on its line.
    """
    line = ordered.line.value
    every = priorities(ordered.view, ordered.place, obligation_id=ordered.obligation.obligation_id)
    found = [one for one in every if one.need.key[1] == line]
    if not found:
        return Action(Section("action", ordered.say("action"), (ordered.say("action_none"),)), "")
    unknown = sum(1 for one in found if one.need.weight.figure is None)
    texts = [
        FORMULA[ordered.language],
        CASES_UNKNOWN[ordered.language].format(unknown=unknown, services=len(found)),
    ]
    if len(found) > _LONGEST:
        texts.append(ordered.say("action_more", shown=_LONGEST, all=len(found)))
    doing = standings(ordered, gaps)
    shown = found[:_LONGEST]
    extra = doing.columns([one.need.key for one in shown])
    table = Table(
        "priorities",
        ordered.say("action_table"),
        (
            Column(ordered.say("col_service")),
            Column(ordered.say("col_key")),
            Column(ordered.say("col_without"), ColumnKind.NUMBER),
            Column(ordered.say("col_bodies"), ColumnKind.NUMBER),
            Column(ordered.say("col_body")),
            Column(ordered.say("col_cause")),
            Column(ordered.say("col_priority"), ColumnKind.NUMBER),
            Column(ordered.say("col_solution")),
            *(column for column, _ in extra),
        ),
        tuple(
            (*_row(ordered, one), *(values[place] for _, values in extra)) for place, one in enumerate(shown)
        ),
    )
    first = found[0]
    return Action(
        Section("action", ordered.say("action"), (*texts, *doing.sentences()), (table, *doing.tables())),
        ordered.say(
            "summary_first",
            service=first.service_name,
            people=ordered.number(first.need.people),
            body=first.body_name,
            cause=say(CAUSES, first.cause.label, ordered.language),
        ),
    )


def _row(ordered: Ordered, one: Priority) -> tuple[str | int, ...]:
    return (
        one.service_name,
        one.need.key[2],
        one.need.people,
        one.need.bodies,
        one.body_name,
        say(CAUSE_NAMES, one.cause.label, ordered.language),
        round(one.need.priority),
        _best(ordered, one),
    )


def _best(ordered: Ordered, one: Priority) -> str:
    """Return the solution that fits best, and whether it is one for another variant of the service."""
    if one.best is None:
        return ordered.say("nobody_elsewhere")
    name = one.best.solution.name
    same = one.best.solution.service_key == one.need.key[2]
    return name if same else ordered.say("other_variant", solution=name)


def breaks(ordered: Ordered) -> Section:
    """Return the channels of the place whose path leaves the screen or contradicts what was claimed."""
    columns = (
        Column(ordered.say("col_service")),
        Column(ordered.say("col_area")),
        Column(ordered.say("col_finding")),
        Column(ordered.say("col_rung")),
        Column(ordered.say("col_address"), ColumnKind.LINK),
        Column(ordered.say("col_source")),
    )
    inside = tuple(area.code for area in ordered.place.areas)
    # Cohorts may name a Kreis and a municipality inside it.
    found: dict[tuple[str, str, int], tuple[Value, ...]] = {}
    for area in ordered.place.areas:
        # What comes from above is not theirs to mend.
        own = channels(ordered.view, area=area, within=inside)
        for channel in islice(own, _LONGEST + 1):
            found[channel.service_key, channel.area_code, channel.number] = (
                ordered.service_name(channel.service_key),
                channel.area_name,
                say(FINDINGS, channel.finding, ordered.language),
                say(EVIDENCE, channel.evidence, ordered.language),
                channel.url,
                ordered.source(channel.source_id),
            )
    if not found:
        return Section("breaks", ordered.say("breaks"), (ordered.say("nothing"),))
    texts = (ordered.say("breaks_more", shown=_LONGEST),) if len(found) > _LONGEST else ()
    rows = tuple(islice(found.values(), _LONGEST))
    table = Table("breaks", ordered.say("breaks_table"), columns, rows, ordered.say("breaks_note"))
    return Section("breaks", ordered.say("breaks"), texts, tables=(table,))


def uniformity(ordered: Ordered) -> Section:
    """Return, for single areas, how many different platforms do the same task."""
    rows: list[tuple[Value, ...]] = []
    for area in ordered.place.areas:
        # Figures of the area alone: what leads nationwide would have to be read from all of Germany.
        for found in uniformities(ordered.view, area=area, compared=False):
            spread = found.figures.spreads[_MARK]
            if spread.number > 1:
                rows.append(
                    (
                        found.service_name,
                        area.name,
                        spread.number,
                        f"{spread.effective_by_bodies:.1f}",
                        spread.largest_share_of_bodies,
                        spread.uses[0].value,
                    )
                )
    if not rows:
        return Section("uniformity", ordered.say("uniformity"), (ordered.say("nothing"),))
    table = Table(
        "uniformity",
        ordered.say("uniformity_table"),
        (
            Column(ordered.say("col_service")),
            Column(ordered.say("col_area")),
            Column(ordered.say("col_different"), ColumnKind.NUMBER),
            Column(ordered.say("col_effective")),
            Column(ordered.say("col_largest"), ColumnKind.SHARE),
            Column(ordered.say("col_leading")),
        ),
        tuple(rows[:_LONGEST]),
        ordered.say("uniformity_note"),
    )
    return Section("uniformity", ordered.say("uniformity"), tables=(table,))
