"""Where the digital path breaks: every channel with its rung, and what contradicts what was claimed.

The rung is ours, judged from data and looks, and is never called a Reifegrad. "Online" that leads to a PDF,
an appointment tool or nowhere is a finding of its own, told apart by who contradicts: a look at the link or
its address. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from syncd.model.evidence import ChannelKind, Evidence, LinkState
from syncd.rules.evidence import best, grade
from syncd.rules.merge import COARSE, REFUTED
from syncd.rules.other_act import OTHER_ACT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from syncd.model.entry import Provenance
    from syncd.model.evidence import GradedChannel

DIGITAL: Final = Evidence.ONLINE_FORM
_ONLINE_CLAIMS: Final = frozenset({ChannelKind.ONLINE_SERVICE, ChannelKind.FORM})


class Finding(StrEnum):
    """What is to be said of a channel beside its rung."""

    NONE = "none"
    CONTRADICTED_BY_PROBE = "contradicted_by_probe"
    """The source calls it online; a look at the link found something that is not."""
    CONTRADICTED_BY_ADDRESS = "contradicted_by_address"
    """The source calls it online; the address shows that it is not."""
    CONTRADICTED_BY_OPERATOR = "contradicted_by_operator"
    """An operator decided that it is not online, whatever the source says."""
    NO_LINK = "no_link"
    """The source calls it online and gives no link."""
    DEAD_LINK = "dead_link"
    """It may have been online; the link is dead."""
    OTHER_ACT = "other_act"
    """Its address names another act than the service: the wrong form, whatever it is called."""
    PARENT_KEY = "parent_key"
    """It is online for a whole group of services; whether for this one, nobody said."""
    MEDIA_BREAK = "media_break"
    """It is what it says (or says nothing), but the path leaves the screen here and no other goes on."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One channel with its finding. ``best`` is the rung of the whole offer, over all channels."""

    graded: GradedChannel
    source_id: str
    native_id: str
    finding: Finding
    best: Evidence


def judged_channels(channels: Sequence[tuple[GradedChannel, Provenance]]) -> Iterator[Judged]:
    """Yield the channels of an entry in its order, each with its finding."""
    reached = best(graded for graded, _ in channels)
    for graded, origin in channels:
        yield Judged(graded, origin.source_id, origin.native_id, finding_of(graded, reached), reached)


_BY_RULE: Final = {
    REFUTED: Finding.CONTRADICTED_BY_OPERATOR,
    OTHER_ACT: Finding.OTHER_ACT,
    COARSE: Finding.PARENT_KEY,
}
"""Findings that the rule of the rung tells by itself."""


def finding_of(graded: GradedChannel, reached: Evidence) -> Finding:
    """Return the finding of a channel of an offer whose best live channel reaches a rung."""
    channel = graded.channel
    if (told := _BY_RULE.get(graded.rule)) is not None:
        return told
    if graded.evidence < DIGITAL and channel.kind in _ONLINE_CLAIMS:
        return _contradiction(graded)
    if channel.link_state is LinkState.DEAD:
        return Finding.DEAD_LINK
    # A page about the service claims no path that could break.
    is_path = channel.kind is not ChannelKind.PAGE
    return (
        Finding.MEDIA_BREAK if is_path and graded.evidence is reached and reached < DIGITAL else Finding.NONE
    )


def _contradiction(graded: GradedChannel) -> Finding:
    """Return who says that what is claimed to be online is not."""
    if graded.rule == "claim.without_link":
        return Finding.NO_LINK
    # A look decides by rules for addresses too, where redirects end elsewhere; then ours says otherwise.
    if grade(graded.channel) == graded:
        return Finding.CONTRADICTED_BY_ADDRESS
    return Finding.CONTRADICTED_BY_PROBE
