"""From one item to a record: assertions, unknown members, rules, channels.

Must not know documents, paging or the ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.generic.patterns import TEXT_LIMIT, read_pattern
from connectors.generic.pointers import find, first
from connectors.generic.values import Shape, text_of
from syncd.sdk.parsing import RecordRejected
from syncd.sdk.records import Channel, ChannelKind, LinkState, Record, Severity
from syncd.sdk.text import (
    bound_or_none,
    instant_or_none,
    is_day,
    link_or_none,
    text_or_none,
    without_controls,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from connectors.generic.plan import Assertion, Plan, Rule
    from connectors.generic.plan import Channel as ChannelPlan
    from connectors.generic.values import Report
    from syncd.sdk.parsing import ParseContext

LABEL_LIMIT = 200
LEFTOVER_LIMIT = 100
"""Unknown members of one record that are kept."""
FACT_LIMIT = 500


def record_of(item: Mapping[str, Any], facts: Mapping[str, str], plan: Plan, context: ParseContext) -> Record:
    """Return the record of one item; raises RecordRejected without id or title, or for an assertion."""
    mapper = _Mapper(item, facts, plan, context)
    native_id = mapper.one("native_id")
    if native_id is None:
        raise RecordRejected("record_without_id", "The item has no id.", value=str(item)[:200])
    region = facts.get("region")
    mapper.where = f"{region}/{native_id}" if region else native_id
    mapper.check_assertions()
    title = mapper.text("title")
    if title is None:
        raise RecordRejected("record_without_title", "The item has no title.", value=native_id)
    leftover = mapper.unknown()
    return Record(
        native_id=mapper.where,
        title=title,
        service_keys=tuple(mapper.all("service_keys")),
        areas=tuple(mapper.all("areas")),
        description=mapper.text("description"),
        authority=mapper.text("authority"),
        authority_id=mapper.one("authority_id"),
        provider_area=mapper.one("provider_area"),
        channels=tuple(dict.fromkeys(mapper.channels())),
        typing=tuple(mapper.all("typing")),
        language=mapper.one("language") or "de",
        valid_from=mapper.day("valid_from"),
        valid_to=mapper.day("valid_to"),
        changed_at=mapper.instant("changed_at"),
        page_url=mapper.link("page_url"),
        facts=mapper.facts_beside(),
        leftover=leftover,
    )


class _Mapper:
    """The rules of a plan, applied to one item."""

    def __init__(
        self, item: Mapping[str, Any], facts: Mapping[str, str], plan: Plan, context: ParseContext
    ) -> None:
        self._item = item
        self._facts = facts
        self._plan = plan
        self._context = context
        self.where = ""

    def _report(self, field: str) -> Report:
        def report(code: str, message: str, value: str) -> None:
            self._context.issue(code, message, where=f"{self.where} {field}".strip(), value=value)

        return report

    def _values(self, field: str, rule: Rule | None, item: object = None) -> list[str]:
        if rule is None:
            return []
        return rule.values(self._item if item is None else item, self._facts, self._report(field))

    def all(self, field: str) -> list[str]:
        """Return every distinct value of a field."""
        return list(dict.fromkeys(self._values(field, self._plan.rules.get(field))))

    def one(self, field: str) -> str | None:
        """Return the first value of a field; further ones are reported."""
        values = self.all(field)
        if len(values) > 1:
            self._context.issue(
                "further_values",
                f"The field '{field}' has {len(values)} values; the first is used.",
                where=self.where,
                value=values[1],
                severity=Severity.NOTE,
            )
        return values[0] if values else None

    def text(self, field: str) -> str | None:
        """Return the first value of a field without control characters."""
        value = self.one(field)
        return without_controls(value, self._context, self.where) if value else None

    def link(self, field: str) -> str | None:
        """Return the first value of a field that is a web address."""
        return link_or_none(self.one(field), self._context, self.where)

    def day(self, field: str) -> date | None:
        """Return a day of validity; what is there and no day is reported."""
        value = self.one(field)
        if value is not None and not is_day(value):
            self._report(field)("bad_date", "The text is no date; it is not used.", value)
        return bound_or_none(value)

    def instant(self, field: str) -> datetime | None:
        """Return an instant; a day is its first moment in UTC."""
        value = self.one(field)
        if value is None:
            return None
        moment = instant_or_none(f"{value}T00:00:00+00:00" if len(value) == len("2026-01-01") else value)
        if moment is None:
            self._report(field)("bad_date", "The text is no date with time and zone; it is not used.", value)
        return moment

    def facts_beside(self) -> dict[str, str]:
        """Return the statements kept beside the record."""
        found = {}
        for name, rule in self._plan.facts.items():
            values = list(dict.fromkeys(self._values(f"facts.{name}", rule)))
            if values:
                found[name] = without_controls("|".join(values)[:FACT_LIMIT], self._context, self.where)
        return found

    def unknown(self) -> dict[str, str]:
        """Report the members no rule knows, and return the texts among them."""
        leftover: dict[str, str] = {}

        def found(path: str, value: object) -> None:
            self._context.unknown_field(path)
            text = text_or_none(value)
            if text is not None and len(leftover) < LEFTOVER_LIMIT:
                leftover.setdefault(path, text)

        self._plan.known.unknown(self._item, found)
        return dict(sorted(leftover.items()))

    def channels(self) -> Iterator[Channel]:
        """Yield the ways to use the service."""
        for plan in self._plan.channels:
            for value in find(self._item, plan.each, self._facts):
                for one in value if isinstance(value, list) else [value]:
                    if plan.when is None or plan.when.holds(one, self._facts):
                        yield from self._channel(plan, one)

    def _channel(self, plan: ChannelPlan, value: object) -> Iterator[Channel]:
        kind = next(iter(self._values("channel.kind", plan.kind, value)), None)
        if kind is None:
            return
        label = next(iter(self._values("channel.label", plan.label, value)), None)
        native_id = next(iter(self._values("channel.native_id", plan.native_id, value)), None)
        state = next(iter(self._values("channel.state", plan.state, value)), None)
        for text in self._values("channel.url", plan.url, value):
            url = link_or_none(text, self._context, self.where)
            if url is None:
                continue
            yield Channel(
                _kind_of(kind, url),
                url,
                without_controls(label[:LABEL_LIMIT], self._context, self.where) if label else None,
                native_id,
                LinkState(state) if state in _STATES else LinkState.UNCHECKED,
            )

    # --- assertions ---------------------------------------------------------------------------------
    def check_assertions(self) -> None:
        """Report what does not hold; raises RecordRejected for what may not happen."""
        for one in self._plan.assertions:
            if (fault := self._fault(one)) is None:
                continue
            message, value = fault
            if one.rejects:
                raise RecordRejected("assertion_failed", message, value=value)
            self._context.issue("assertion_failed", message, where=self.where, value=value)

    def _fault(self, one: Assertion) -> tuple[str, str] | None:
        values = one.rule.values(self._item, self._facts, self._report(one.text))
        if not values:
            return (f"'{one.text}' is required and not there.", "") if one.required else None
        for value in values:
            if one.matches is not None and not (
                len(value) <= TEXT_LIMIT and read_pattern(one.matches).fullmatch(value)
            ):
                return f"'{one.text}' does not match {one.matches}.", value
            if one.one_of is not None and value not in one.one_of:
                return f"'{one.text}' is none of {', '.join(sorted(one.one_of))[:200]}.", value
            if one.equals is not None:
                wanted = text_of(first_or_fact(self._item, one, self._facts), Shape(self._plan.shape.unwrap))
                if value != wanted:
                    return f"'{one.text}' is not {one.equals.text} ({wanted}).", value
        return None


def first_or_fact(item: object, one: Assertion, facts: Mapping[str, str]) -> object:
    """Return what an assertion compares with: another place of the item or a fact of the run."""
    pointer = one.equals
    if pointer is None:
        return None
    return facts.get(pointer.fact) if pointer.fact else first(item, pointer)


_STATES = frozenset(LinkState)
_KINDS = frozenset(ChannelKind)


def _kind_of(kind: str, url: str) -> ChannelKind:
    if kind == ChannelKind.FORM and url.partition("?")[0].lower().endswith(".pdf"):
        return ChannelKind.PDF
    return ChannelKind(kind) if kind in _KINDS else ChannelKind.UNKNOWN_LINK
