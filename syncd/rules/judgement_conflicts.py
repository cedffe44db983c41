"""Which judgements in force does a new one contradict? Asked before it is kept, so that a person decides.

What computes rulings copes with contradictions, too (judgements arrive from several places); here nobody is
left in the dark about them. Must not know where the log is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.judgement import RECORD_NODE, SERVICE_NODE, JudgementKind, LinkAnswer
from syncd.rules.judgements import Rulings, active

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from syncd.model.judgement import Judgement


def contradicted(
    judgement: Judgement, log: Sequence[Judgement], followed_by: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Return the uids a new judgement about a link contradicts, sorted; what it supersedes is none of them.

    Records judged the same cannot be judged apart, nor be about a service and not about it. ``followed_by``
    maps retired service keys to those in their place.
    """
    if judgement.answer == LinkAnswer.UNSURE:
        return ()
    before, after = Rulings.of(log, followed_by), Rulings.of((*log, judgement), followed_by)
    against = set(after.contradictory) - set(before.contradictory)
    if judgement.uid in against:
        against = set(_between_groups(judgement, log))
    elif _is_record_pair(judgement) and judgement.answer == LinkAnswer.DIFFERENT:
        against |= set(_joining(judgement, log))
    return tuple(sorted(against | set(_said_otherwise(judgement, log))))


def _joining(judgement: Judgement, log: Sequence[Judgement]) -> Iterator[str]:
    """Yield the judgements by which both records are the same whatever is said of the two alone."""
    rest = [one for one in log if one.question != judgement.question]
    group = _groups(rest).get(judgement.subject, set())
    if judgement.object in group:
        for one in active(rest):
            if one.answer == LinkAnswer.SAME and _is_record_pair(one) and one.subject in group:
                yield one.uid


def _groups(log: Iterable[Judgement]) -> dict[str, set[str]]:
    """Return for every record the records judged the same, itself included."""
    groups: dict[str, set[str]] = {}
    for one in active(log):
        if one.kind is JudgementKind.LINK and one.answer == LinkAnswer.SAME and _is_record_pair(one):
            joined = groups.get(one.subject, {one.subject}) | groups.get(one.object, {one.object})
            groups.update(dict.fromkeys(joined, joined))
    return groups


def _between_groups(judgement: Judgement, log: Sequence[Judgement]) -> Iterator[str]:
    """Yield the judgements that keep the two groups apart which this one would join."""
    groups = _groups(log)
    ours = groups.get(judgement.subject, {judgement.subject})
    theirs = groups.get(judgement.object, {judgement.object})
    for one in active(log):
        if (
            (
                one.kind is JudgementKind.LINK
                and one.answer == LinkAnswer.DIFFERENT
                and one.question != judgement.question
            )
            and {one.subject, one.object} & ours
            and {one.subject, one.object} & theirs
        ):
            yield one.uid


def _said_otherwise(judgement: Judgement, log: Sequence[Judgement]) -> Iterator[str]:
    """Yield what was said of the same service about records judged the same as this one."""
    if not judgement.object.startswith(SERVICE_NODE):
        return
    mates = _groups(log).get(judgement.subject, set()) - {judgement.subject}
    for one in active(log):
        if (
            one.kind is JudgementKind.LINK
            and one.object == judgement.object
            and one.subject in mates
            and one.answer not in {judgement.answer, LinkAnswer.UNSURE}
        ):
            yield one.uid


def _is_record_pair(judgement: Judgement) -> bool:
    return judgement.subject.startswith(RECORD_NODE) and judgement.object.startswith(RECORD_NODE)
