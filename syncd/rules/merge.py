"""Merge the claims of one service into entries, one per area; conflicts are kept and shown.

Precedence comes from configuration (:mod:`syncd.rules.precedence`) and is total, so that the order in which
sources ran never matters. Empty values never overwrite. Every value keeps its provenance. What operators
pinned or decided (:mod:`syncd.rules.field_rulings`) goes before what sources say, and all they say is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import combinations, groupby
from typing import TYPE_CHECKING

from syncd.model.entry import PINNED, Conflict, Entry, Provenance, Ruled, Statement
from syncd.model.evidence import Evidence, GradedChannel, LinkState
from syncd.rules.authority_names import same_authority
from syncd.rules.contradictions import (
    AUTHORITY,
    OFFLINE,
    ONLINE_SERVICE,
    PROCEDURE,
    chooses,
    contradictions,
    side_chosen,
)
from syncd.rules.evidence import best, grade
from syncd.rules.field_rulings import CHOOSE, NO_RULINGS, PIN
from syncd.rules.legible import comparable
from syncd.rules.other_act import OTHER_ACT, names_other_act
from syncd.rules.parts import channel_order
from syncd.rules.probe import CEILINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from syncd.model.area import AreaKey
    from syncd.model.evidence import Channel
    from syncd.model.probe import LinkVerdict
    from syncd.model.record import Claim
    from syncd.model.service import ServiceKey
    from syncd.rules.field_rulings import FieldRuling, FieldRulings
    from syncd.rules.precedence import Precedence

TITLE = "title"
FIELDS = (TITLE, "description", "authority", "page_url", "language")
COARSE = "link.coarse"
"""Rule by which a channel of a ``000`` parent proves nothing about the services below it."""
_EXCLUSIVE_FIELDS = frozenset({"authority"})
"""Fields in which two different values mean that one of them is wrong."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What probes found for one service: verdicts by link, and area codes with a proven delivery route."""

    links: Mapping[str, LinkVerdict] = field(default_factory=dict)
    routes: frozenset[str] = frozenset()


NOTHING_SEEN = Seen()


REFUTED = "judgement.offline"
"""Rule of a channel that an operator decided not to be there, whatever a source says."""


def merge(
    claims: Sequence[Claim],
    precedence: Precedence,
    seen: Seen = NOTHING_SEEN,
    rulings: FieldRulings = NO_RULINGS,
    service_name: str = "",
) -> tuple[Entry, ...]:
    """Return the entries of one service, sorted by area code.

    ``claims`` all have the same service key and are sorted by area (as :func:`syncd.rules.link.link` returns
    them); ``service_name`` is what the register calls it. Idempotent and independent of the order of sources
    and of decisions.
    """
    return tuple(
        _entry(tuple(group), precedence, seen, rulings, service_name)
        for _, group in groupby(claims, key=lambda claim: claim.area.code)
    )


def _entry(
    claims: tuple[Claim, ...],
    precedence: Precedence,
    seen: Seen,
    rulings: FieldRulings,
    service_name: str,
) -> Entry:
    area = claims[0].area
    statements = {name: _statements(name, claims, precedence) for name in FIELDS}
    pinned_title = rulings.pins.get((area.code, TITLE))
    called = (service_name, pinned_title.value if pinned_title else "", *(s.value for s in statements[TITLE]))
    judge = _Judge.of(claims, seen, called)
    conflicts = {
        conflict.field: _ruled(conflict, rulings.decisions.get((area.code, conflict.field)))
        for conflict in _conflicts(claims, statements, judge, precedence)
    }
    if (authority := conflicts.get(AUTHORITY)) is not None:
        statements[AUTHORITY] = authority.statements
    pins = tuple(
        (name, _pin(name, statements, rulings.pins[area.code, name]))
        for name in (FIELDS if rulings.pins else ())
        if (area.code, name) in rulings.pins
    )
    if AUTHORITY in conflicts and AUTHORITY in (pinned := dict(pins)):
        conflicts[AUTHORITY] = replace(conflicts[AUTHORITY], ruled=pinned[AUTHORITY])
    channels = _channels(claims, judge.after(conflicts), precedence)
    graded = [channel for channel, _ in channels]
    evidence = best(graded)
    highest = max((c.evidence for c in graded), default=Evidence.DESCRIPTION)
    return Entry(
        service_key=claims[0].service_key,
        area=area,
        fields={name: values for name, values in statements.items() if values},
        channels=_chosen_first(channels, conflicts.get(ONLINE_SERVICE)),
        evidence=evidence,
        provider=_provider(claims, precedence),
        conflicts=tuple(c for c in conflicts.values() if c.is_open) if conflicts else (),
        origins=tuple(sorted({_origin(c) for c in claims}, key=_origin_order)),
        link_dead=highest > evidence and highest >= Evidence.ONLINE_FORM,
        settled=tuple(c for c in conflicts.values() if not c.is_open) if conflicts else (),
        pins=pins,
    )


