"""Our coverage beside the official counters' word, cell by cell: the same, or which difference, and why.

Why: whoever reads a gap report holds it against the Dashboard Digitale Verwaltung. A difference is no fault
of either side by itself; the rule that decided it is named, so that it can be looked into. Source of the
classes: ``art_flaechendeckung`` of Open-PVOG. Must not know where either side's word comes from or is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from syncd.model.coverage import GapCause

NOT_COUNTED_CLASS = "nicht in Auswertung berücksichtigt"
AREA_WIDE_CLASSES = frozenset(
    {"bundesweit flächendeckend", "landesweit flächendeckend", "kreisweit flächendeckend"}
)
"""Classes that promise the service everywhere in the area of the row; any other promises one place in it."""


class Verdict(StrEnum):
    """How a cell of ours relates to theirs."""

    SAME = "same"
    OURS_ONLY = "ours_only"
    """We say online, they do not."""
    THEIRS_ONLY = "theirs_only"
    """They say online, we do not."""
    NOT_IN_REGISTER = "not_in_register"
    NOT_COUNTED = "not_counted"
    """They list it and leave it out of their figures."""
    UNKNOWN_HERE = "unknown_here"
    """Nobody entitled has spoken here, or too long ago: nothing to compare."""


class Theirs(StrEnum):
    """What the yardstick says of a cell."""

    ONLINE = "online"
    LINK_DEAD = "link_dead"
    NO_LINK = "no_link"
    INACTIVE = "inactive"
    NOT_LISTED = "not_listed"


@dataclass(frozen=True, slots=True)
class TheirCell:
    """A row of the yardstick: its classes as they are written, and what it says of the way online."""

    says: Theirs
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OurCell:
    """What a release says of the same service in the same area.

    ``bodies`` is the number of cells that were looked at: one for a body that owes or offers the service
    itself, all owing bodies inside for an area above them. ``online`` of them are covered, ``unknown`` of
    them unknown. ``cause`` is why the most of the rest fall short. ``independent`` is False when nobody but
    the yardstick itself told us of an offer.
    """

    known_service: bool = True
    known_area: bool = True
    bodies: int = 1
    online: int = 0
    unknown: int = 0
    cause: GapCause = GapCause.NONE
    independent: bool = True


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict and the id of the rule that decided it (its words: ``syncd.rules.yardstick_words``)."""

    verdict: Verdict
    rule: str


def compare(theirs: TheirCell, ours: OurCell) -> Judged:
    """Compare one cell. The order of the questions is the order of the report's reasons."""
    if not (ours.known_area and ours.known_service):
        what = "service" if ours.known_area else "area"
        return Judged(Verdict.NOT_IN_REGISTER, f"{what}_unknown_here")
    if theirs.classes and set(theirs.classes) == {NOT_COUNTED_CLASS}:
        return Judged(Verdict.NOT_COUNTED, "not_counted_there")
    wanted = ours.bodies if AREA_WIDE_CLASSES.intersection(theirs.classes) else 1
    online = ours.online >= wanted > 0
    # What is unknown could still tip the scales: then nothing is known to differ.
    undecided = not online and ours.online + ours.unknown >= wanted > 0
    if undecided:
        return Judged(
            Verdict.UNKNOWN_HERE, "stale_here" if ours.cause is GapCause.STALE else "no_source_here"
        )
    if theirs.says is Theirs.ONLINE:
        return _they_say_online(ours, online=online)
    if online:
        return Judged(Verdict.OURS_ONLY, f"{theirs.says}_there")
    return Judged(Verdict.SAME, "both_not_online")


def _they_say_online(ours: OurCell, *, online: bool) -> Judged:
    if online:
        return Judged(Verdict.SAME, "both_online" if ours.independent else "their_word_only")
    if ours.online:
        return Judged(Verdict.THEIRS_ONLY, "partly_here")
    if ours.cause is GapCause.NONE:
        return Judged(Verdict.THEIRS_ONLY, "not_offered_here")
    return Judged(Verdict.THEIRS_ONLY, ours.cause.label)


def their_word(*, active: str, dead: Sequence[bool]) -> Theirs:
    """Return what a row says: ``active`` as it is written, ``dead`` for each of its links."""
    if active == "nein":
        return Theirs.INACTIVE
    if not dead:
        return Theirs.NO_LINK
    return Theirs.LINK_DEAD if all(dead) else Theirs.ONLINE
