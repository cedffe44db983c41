"""Why the gaps of a report are gaps, and whose turn it is: counted while its rows are read.

Must not know where rows come from.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from syncd.model.coverage import GapCause
from syncd.model.report import Column, ColumnKind, Table
from syncd.rules.gap_life import responsible
from syncd.rules.gap_words import PARTIES
from syncd.rules.words import CAUSES, say

if TYPE_CHECKING:
    import numpy.typing as npt

    from syncd.model.coverage import Tier
    from syncd.model.report import Section
    from syncd.pipeline.report import Ordered
    from syncd.rules.gap_life import Party


@dataclass(slots=True)
class Causes:
    """Gaps and services by cause and by whose turn it is."""

    gaps: Counter[tuple[GapCause, Party]] = field(default_factory=Counter)
    services: Counter[tuple[GapCause, Party]] = field(default_factory=Counter)

    def add(self, owed_by: Tier, causes: npt.NDArray[np.uint8]) -> None:
        """Count the gaps of one service, given by their causes."""
        for cause, count in enumerate(np.bincount(causes).tolist()):
            if count:
                key = (GapCause(cause), responsible(owed_by, GapCause(cause)))
                self.gaps[key] += count
                self.services[key] += 1


def with_causes(ordered: Ordered, section: Section, causes: Causes | None) -> Section:
    """Return the section with a table of causes in front of its tables, where there are gaps."""
    if causes is None or not causes.gaps:
        return section
    number = ColumnKind.NUMBER
    rows = sorted(causes.gaps.items(), key=lambda item: (-item[1], item[0]))
    table = Table(
        "causes",
        ordered.say("causes_table"),
        (
            Column(ordered.say("col_cause")),
            Column(ordered.say("col_turn")),
            Column(ordered.say("col_gaps"), number),
            Column(ordered.say("col_services"), number),
        ),
        tuple(
            (
                say(CAUSES, cause.label, ordered.language),
                say(PARTIES, party.value, ordered.language),
                count,
                causes.services[cause, party],
            )
            for (cause, party), count in rows
        ),
        ordered.say("causes_note"),
    )
    return replace(section, tables=(table, *section.tables))