def _conflicts(
    claims: Sequence[Claim],
    statements: Mapping[str, tuple[Statement, ...]],
    judge: _Judge,
    precedence: Precedence,
) -> Iterator[Conflict]:
    if judge.coarse or len(claims) == 1:
        # What the parent's records contradict each other in is told at the parent.
        return
    for name in FIELDS:
        if name in _EXCLUSIVE_FIELDS and _contradict(name, claims):
            yield Conflict(name, statements[name])
    if any(claim.source_id != claims[0].source_id for claim in claims):
        yield from contradictions(claims, judge.grade, precedence.order)


def _ruled(conflict: Conflict, ruling: FieldRuling | None) -> Conflict:
    """Return a conflict as it was decided: the chosen side first, and whether somebody should look again."""
    if ruling is None:
        return conflict
    said = [statement.value for statement in conflict.statements]
    chosen = [s for s in conflict.statements if chooses(conflict.field, ruling.value, s.value)]
    gone = ruling.answer == CHOOSE and not chosen
    ordered = conflict.statements
    if ruling.answer == CHOOSE:
        # To the letter first: another spelling of the same body may have the better rank.
        exact = comparable(ruling.value)
        chosen.sort(key=lambda s: comparable(s.value) != exact)
        ordered = (*chosen, *(s for s in conflict.statements if s not in chosen))
    ruled = Ruled(
        ruling.uid,
        ruling.answer,
        ruling.value,
        returned=gone or not ruling.still_said(said),
        until=ruling.until,
    )
    return Conflict(conflict.field, _numbered(ordered), ruled)


def _pin(name: str, statements: dict[str, tuple[Statement, ...]], ruling: FieldRuling) -> Ruled:
    """Put a pinned value in front of what sources say; it returns once their winner is another one."""
    said = statements[name]
    winner = (said[0].value,) if said else ()
    pinned = Statement(ruling.value, Provenance(PINNED, ruling.uid), 0)
    statements[name] = _numbered((pinned, *said))
    return Ruled(ruling.uid, PIN, ruling.value, returned=not ruling.still_said(winner), until=ruling.until)


