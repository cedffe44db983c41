"""The part of an entry's payload that tells what sources contradict and what operators decided.

An entry without conflicts and pins has none of it: its bytes are those it had before there was any of this.
Names and reasons of operators stay in the log; the payload is public.

Keys: ``conflicts`` lists what somebody should look at (always there). ``sides`` has, by conflict, what
sources say where that is no field of its own; ``ruled``, by conflict, what was decided; ``pins`` the same by
field.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from syncd.model.entry import PINNED, Conflict, Provenance, Ruled, Statement
from syncd.rules.contradictions import AUTHORITY, CONFLICT_FIELDS
from syncd.rules.merge import FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.entry import Entry


def encode_statement(statement: Statement) -> dict[str, str]:
    """Return one statement; its rank is its place in the list."""
    origin = statement.origin
    return {"value": statement.value, "source": origin.source_id, "record": origin.native_id}


def decode_statement(rank: int, body: Mapping[str, str]) -> Statement:
    """Return the statement at a place of a list."""
    return Statement(body["value"], Provenance(body["source"], body["record"]), rank)


def encode_rulings(entry: Entry) -> dict[str, Any]:
    """Return the optional keys of an entry; empty for most entries."""
    every = (*entry.conflicts, *entry.settled)
    optional = {
        "sides": {
            c.field: [encode_statement(s) for s in c.statements] for c in every if c.field != AUTHORITY
        },
        "ruled": {c.field: _encode_ruled(c.ruled) for c in every if c.ruled is not None},
        "pins": {name: _encode_ruled(ruled) for name, ruled in entry.pins},
    }
    return {name: value for name, value in optional.items() if value}


def decode_conflicts(
    body: Mapping[str, Any], fields: Mapping[str, tuple[Statement, ...]]
) -> tuple[Conflict, ...]:
    """Return all conflicts of a payload, open or settled, in the order of :data:`CONFLICT_FIELDS`."""
    sides, ruled = body.get("sides", {}), body.get("ruled", {})
    names = {*body["conflicts"], *ruled}
    return tuple(
        Conflict(
            name,
            tuple(decode_statement(rank, s) for rank, s in enumerate(sides[name]))
            if name in sides
            else _without_pin(fields[name]),
            _decode_ruled(ruled[name]) if name in ruled else None,
        )
        for name in CONFLICT_FIELDS
        if name in names
    )


def decode_pins(body: Mapping[str, Any]) -> tuple[tuple[str, Ruled], ...]:
    """Return the pins of a payload in the order of the fields."""
    pins = body.get("pins", {})
    return tuple((name, _decode_ruled(pins[name])) for name in FIELDS if name in pins)


def _without_pin(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    said = (s for s in statements if s.origin.source_id != PINNED)
    return tuple(Statement(s.value, s.origin, rank) for rank, s in enumerate(said))


def _encode_ruled(ruled: Ruled) -> dict[str, Any]:
    body: dict[str, Any] = {"judgement": ruled.judgement, "answer": ruled.answer}
    if ruled.value:
        body["value"] = ruled.value
    if ruled.returned:
        body["returned"] = True
    if ruled.until is not None:
        body["until"] = ruled.until.isoformat()
    return body


def _decode_ruled(body: Mapping[str, Any]) -> Ruled:
    until = body.get("until")
    return Ruled(
        body["judgement"],
        body["answer"],
        body.get("value", ""),
        returned=body.get("returned", False),
        until=date.fromisoformat(until) if until else None,
    )
