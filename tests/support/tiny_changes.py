"""A tiny portal of changes: connector, composing parser and a server's answers, all synthetic.

The portal has a list of changes; ``/changes?from=N`` gives those from number N on. A change is
``["put", id, {…}]``, ``["drop", id]`` or ``["here", competence id, service id, area]``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from syncd.sdk.connector import Completeness, ConnectorSpec, Document, FetchSession, SyntheticPortal
from syncd.sdk.ledger import Ledger
from syncd.sdk.parsing import ParseContext, Slice
from syncd.sdk.records import Record, RecordKind, RecordPart
from syncd.sdk.settings import SourceSettings

OFFER, OWNER = "service", ("owner", "o")


class TinyChanges:
    """Asks from the position reached; an empty answer is nothing new."""

    def __init__(self, settings: SourceSettings) -> None:
        self._base = settings.base_url

    async def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        """Yield one document with all changes since the position."""
        begins = session.position
        document = await session.fetch(f"/changes-{begins or 0}.json", name="changes", conditional=False)
        changes = await session.read_json(document)
        if begins and not changes:
            session.nothing_new()
            return
        ends = str(int(begins or 0) + len(changes))
        yield replace(document, context={"position_from": begins, "position_to": ends})


def collect(document: BinaryIO, context: ParseContext, ledger: Ledger) -> None:
    """Apply the changes in order."""
    for kind, number, *rest in json.load(document):
        if kind == "put":
            ledger.put(OFFER, number, json.dumps(rest[0], sort_keys=True).encode())
        elif kind == "drop":
            ledger.remove(OFFER, number)
        elif kind == "cut":
            context.incomplete_reason = "the portal says so"
        else:
            ledger.put_competence(number, service=(OFFER, rest[0]), owner=OWNER, area=rest[1])


def compose(ledger: Ledger, _context: ParseContext) -> Iterator[Slice]:
    """Yield one piece per service."""
    for number, body in ledger.objects(OFFER):
        areas = sorted(area for one in ledger.competences((OFFER, number)) for area in one.areas)
        yield Slice(json.dumps([number, json.loads(body), areas]).encode(), number)


def parse(piece: Slice, _context: ParseContext) -> Record:
    """Return an offer with one part per area, or what a catalogue says of a key."""
    number, body, areas = json.loads(piece.raw)
    facts: dict[str, str] = body.get("facts", {})
    return Record(
        number,
        body["title"],
        service_keys=(body["key"],),
        typing=tuple(body.get("typing", ())),
        kind=RecordKind.CATALOGUE if "facts" in body else RecordKind.OFFER,
        facts=facts,
        parts=tuple(RecordPart((area,), authority=f"Amt {area}") for area in areas),
    )


def answers(changes: list[Any]) -> dict[str, bytes]:
    """Return what the portal answers at its present end."""
    return {
        f"/changes-{begin}.json": json.dumps(changes[begin:]).encode() for begin in range(len(changes) + 1)
    }


def _no_portal() -> SyntheticPortal:
    return SyntheticPortal({}, 0, "")


SPEC = ConnectorSpec(
    name="tiny_changes",
    title="Tiny portal of changes (synthetic)",
    settings_type=SourceSettings,
    build=TinyChanges,
    parser=__name__,
    completeness=Completeness.WHOLE_DOCUMENT,
    portal=_no_portal,
    keeps_ledger=True,
)
