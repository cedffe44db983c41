"""What an offer makes of a cell: the whole table of reasons, strongest first."""

from __future__ import annotations

from itertools import product

import pytest

from syncd.model.coverage import CellState, GapCause
from syncd.model.evidence import Evidence
from syncd.rules.assess import Mark, verdict

FRESH, LOCAL, DEAD = Mark.FRESH, Mark.LOCAL, Mark.DEAD
OTHER_KEY, CONFLICT, NAMELESS = Mark.OTHER_KEY, Mark.CONFLICT, Mark.NAMELESS
EVERYTHING_WRONG = DEAD | OTHER_KEY | CONFLICT | NAMELESS
FORM, PDF, TEXT = Evidence.ONLINE_FORM, Evidence.PDF_FORM, Evidence.DESCRIPTION

TABLE = [
    # marks, rung, runs elsewhere, state, cause
    (FRESH | LOCAL, FORM, True, CellState.OWN, GapCause.NONE),
    (FRESH, FORM, True, CellState.INHERITED, GapCause.NONE),
    (FRESH | LOCAL | EVERYTHING_WRONG, FORM, True, CellState.OWN, GapCause.NONE),
    (FRESH | LOCAL | EVERYTHING_WRONG, PDF, True, CellState.DEAD, GapCause.DEAD_LINK),
    (FRESH | LOCAL | EVERYTHING_WRONG & ~DEAD, PDF, True, CellState.OFFLINE, GapCause.MEDIA_BREAK),
    (FRESH | LOCAL, Evidence.APPOINTMENT, True, CellState.OFFLINE, GapCause.MEDIA_BREAK),
    (FRESH | EVERYTHING_WRONG & ~DEAD, TEXT, True, CellState.OFFLINE, GapCause.WRONG_KEY),
    (FRESH | CONFLICT | NAMELESS, TEXT, True, CellState.OFFLINE, GapCause.CONFLICT),
    (FRESH | NAMELESS, TEXT, True, CellState.OFFLINE, GapCause.NO_AUTHORITY),
    (FRESH, TEXT, True, CellState.OFFLINE, GapCause.SOLUTION_NOT_CONNECTED),
    (FRESH, Evidence.CONTACT, False, CellState.OFFLINE, GapCause.DESCRIBED_NOT_ONLINE),
]


@pytest.mark.parametrize(("marks", "rung", "running", "state", "cause"), TABLE)
def test_the_first_reason_that_holds_is_the_one_to_act_on(
    marks: Mark, rung: Evidence, running: bool, state: CellState, cause: GapCause
) -> None:
    assert verdict(marks, rung, Evidence.ONLINE_FORM, running=running) == (state, cause)


def test_only_what_a_fresh_source_says_meets_a_duty() -> None:
    for rung, minimum in product(Evidence, Evidence):
        covered = verdict(FRESH, rung, minimum, running=True)[0].is_covered
        assert covered == (rung >= minimum)
        assert not verdict(LOCAL, rung, minimum, running=True)[0].is_covered


def test_every_offer_that_does_not_meet_its_duty_names_a_cause() -> None:
    for bits, rung, running in product(range(1 << len(Mark)), range(FORM), (False, True)):
        state, cause = verdict(Mark(bits), rung, Evidence.ONLINE_FORM, running=running)
        assert state.is_gap
        assert cause not in {GapCause.NONE, GapCause.NO_SOURCE, GapCause.NOT_DESCRIBED, GapCause.STALE}