def _numbered(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(Statement(s.value, s.origin, rank) for rank, s in enumerate(statements))


_SAME: dict[str, Callable[[str, str], bool]] = {"authority": same_authority}
"""Fields in which another spelling, or a part of a body, is no other value."""


def _contradict(name: str, claims: Iterable[Claim]) -> bool:
    """Tell whether two records have nothing in common in a field; one record may well name two bodies."""
    said: dict[Provenance, set[str]] = {}
    for claim in claims:
        if value := getattr(claim, name):
            said.setdefault(_origin(claim), set()).add(comparable(value))
    distinct = {frozenset(values) for values in said.values()}
    same = _SAME.get(name)
    return any(
        one.isdisjoint(other) and not (same and any(same(a, b) for a in one for b in other))
        for one, other in combinations(distinct, 2)
    )


def _origin(claim: Claim) -> Provenance:
    return Provenance(claim.source_id, claim.native_id, claim.linked_by)


def _origin_order(origin: Provenance) -> tuple[str, str]:
    return (origin.source_id, origin.native_id)


def _statements(name: str, claims: Iterable[Claim], precedence: Precedence) -> tuple[Statement, ...]:
    """Return the distinct values of a field, winner first, each with its best origin."""
    said = sorted(
        (precedence.order(c.source_id, name), c.source_id, c.native_id, str(getattr(c, name)))
        for c in claims
        if getattr(c, name)
    )
    values: dict[str, Provenance] = {}
    for _, source_id, native_id, value in said:
        values.setdefault(value, Provenance(source_id, native_id))
    return tuple(Statement(value, origin, rank) for rank, (value, origin) in enumerate(values.items()))


Channels = tuple[tuple[GradedChannel, Provenance], ...]


def _channels(claims: Sequence[Claim], judge: _Judge, precedence: Precedence) -> Channels:
    """Return all distinct channels, best rung first; of several sources of one, a fresh one is named."""
    graded: dict[tuple[str, str], tuple[GradedChannel, Provenance]] = {}
    ordered = sorted(
        ((claim.source_id, claim.native_id, channel) for claim in claims for channel in claim.channels),
        key=lambda item: (precedence.is_stale(item[0]), item[0], item[1], channel_order(item[2])),
    )
    for source_id, native_id, channel in ordered:
        judged = judge.grade(channel)
        key = (channel.kind.value, channel.url or f"{source_id}/{native_id}/{channel.label}")
        graded.setdefault(key, (judged, Provenance(source_id, native_id)))
    return tuple(
        sorted(
            graded.values(),
            key=lambda item: (
                -item[0].evidence,
                item[0].channel.link_state is LinkState.DEAD,
                item[0].channel.url or "",
                item[0].channel.kind.value,
                item[0].channel.label or "",
                _origin_order(item[1]),
            ),
        )
    )


def _chosen_first(channels: Channels, conflict: Conflict | None) -> Channels:
    """Put the link an operator chose in front of the others of its rung."""
    if conflict is None or conflict.ruled is None or conflict.ruled.answer != CHOOSE:
        return channels
    chosen = conflict.ruled.value
    return tuple(
        sorted(
            channels,
            key=lambda item: (
                -item[0].evidence,
                item[0].channel.link_state is LinkState.DEAD,
                not chooses(ONLINE_SERVICE, chosen, item[0].channel.url or ""),
            ),
        )
    )


def as_filed(graded: GradedChannel, key: ServiceKey, names: Iterable[str]) -> GradedChannel:
    """Return a channel as what it proves under this service: a form for another act proves a description."""
    url = graded.channel.url
    if url is None or graded.evidence < Evidence.ONLINE_FORM or not names_other_act(url, key, names):
        return graded
    return GradedChannel(graded.channel, Evidence.DESCRIPTION, OTHER_ACT)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Says which rung a channel reaches, after links known to be dead, probes and decisions."""

    dead: frozenset[str]
    seen: Seen
    routed: bool
    offline: bool = False
    coarse: bool = False
    called: tuple[str, ...] = ()
    """All names of the service here, for telling whether a link is for another act."""
    service_key: ServiceKey | None = None
    graded: dict[Channel, GradedChannel] = field(default_factory=dict)
    """Of several sources each channel is asked about twice."""

    @classmethod
    def of(cls, claims: Sequence[Claim], seen: Seen, called: tuple[str, ...]) -> _Judge:
        """A link that a source or a probe calls dead is dead."""
        dead = {c.url for claim in claims for c in claim.channels if c.link_state is LinkState.DEAD and c.url}
        dead.update(url for url, verdict in seen.links.items() if verdict.state is LinkState.DEAD)
        coarse = bool(claims) and all(claim.is_coarse for claim in claims)
        routed = bool(claims) and claims[0].area.code in seen.routes
        key = claims[0].service_key if claims else None
        return cls(frozenset(dead), seen, routed, coarse=coarse, called=called, service_key=key)

    def after(self, conflicts: Mapping[str, Conflict]) -> _Judge:
        """Return the judge that heeds a decision that nothing is online here."""
        conflict = conflicts.get(PROCEDURE)
        if conflict is None or conflict.ruled is None or conflict.ruled.answer != CHOOSE:
            return self
        offline = side_chosen(conflict.ruled.value) == OFFLINE
        return replace(self, offline=True, graded={}) if offline else self

    def grade(self, channel: Channel) -> GradedChannel:
        """Return the channel with its state and rung."""
        graded = self.graded.get(channel)
        if graded is None:
            graded = self.graded[channel] = self._grade(channel)
        return graded

    def _grade(self, channel: Channel) -> GradedChannel:
        checked = channel
        if channel.url in self.dead and channel.link_state is not LinkState.DEAD:
            checked = replace(channel, link_state=LinkState.DEAD)
        graded = self._as_seen(grade(checked))
        if self.coarse and graded.evidence > Evidence.DESCRIPTION:
            return GradedChannel(graded.channel, Evidence.DESCRIPTION, COARSE)
        if self.service_key is not None:
            graded = as_filed(graded, self.service_key, self.called)
        if self.offline and graded.evidence >= Evidence.ONLINE_FORM:
            return GradedChannel(graded.channel, Evidence.DESCRIPTION, REFUTED)
        return graded

    def _as_seen(self, graded: GradedChannel) -> GradedChannel:
        """Take a rung down that a probe contradicts, and up to the end where a delivery route is proven."""
        verdict = self.seen.links.get(graded.channel.url or "")
        ceiling = CEILINGS.get(verdict.seen) if verdict else None
        if verdict is not None and ceiling is not None and ceiling < graded.evidence:
            return GradedChannel(graded.channel, ceiling, verdict.seen_by)
        if self.routed and graded.evidence is Evidence.ONLINE_SERVICE:
            return GradedChannel(graded.channel, Evidence.END_TO_END, "probe.delivery_route")
        return graded


def _provider(claims: Sequence[Claim], precedence: Precedence) -> AreaKey | None:
    """Return the providing body's area: None (the area itself) wins over an inherited offer of equal rank."""
    ranked = sorted(
        claims,
        key=lambda c: (
            precedence.order(c.source_id, "provider"),
            c.provider is not None,
            c.provider.code if c.provider else "",
        ),
    )
    return ranked[0].provider
