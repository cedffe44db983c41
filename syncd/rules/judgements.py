"""Which judgements hold, and what follows from those about links.

Order of arrival never matters: the log is sorted by instant and uid first. Undoing a judgement leaves the
state as if it had never been made; that is so because everything is computed from what is left. Must not
know where the log is kept.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.model.judgement import SERVICE_NODE, Judgement, JudgementKind, LinkAnswer, pair

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

NO_SUCCESSORS: Mapping[str, tuple[str, ...]] = {}


def in_order(log: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """Return a log by instant and uid, each judgement once."""
    return tuple(sorted({j.uid: j for j in log}.values(), key=lambda j: (j.decided_at, j.uid)))


def active(log: Iterable[Judgement], on: date | None = None) -> tuple[Judgement, ...]:
    """Return the judgements that hold on a day, in order: not undone, not superseded, not expired.

    An undo that was itself undone has no effect. A judgement whose ``until`` has passed no longer holds, but
    still supersedes what came before it. ``on`` None leaves expiry aside.
    """
    ordered = in_order(log)
    undone: set[str] = set()
    for judgement in reversed(ordered):
        # An undo is later than what it takes back, so the latest is looked at first.
        if judgement.kind is JudgementKind.UNDO and judgement.uid not in undone:
            undone.add(judgement.subject)
    latest: dict[tuple[str, str, str], Judgement] = {}
    for judgement in ordered:
        if judgement.kind is not JudgementKind.UNDO and judgement.uid not in undone:
            latest[judgement.question] = judgement
    kept = (j for j in latest.values() if on is None or j.until is None or j.until >= on)
    return tuple(sorted(kept, key=lambda j: (j.decided_at, j.uid)))


@dataclass(frozen=True, slots=True)
class Ruling:
    """What judgements say of one record.

    ``services`` are the keys it belongs to, ``refused`` the keys it does not belong to, ``unsure`` those
    nobody should be asked about again. ``because`` are the uids that led there, in order.
    """

    services: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    because: tuple[str, ...] = ()


NO_RULING = Ruling()


@dataclass(frozen=True, slots=True)
class Rulings:
    """What follows from the active judgements about links, for every record they reach.

    "Same" between records is transitive; between a record and a service it is not carried on through the
    service, because one record may be about several services. Where members of one group of records
    disagree about a service, a judgement about the record itself decides, else the refusal does.
    ``contradictory`` are uids of "same" that would join records judged different; they have no effect.
    """

    by_record: Mapping[str, Ruling] = field(default_factory=dict)
    contradictory: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, judgements: Iterable[Judgement], successors: Mapping[str, tuple[str, ...]] = NO_SUCCESSORS
    ) -> Rulings:
        """Return the rulings of a log; ``successors`` maps retired service keys to those in their place."""
        links = [j for j in active(judgements) if j.kind is JudgementKind.LINK]
        groups = _Groups.of(links)
        direct: defaultdict[str, dict[str, tuple[LinkAnswer, str]]] = defaultdict(dict)
        for judgement in links:
            record, service = pair(judgement.subject, judgement.object)
            if not service.startswith(SERVICE_NODE) or record.startswith(SERVICE_NODE):
                continue
            answer = LinkAnswer(judgement.answer)
            for key in _present(service[len(SERVICE_NODE) :], successors):
                direct[record][key] = (answer, judgement.uid)
        by_record = {}
        for name, members in groups.members.items():
            for node in members:
                by_record[node] = _ruling(node, members, direct, groups.joined_by[name])
        return cls(by_record, tuple(groups.contradictory))

    def of_record(self, node: str) -> Ruling:
        """Return what is said of a record (:func:`~syncd.model.judgement.record_node`)."""
        return self.by_record.get(node, NO_RULING)


def _present(key: str, successors: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return a key, or the one key that took its place; several successors need a new judgement."""
    seen = {key}
    while len(following := successors.get(key, ())) == 1 and following[0] not in seen:
        key = following[0]
        seen.add(key)
    return (key,)


@dataclass(slots=True)
class _Groups:
    """Records judged to be the same; each group goes by the name of one of its members."""

    name_of: dict[str, str] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    joined_by: dict[str, list[str]] = field(default_factory=dict)
    contradictory: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, links: Sequence[Judgement]) -> _Groups:
        groups = cls()
        for node in (node for j in links for node in (j.subject, j.object)):
            if not node.startswith(SERVICE_NODE) and node not in groups.name_of:
                groups.name_of[node], groups.members[node], groups.joined_by[node] = node, {node}, []
        apart: defaultdict[str, set[str]] = defaultdict(set)
        between = [j for j in links if j.subject in groups.name_of and j.object in groups.name_of]
        for judgement in between:
            if judgement.answer == LinkAnswer.DIFFERENT:
                apart[judgement.subject].add(judgement.object)
                apart[judgement.object].add(judgement.subject)
        for judgement in between:
            if judgement.answer == LinkAnswer.SAME:
                groups._join(judgement, apart)
        return groups

    def _join(self, judgement: Judgement, apart: Mapping[str, set[str]]) -> None:
        one, other = self.name_of[judgement.subject], self.name_of[judgement.object]
        if one == other:
            self.joined_by[one].append(judgement.uid)
            return
        if any(apart.get(node, set()) & self.members[other] for node in self.members[one]):
            self.contradictory.append(judgement.uid)
            return
        self.joined_by[one] += [judgement.uid, *self.joined_by.pop(other)]
        for node in self.members[other]:
            self.name_of[node] = one
        self.members[one] |= self.members.pop(other)


def _ruling(
    node: str,
    members: Iterable[str],
    direct: Mapping[str, Mapping[str, tuple[LinkAnswer, str]]],
    joined_by: Sequence[str],
) -> Ruling:
    answers: dict[str, set[LinkAnswer]] = defaultdict(set)
    because: set[str] = set()
    for member in members:
        for key, (answer, uid) in direct.get(member, {}).items():
            answers[key].add(answer)
            because.add(uid)
            if member != node:
                because.update(joined_by)
    verdicts = {key: _answer(given) for key, given in answers.items()}
    verdicts |= {key: answer for key, (answer, _) in direct.get(node, {}).items()}

    def having(answer: LinkAnswer) -> frozenset[str]:
        return frozenset(key for key, verdict in verdicts.items() if verdict is answer)

    return Ruling(
        services=tuple(sorted(having(LinkAnswer.SAME))),
        refused=having(LinkAnswer.DIFFERENT),
        unsure=having(LinkAnswer.UNSURE),
        because=tuple(sorted(because)),
    )


def _answer(given: set[LinkAnswer]) -> LinkAnswer:
    """Return the answer of a group: a refusal before a consent, a consent before a doubt."""
    return next(a for a in (LinkAnswer.DIFFERENT, LinkAnswer.SAME, LinkAnswer.UNSURE) if a in given)
