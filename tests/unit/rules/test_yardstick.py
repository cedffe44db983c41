"""The yardstick rule: every answer of either side, and which rule decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncd.model.coverage import GapCause
from syncd.rules.words import CAUSES
from syncd.rules.yardstick import (
    AREA_WIDE_CLASSES,
    NOT_COUNTED_CLASS,
    OurCell,
    TheirCell,
    Theirs,
    Verdict,
    compare,
    their_word,
)
from syncd.rules.yardstick_words import RULES, THEIRS, VERDICTS

LAND_WIDE = ("landesweit flächendeckend",)
SOMEWHERE = ("in mind. einer Kommune verfügbar",)
ONLINE = OurCell(online=1)
OFFLINE = OurCell(cause=GapCause.DESCRIBED_NOT_ONLINE)
UNKNOWN = OurCell(unknown=1, cause=GapCause.NO_SOURCE)
STALE = replace(UNKNOWN, cause=GapCause.STALE)
NOT_OWED = OurCell()


@pytest.mark.parametrize(
    ("says", "ours", "verdict", "rule"),
    [
        (Theirs.ONLINE, ONLINE, Verdict.SAME, "both_online"),
        (Theirs.ONLINE, replace(ONLINE, independent=False), Verdict.SAME, "their_word_only"),
        (Theirs.ONLINE, OFFLINE, Verdict.THEIRS_ONLY, "described_not_online"),
        (Theirs.ONLINE, replace(OFFLINE, cause=GapCause.MEDIA_BREAK), Verdict.THEIRS_ONLY, "media_break"),
        (Theirs.ONLINE, replace(OFFLINE, cause=GapCause.DEAD_LINK), Verdict.THEIRS_ONLY, "dead_link"),
        (Theirs.ONLINE, replace(OFFLINE, cause=GapCause.NOT_DESCRIBED), Verdict.THEIRS_ONLY, "not_described"),
        (Theirs.ONLINE, NOT_OWED, Verdict.THEIRS_ONLY, "not_offered_here"),
        (Theirs.ONLINE, UNKNOWN, Verdict.UNKNOWN_HERE, "no_source_here"),
        (Theirs.ONLINE, STALE, Verdict.UNKNOWN_HERE, "stale_here"),
        (Theirs.NOT_LISTED, ONLINE, Verdict.OURS_ONLY, "not_listed_there"),
        (Theirs.NO_LINK, ONLINE, Verdict.OURS_ONLY, "no_link_there"),
        (Theirs.INACTIVE, ONLINE, Verdict.OURS_ONLY, "inactive_there"),
        (Theirs.LINK_DEAD, ONLINE, Verdict.OURS_ONLY, "link_dead_there"),
        (Theirs.LINK_DEAD, OFFLINE, Verdict.SAME, "both_not_online"),
        (Theirs.NO_LINK, UNKNOWN, Verdict.UNKNOWN_HERE, "no_source_here"),
        (Theirs.INACTIVE, NOT_OWED, Verdict.SAME, "both_not_online"),
    ],
)
def test_one_body(says: Theirs, ours: OurCell, verdict: Verdict, rule: str) -> None:
    judged = compare(TheirCell(says, SOMEWHERE), ours)
    assert (judged.verdict, judged.rule) == (verdict, rule)


@pytest.mark.parametrize(
    ("classes", "online", "unknown", "verdict", "rule"),
    [
        (LAND_WIDE, 5, 0, Verdict.SAME, "both_online"),
        (LAND_WIDE, 4, 0, Verdict.THEIRS_ONLY, "partly_here"),
        (LAND_WIDE, 4, 1, Verdict.UNKNOWN_HERE, "no_source_here"),
        (LAND_WIDE, 3, 1, Verdict.THEIRS_ONLY, "partly_here"),
        (LAND_WIDE, 0, 0, Verdict.THEIRS_ONLY, "not_described"),
        (SOMEWHERE, 1, 0, Verdict.SAME, "both_online"),
        (SOMEWHERE, 0, 1, Verdict.UNKNOWN_HERE, "no_source_here"),
        (SOMEWHERE, 0, 0, Verdict.THEIRS_ONLY, "not_described"),
        ((), 1, 4, Verdict.SAME, "both_online"),
        ((*LAND_WIDE, *SOMEWHERE), 4, 0, Verdict.THEIRS_ONLY, "partly_here"),
    ],
)
def test_an_area_above_is_held_to_its_class(
    classes: tuple[str, ...], online: int, unknown: int, verdict: Verdict, rule: str
) -> None:
    ours = OurCell(bodies=5, online=online, unknown=unknown, cause=GapCause.NOT_DESCRIBED)
    judged = compare(TheirCell(Theirs.ONLINE, classes), ours)
    assert (judged.verdict, judged.rule) == (verdict, rule)


def test_what_is_in_no_register_is_not_compared() -> None:
    theirs = TheirCell(Theirs.ONLINE, (NOT_COUNTED_CLASS,))
    assert compare(theirs, replace(ONLINE, known_service=False)).rule == "service_unknown_here"
    assert compare(theirs, replace(ONLINE, known_area=False)).rule == "area_unknown_here"


def test_what_is_not_counted_there_is_not_compared() -> None:
    judged = compare(TheirCell(Theirs.ONLINE, (NOT_COUNTED_CLASS,)), OFFLINE)
    assert (judged.verdict, judged.rule) == (Verdict.NOT_COUNTED, "not_counted_there")
    both = TheirCell(Theirs.ONLINE, (*LAND_WIDE, NOT_COUNTED_CLASS))
    assert compare(both, ONLINE).verdict is Verdict.SAME


@pytest.mark.parametrize(
    ("active", "dead", "says"),
    [
        ("ja", [False], Theirs.ONLINE),
        ("", [True, False], Theirs.ONLINE),
        ("ja", [True, True], Theirs.LINK_DEAD),
        ("ja", [], Theirs.NO_LINK),
        ("nein", [False], Theirs.INACTIVE),
    ],
)
def test_what_a_row_says(active: str, dead: list[bool], says: Theirs) -> None:
    assert their_word(active=active, dead=dead) is says


def test_unknown_is_never_a_difference() -> None:
    """Whatever the yardstick says: where we know nothing, no side is blamed."""
    for says in Theirs:
        for classes in ((), SOMEWHERE, LAND_WIDE):
            for bodies in (1, 3):
                ours = OurCell(bodies=bodies, unknown=bodies, cause=GapCause.STALE)
                assert compare(TheirCell(says, classes), ours).verdict is Verdict.UNKNOWN_HERE


def test_every_verdict_and_rule_has_its_words() -> None:
    assert set(VERDICTS) == set(Verdict)
    assert set(THEIRS) == set(Theirs)
    decided = set()
    for says in Theirs:
        for cause in GapCause:
            for online, unknown, bodies in ((0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 0, 3)):
                for known in (True, False):
                    for classes in ((), tuple(AREA_WIDE_CLASSES), (NOT_COUNTED_CLASS,)):
                        ours = OurCell(known, True, bodies, online, unknown, cause)
                        decided.add(compare(TheirCell(says, classes), ours).rule)
    assert decided <= set(RULES)
    for code, text in RULES.items():
        assert {"de", "en"} <= text.keys(), code
    assert set(CAUSES) - {"none"} <= set(RULES)
