"""From a piece to a record. Must not know: documents, ledgers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from syncd.sdk.parsing import RecordRejected
from syncd.sdk.records import Channel, ChannelKind, Record, RecordPart, facts
from syncd.sdk.text import bound_or_none, instant_or_none, is_day, link_or_none, without_controls
from syncd.sdk.xzufi.names import AUTHORITY, CONTACT, FORM, ONLINE_SERVICE, RESPONSIBLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from syncd.sdk.parsing import ParseContext, Slice

_BETWEEN_TYPES = str.maketrans(",|", ";;")


def parse(piece: Slice, context: ParseContext) -> Record:
    """Return the record of one description; raises RecordRejected when it has no title."""
    body: dict[str, Any] = orjson.loads(piece.raw)
    service: dict[str, Any] = body["service"]
    native_id: str = body["id"]
    if not service.get("title"):
        raise RecordRejected(
            "record_without_title",
            "The service has neither a name nor an official name.",
            value=native_id,
            fix="Fill in text module 03 or 02.",
        )
    reader = _Reader(native_id, context)
    own_forms = reader.forms(service.get("forms", ()), "", None)
    parts = tuple(reader.part(part, own_forms) for part in body["parts"])
    if parts and own_forms and not any(part.authority_id for part in parts):
        # Nobody is named who could hand the forms out: they are valid wherever anything is.
        everywhere = tuple(sorted({area for part in parts for area in part.areas}))
        parts = (*parts, RecordPart(everywhere, channels=own_forms))
    description = service.get("description")
    page = service.get("page")
    return Record(
        native_id=native_id,
        title=without_controls(service["title"], context, native_id),
        service_keys=tuple(service.get("keys", ())),
        areas=() if parts else tuple(service.get("areas", ())),
        description=without_controls(description, context, native_id) if description else None,
        channels=() if parts else own_forms,
        typing=tuple(_types(service.get("typing", ()))),
        language=service.get("language") or "de",
        valid_from=reader.day(service.get("from"), "beginn"),
        valid_to=reader.day(service.get("to"), "ende"),
        changed_at=instant_or_none(service.get("changed")),
        page_url=link_or_none(page, context, native_id) if page else None,
        parts=parts,
        facts=_facts(service, body["parts"]),
    )


class _Reader:
    """Reads the parts of one record; links are checked once, however many parts share them."""

    def __init__(self, native_id: str, context: ParseContext) -> None:
        self._native_id = native_id
        self._context = context
        self._checked: dict[str, str | None] = {}

    def part(self, part: list[Any], own_forms: tuple[Channel, ...]) -> RecordPart:
        """Return what one owner adds in its areas; ``part`` is ``[class, id, role, areas, owner]``."""
        kind, owner_id, role, areas, owner = part
        name = owner.get("name") or None
        links = owner.get("links", ())
        if kind == ONLINE_SERVICE:
            found = self._channels(links, lambda _: ChannelKind.ONLINE_SERVICE, name, owner_id)
            channels = found or (Channel(ChannelKind.ONLINE_SERVICE, None, name, owner_id),)
            return RecordPart(tuple(areas), channels=channels)
        if kind == FORM:
            return RecordPart(tuple(areas), channels=self.forms(links, name, owner_id))
        if kind == AUTHORITY and role == CONTACT:
            url = self._link(owner.get("url", ""))
            return RecordPart(
                tuple(areas), channels=(Channel(ChannelKind.CONTACT, url, name, owner_id), *own_forms)
            )
        if kind == AUTHORITY and role == RESPONSIBLE:
            return RecordPart(tuple(areas), name, owner_id, channels=own_forms)
        return RecordPart(tuple(areas))

    def forms(
        self, links: Iterable[list[str]], name: str | None, native_id: str | None
    ) -> tuple[Channel, ...]:
        """Return links to forms; what ends in ``.pdf`` is one to print."""
        return self._channels(links, _form_kind, name, native_id)

    def day(self, text: str | None, name: str) -> date | None:
        """Return a bound of validity; what is there but no day is reported."""
        found = bound_or_none(text)
        if text and found is None and not is_day(text):
            self._context.issue(
                "bad_date",
                f"{name} is no day (YYYY-MM-DD); the offer counts as unbounded there.",
                where=self._native_id,
                value=text,
                fix="Write the day as YYYY-MM-DD, or leave the field out.",
            )
        return found

    def _channels(
        self,
        links: Iterable[list[str]],
        kind: Callable[[str], ChannelKind],
        name: str | None,
        native_id: str | None,
    ) -> tuple[Channel, ...]:
        found = (
            Channel(kind(url), url, title or name or None, native_id)
            for address, title in links
            if (url := self._link(address)) is not None
        )
        return tuple(dict.fromkeys(found))

    def _link(self, address: str) -> str | None:
        if address not in self._checked:
            self._checked[address] = link_or_none(address, self._context, self._native_id)
        return self._checked[address]


def _form_kind(url: str) -> ChannelKind:
    return ChannelKind.PDF if urlsplit(url).path.lower().endswith(".pdf") else ChannelKind.FORM


def _types(written: Iterable[str]) -> Iterable[str]:
    """Yield the types one by one; "1;2/3" is two."""
    for text in written:
        yield from filter(None, (part.strip() for part in text.translate(_BETWEEN_TYPES).split(";")))


def _facts(service: Mapping[str, Any], parts: list[list[Any]]) -> dict[str, str]:
    """Return the facts; without a trust level of its own, that of its online services if they agree."""
    said: dict[str, str] = dict(service.get("facts", {}))
    trusted = {owner["trust"] for *_, owner in parts if owner.get("trust")}
    if facts.TRUST_LEVEL not in said and len(trusted) == 1:
        said[facts.TRUST_LEVEL] = trusted.pop()
    return said
