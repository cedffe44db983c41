"""Merge the claims of one service into entries, one per area; conflicts are kept and shown.

Precedence comes from configuration: a lower rank wins, per field where a source says so; ties go to the
source id and record id, so that the order in which sources ran never matters. Empty values never overwrite.
Every value keeps its provenance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, groupby
from typing import TYPE_CHECKING

from syncd.model.entry import Conflict, Entry, Provenance, Statement
from syncd.model.evidence import Evidence, GradedChannel, LinkState
from syncd.rules.evidence import best, grade
from syncd.rules.legible import comparable
from syncd.rules.parts import channel_order
from syncd.rules.probe import CEILINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from syncd.model.area import AreaKey
    from syncd.model.evidence import Channel
    from syncd.model.probe import LinkVerdict
    from syncd.model.record import Claim

FIELDS = ("title", "description", "authority", "page_url", "language")
_EXCLUSIVE_FIELDS = frozenset({"authority"})
"""Fields in which two different values mean that one of them is wrong."""


@dataclass(frozen=True, slots=True)
class Precedence:
    """Rank of each source, lower wins; ``fields`` overrides the rank for single fields."""

    sources: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def rank(self, source_id: str, field_name: str) -> int:
        """Return the rank of a source for a field (100 when nothing is configured)."""
        return self.fields.get(field_name, {}).get(source_id, self.sources.get(source_id, 100))


@dataclass(frozen=True, slots=True)
class Seen:
    """What probes found for one service: verdicts by link, and area codes with a proven delivery route."""

    links: Mapping[str, LinkVerdict] = field(default_factory=dict)
    routes: frozenset[str] = frozenset()


NOTHING_SEEN = Seen()


def merge(claims: Sequence[Claim], precedence: Precedence, seen: Seen = NOTHING_SEEN) -> tuple[Entry, ...]:
    """Return the entries of one service, sorted by area code.

    ``claims`` all have the same service key and are sorted by area (as :func:`syncd.rules.link.link` returns
    them). Idempotent and independent of the order of sources.
    """
    return tuple(
        _entry(tuple(group), precedence, seen)
        for _, group in groupby(claims, key=lambda claim: claim.area.code)
    )


def _entry(claims: tuple[Claim, ...], precedence: Precedence, seen: Seen) -> Entry:
    statements = {name: _statements(name, claims, precedence) for name in FIELDS}
    channels = _channels(claims, seen)
    graded = [channel for channel, _ in channels]
    evidence = best(graded)
    highest = max((c.evidence for c in graded), default=Evidence.DESCRIPTION)
    return Entry(
        service_key=claims[0].service_key,
        area=claims[0].area,
        fields={name: values for name, values in statements.items() if values},
        channels=channels,
        evidence=evidence,
        provider=_provider(claims, precedence),
        conflicts=tuple(
            Conflict(name, statements[name])
            for name in FIELDS
            if name in _EXCLUSIVE_FIELDS and _contradict(name, claims)
        ),
        origins=tuple(sorted({_origin(c) for c in claims}, key=_origin_order)),
        link_dead=highest > evidence and highest >= Evidence.ONLINE_FORM,
    )


def _contradict(name: str, claims: Iterable[Claim]) -> bool:
    """Tell whether two records have nothing in common in a field; one record may well name two bodies."""
    said: dict[Provenance, set[str]] = {}
    for claim in claims:
        if value := getattr(claim, name):
            said.setdefault(_origin(claim), set()).add(comparable(value))
    distinct = {frozenset(values) for values in said.values()}
    return any(one.isdisjoint(other) for one, other in combinations(distinct, 2))


def _origin(claim: Claim) -> Provenance:
    return Provenance(claim.source_id, claim.native_id)


def _origin_order(origin: Provenance) -> tuple[str, str]:
    return (origin.source_id, origin.native_id)


def _statements(name: str, claims: Iterable[Claim], precedence: Precedence) -> tuple[Statement, ...]:
    """Return the distinct values of a field, winner first, each with its best origin."""
    said = sorted(
        (precedence.rank(c.source_id, name), c.source_id, c.native_id, str(getattr(c, name)))
        for c in claims
        if getattr(c, name)
    )
    values: dict[str, Provenance] = {}
    for _, source_id, native_id, value in said:
        values.setdefault(value, Provenance(source_id, native_id))
    return tuple(Statement(value, origin, rank) for rank, (value, origin) in enumerate(values.items()))


def _channels(claims: Sequence[Claim], seen: Seen) -> tuple[tuple[GradedChannel, Provenance], ...]:
    """Return all distinct channels, best rung first; a link that a source or a probe calls dead is dead."""
    graded: dict[tuple[str, str], tuple[GradedChannel, Provenance]] = {}
    dead = {ch.url for claim in claims for ch in claim.channels if ch.link_state is LinkState.DEAD}
    dead.update(url for url, verdict in seen.links.items() if verdict.state is LinkState.DEAD)
    routed = bool(claims) and claims[0].area.code in seen.routes
    ordered = sorted(
        ((claim.source_id, claim.native_id, channel) for claim in claims for channel in claim.channels),
        key=lambda item: (item[0], item[1], channel_order(item[2])),
    )
    for source_id, native_id, channel in ordered:
        checked = _with_state(channel, dead)
        key = (checked.kind.value, checked.url or f"{source_id}/{native_id}/{checked.label}")
        judged = _as_seen(grade(checked), seen, routed=routed)
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


def _as_seen(graded: GradedChannel, seen: Seen, *, routed: bool) -> GradedChannel:
    """Take a rung down that a probe contradicts, and up to the end where a delivery route is proven."""
    verdict = seen.links.get(graded.channel.url or "")
    ceiling = CEILINGS.get(verdict.seen) if verdict else None
    if verdict is not None and ceiling is not None and ceiling < graded.evidence:
        return GradedChannel(graded.channel, ceiling, verdict.seen_by)
    if routed and graded.evidence is Evidence.ONLINE_SERVICE:
        return GradedChannel(graded.channel, Evidence.END_TO_END, "probe.delivery_route")
    return graded


def _with_state(channel: Channel, dead: set[str | None]) -> Channel:
    if channel.url in dead and channel.url is not None and channel.link_state is not LinkState.DEAD:
        return type(channel)(channel.kind, channel.url, channel.label, channel.native_id, LinkState.DEAD)
    return channel


def _provider(claims: Sequence[Claim], precedence: Precedence) -> AreaKey | None:
    """Return the providing body's area: None (the area itself) wins over an inherited offer of equal rank."""
    ranked = sorted(
        claims,
        key=lambda c: (
            precedence.rank(c.source_id, "provider"),
            c.provider is not None,
            c.provider.code if c.provider else "",
        ),
    )
    return ranked[0].provider
