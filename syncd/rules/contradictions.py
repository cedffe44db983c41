"""Where sources contradict each other beyond the name of the authority: links, procedures, facts.

Only different sources contradict each other; one source may well name two links. A source that says nothing
contradicts nobody. Must not know how a contradiction is decided, nor how channels are graded.

The names of what is contradicted:

- ``online_service``: sources name online procedures of the same, best rung that have no link in common.
- ``procedure``: one source has an online procedure, another only an appointment or a form to print. The
  statement is the rung and the link.
- ``trust_level``, ``payment``: facts of the same name that have no value in common.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from syncd.model.entry import Conflict, Provenance, Statement
from syncd.model.evidence import Evidence, LinkState
from syncd.model.facts import LIST_SEPARATOR, PAYMENT, TRUST_LEVEL
from syncd.rules.authority_names import same_authority
from syncd.rules.legible import comparable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from syncd.model.evidence import Channel, GradedChannel
    from syncd.model.record import Claim

AUTHORITY = "authority"
ONLINE_SERVICE = "online_service"
PROCEDURE = "procedure"
ONLINE, OFFLINE = "online", "offline"
"""Sides of :data:`PROCEDURE`, by which one may be chosen whatever its link."""
COMPARED_FACTS = (TRUST_LEVEL, PAYMENT)
CONFLICT_FIELDS = (AUTHORITY, ONLINE_SERVICE, PROCEDURE, *COMPARED_FACTS)
"""All names a conflict may have, in the order in which they are shown."""

_ONLINE_FROM = Evidence.ONLINE_FORM
_OFFLINE = frozenset({Evidence.APPOINTMENT, Evidence.PDF_FORM})
_NOISE = ("utm_", "jsessionid", "phpsessid", "sid", "fbclid", "gclid", "mtm_", "pk_")

Rank = tuple[bool, int]
Said = dict[str, list[tuple[str, Provenance]]]


def contradictions(
    claims: Sequence[Claim],
    grade: Callable[[Channel], GradedChannel],
    order: Callable[[str, str], Rank],
) -> Iterator[Conflict]:
    """Yield the conflicts of one entry; ``order`` ranks (source id, field), lower first."""
    graded = _graded(claims, grade)
    online = {source: chosen for source, chosen in graded.items() if chosen[0][0] >= _ONLINE_FROM}
    if online:
        best = max(chosen[0][0] for chosen in online.values())
        links = {
            source: [(url, origin) for rung, url, origin in chosen if rung is best and url]
            for source, chosen in online.items()
        }
        if _apart(links, address_form):
            yield _conflict(ONLINE_SERVICE, links, order)
        offline = {source: chosen for source, chosen in graded.items() if chosen[0][0] in _OFFLINE}
        if offline:
            yield _conflict(PROCEDURE, _best_ways({**online, **offline}), order)
    for name in COMPARED_FACTS:
        said: Said = defaultdict(list)
        for claim in claims:
            said[claim.source_id].extend(
                (value, Provenance(claim.source_id, claim.native_id))
                for fact, values in claim.facts
                if fact == name
                for value in values.split(LIST_SEPARATOR)
            )
        if _apart(said, comparable):
            yield _conflict(name, said, order)


def side_of(value: str) -> str:
    """Return the side of a statement about a procedure: ``online`` or ``offline``."""
    return ONLINE if Evidence.from_label(value.partition(" ")[0]) >= _ONLINE_FROM else OFFLINE


def side_chosen(chosen: str) -> str | None:
    """Return the side an operator chose: by its name or by a statement; None where it is neither."""
    if chosen in {ONLINE, OFFLINE}:
        return chosen
    try:
        return side_of(chosen)
    except KeyError:
        return None


def same_side(conflict: str, one: str, other: str) -> bool:
    """Tell whether two statements of a conflict say the same."""
    if conflict == PROCEDURE:
        return side_of(one) == side_of(other)
    return chooses(conflict, one, other)


def chooses(conflict: str, chosen: str, value: str) -> bool:
    """Tell whether what was chosen is what a statement of that conflict says; spelling apart."""
    if conflict == PROCEDURE:
        return side_chosen(chosen) == side_of(value)
    if conflict == ONLINE_SERVICE:
        return address_form(chosen) == address_form(value)
    if conflict == AUTHORITY and same_authority(chosen, value):
        return True
    return comparable(chosen) == comparable(value)


def address_form(url: str) -> str:
    """Return the one form of an address: no scheme, ``www.``, fragment, tracking or last slash."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.")
        query = sorted(
            (name, value)
            for name, value in parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100)
            if not name.lower().startswith(_NOISE)
        )
    except ValueError:
        return url.strip()
    path = parts.path.split(";", 1)[0].rstrip("/")
    return f"{host}{path}" + (f"?{'&'.join(f'{n}={v}' for n, v in query)}" if query else "")


_Way = tuple[Evidence, str, Provenance]


def _graded(claims: Iterable[Claim], grade: Callable[[Channel], GradedChannel]) -> dict[str, list[_Way]]:
    """Return per source its ways with their rungs, best first; links known to be dead are none."""
    said: defaultdict[str, set[_Way]] = defaultdict(set)
    for claim in claims:
        for channel in claim.channels:
            judged = grade(channel)
            if judged.channel.link_state is not LinkState.DEAD:
                origin = Provenance(claim.source_id, claim.native_id)
                said[claim.source_id].add((judged.evidence, channel.url or "", origin))
    return {
        source: sorted(ways, key=lambda way: (-way[0], way[1], way[2].native_id))
        for source, ways in said.items()
    }


def _best_ways(graded: Mapping[str, list[_Way]]) -> Said:
    return {
        source: [(f"{rung.label} {url}".rstrip(), origin)]
        for source, ((rung, url, origin), *_) in graded.items()
    }


def _apart(said: Mapping[str, Sequence[tuple[str, Provenance]]], form: Callable[[str], str]) -> bool:
    """Tell whether two sources have nothing in common."""
    sets = {frozenset(form(value) for value, _ in values) for values in said.values() if values}
    return any(one.isdisjoint(other) for one, other in combinations(sets, 2))


def _conflict(
    name: str, said: Mapping[str, Sequence[tuple[str, Provenance]]], order: Callable[[str, str], Rank]
) -> Conflict:
    ordered = sorted(
        (
            (order(source, name), source, origin.native_id, value, origin)
            for source, values in said.items()
            for value, origin in values
        ),
        key=lambda item: item[:4],
    )
    distinct: dict[tuple[str, str], Provenance] = {}
    for _, source, _, value, origin in ordered:
        distinct.setdefault((value, source), origin)
    return Conflict(
        name,
        tuple(Statement(value, origin, rank) for rank, ((value, _), origin) in enumerate(distinct.items())),
    )
