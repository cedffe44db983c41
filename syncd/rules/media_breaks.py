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
from syncd.rules.fingerprint import fingerprint
from syncd.rules.merge import REFUTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syncd.model.entry import Entry
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
    """It is online, but its address names another act than the service: probably the wrong form."""
    MEDIA_BREAK = "media_break"
    """It is what it says (or says nothing), but the path leaves the screen here and no other goes on."""


CONTRADICTIONS: Final = frozenset(
    {
        Finding.CONTRADICTED_BY_PROBE,
        Finding.CONTRADICTED_BY_ADDRESS,
        Finding.CONTRADICTED_BY_OPERATOR,
        Finding.NO_LINK,
    }
)
"""The source says online, and it is not so."""


_ACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "verlust": ("verlust", "verlor", "abhanden"),
    "umtausch": ("umtausch",),
    "abmeld": ("abmeld",),
    "ummeld": ("ummeld", "aender"),
    "verlaenger": ("verlaenger",),
    "kuendig": ("kuendig",),
}
"""Acts as addresses name them → words by which a service may name the same one.

Not ``anmeld``: that is how one signs in, too.
"""
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Judged:
    """One channel with its finding. ``best`` is the rung of the whole offer, over all channels."""

    graded: GradedChannel
    source_id: str
    native_id: str
    finding: Finding
    best: Evidence


def judged_channels(entry: Entry, service_name: str = "") -> Iterator[Judged]:
    """Yield the channels of an entry in its order, each with its finding.

    ``service_name`` is what the register calls the service.
    """
    reached = best(graded for graded, _ in entry.channels)
    names = (service_name, *(said.value for said in entry.fields.get("title", ())))
    for graded, origin in entry.channels:
        finding = finding_of(graded, reached)
        if finding is Finding.NONE and graded.evidence >= DIGITAL and _names_other_act(graded, names):
            finding = Finding.OTHER_ACT
        yield Judged(graded, origin.source_id, origin.native_id, finding, reached)


def _names_other_act(graded: GradedChannel, names: Iterable[str]) -> bool:
    """Tell whether the process in an address names an act that no name of the service does."""
    mark = fingerprint(graded.channel.url or "")
    # "ab-ummeldung" is both.
    process = _folded(mark.process.rpartition("/")[2]).replace("ab-um", "abmeldung-um") if mark else ""
    called = _folded(" ".join(names))
    named = [words for act, words in _ACTS.items() if act in process]
    return bool(named) and not any(word in called for words in named for word in words)


def _folded(text: str) -> str:
    return text.lower().translate(_UMLAUTS)


def finding_of(graded: GradedChannel, reached: Evidence) -> Finding:
    """Return the finding of a channel of an offer whose best live channel reaches a rung."""
    channel = graded.channel
    if graded.rule == REFUTED:
        return Finding.CONTRADICTED_BY_OPERATOR
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
