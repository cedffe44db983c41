"""The reading half of a profile, made ready for the parse worker: pointers read, defaults in place.

Why: profiles are checked by pydantic where they are configured; the worker gets plain data and must start
quickly, so it reads them again with nothing but the standard library. Must not know documents.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from connectors.generic.known import KnownNames
from connectors.generic.pointers import Pointer, find, read_pointer
from connectors.generic.templates import fill
from connectors.generic.values import Shape, apply, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.generic.values import Report

RULES = (
    *("native_id", "title", "service_keys", "areas", "description", "authority", "authority_id"),
    *("provider_area", "language", "valid_from", "valid_to", "changed_at", "page_url", "typing"),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Where values come from and the steps they take."""

    paths: tuple[Pointer, ...] = ()
    constant: str | None = None
    template: str | None = None
    fields: Mapping[str, tuple[Pointer, ...]] = field(default_factory=dict)
    encode: bool = True
    steps: tuple[Mapping[str, Any], ...] = ()
    join: str | None = None
    default: str | None = None
    shape: Shape = field(default_factory=Shape)

    def values(self, item: object, facts: Mapping[str, str], report: Report) -> list[str]:
        """Return the texts of the first pointer that yields any, or the default."""
        found: list[str] = []
        for start in self._starts(item, facts):
            found = apply(self.steps, start, report)
            if found:
                break
        if self.join is not None and found:
            return [self.join.join(dict.fromkeys(found))]
        return found or ([self.default] if self.default is not None else [])

    def value(self, item: object, facts: Mapping[str, str], report: Report) -> str | None:
        """Return the first text."""
        return next(iter(self.values(item, facts, report)), None)

    def _starts(self, item: object, facts: Mapping[str, str]) -> list[list[str]]:
        if self.constant is not None:
            return [[self.constant]]
        if self.template is not None:
            found = {
                name: next((t for p in paths for t in texts(find(item, p, facts), self.shape)), "")
                for name, paths in self.fields.items()
            }
            text = fill(self.template, found, encode=self.encode)
            return [[text]] if text else []
        return [texts(find(item, pointer, facts), self.shape) for pointer in self.paths]


@dataclass(frozen=True, slots=True)
class Condition:
    """The values of a rule are, or are not, among words."""

    rule: Rule
    words: frozenset[str]
    wanted: bool

    def holds(self, item: object, facts: Mapping[str, str]) -> bool:
        """Tell whether the condition holds; absent values are among no words."""
        found = {text.strip().casefold() for text in self.rule.values(item, facts, _silent)}
        return bool(found & self.words) is self.wanted


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of way to use a service."""

    each: Pointer
    kind: Rule
    url: Rule
    label: Rule | None
    native_id: Rule | None
    state: Rule | None
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Assertion:
    """What must hold for an item."""

    rule: Rule
    text: str
    required: bool
    matches: str | None
    one_of: frozenset[str] | None
    equals: Pointer | None
    rejects: bool


@dataclass(frozen=True, slots=True)
class Lookup:
    """A member that is a list of names and values."""

    member: str
    name: Pointer
    values: tuple[Pointer, ...]


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """How the documents of one listing are read."""

    name: str
    role: str
    decode: Mapping[str, Any]
    items: Pointer
    object: Pointer | None
    completeness: Mapping[str, Any]
    total: Pointer | None
    size: int | None
    paging: Mapping[str, Any]
    per_region: bool
    detail: Mapping[str, Any] | None
    since: tuple[Pointer, ...]
    key: tuple[tuple[Pointer, ...], ...]
    merge: str
    refers: tuple[Pointer, ...]
    into: str | None
    unmatched: str
    stands_for: str
    """The stream this one replaces, or itself."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the parser needs of a profile."""

    streams: Mapping[str, StreamPlan]
    records: StreamPlan
    shape: Shape
    select: Mapping[str, Any]
    lookups: tuple[Lookup, ...]
    version: tuple[Pointer, ...]
    volatile: tuple[tuple[str, ...], ...]
    pointers: Mapping[str, Pointer | None]
    rules: Mapping[str, Rule]
    channels: tuple[Channel, ...]
    facts: Mapping[str, Rule]
    assertions: tuple[Assertion, ...]
    deleted: Condition | None
    known: KnownNames
    uses_document: bool
    parameters: Mapping[str, str]


def plan_of(options: Mapping[str, Any]) -> Plan:
    """Return the plan for a parser's options; the same options give the same object."""
    return _compiled(orjson.dumps(options, option=orjson.OPT_SORT_KEYS))


def _silent(_code: str, _message: str, _value: str) -> None:
    """Report nothing: conditions are questions."""


@lru_cache(maxsize=8)
def _compiled(raw: bytes) -> Plan:
    options = orjson.loads(raw)
    profile, select = options["profile"], options["profile"]["select"]
    shape = Shape((*select["unwrap"], *_OWN_WRAPPERS))
    streams = {one["name"]: _stream(one, profile) for one in profile["stream"]}
    mapping = profile["map"]
    flag = profile["delete"]["flag"]
    return Plan(
        streams=streams,
        records=next(one for one in streams.values() if one.role == "records"),
        shape=shape,
        select=select,
        lookups=tuple(
            Lookup(one["list"], read_pointer(one["name"]), _pointers(one["value"]))
            for one in select["lookup"]
        ),
        version=_pointers(select["version"]),
        volatile=tuple(tuple(path.split("/")) for path in select["volatile"]),
        pointers={
            name: read_pointer(select[name]) if select[name] else None
            for name in ("stated_at", "identity", "error", "error_message")
        },
        rules={
            name: _rule(mapping[name], shape, exact=name == "native_id")
            for name in RULES
            if mapping[name] is not None
        },
        channels=tuple(_channel(one, shape) for one in mapping["channel"]),
        facts={name: _rule(one, shape) for name, one in mapping["facts"].items()},
        assertions=tuple(_assertion(one, shape) for one in profile["assert"]),
        deleted=_condition(flag, shape) if flag else None,
        known=KnownNames.of(profile, shape.unwrap),
        uses_document=b'"$document"' in raw,
        parameters=options["parameters"],
    )


_OWN_WRAPPERS = ("@value", "#text")
"""How linked data and our reading of XML write a text with attributes."""


def _stream(table: Mapping[str, Any], profile: Mapping[str, Any]) -> StreamPlan:
    completeness = table["completeness"]
    replaced = [one for one in profile["stream"] if one["fallback"] == table["name"]]
    original = replaced[0] if replaced else table
    return StreamPlan(
        name=table["name"],
        role=original["role"],
        decode=table["decode"] or profile["decode"],
        items=read_pointer(table["items"]),
        object=read_pointer(table["object"]) if table["object"] else None,
        completeness=completeness,
        total=read_pointer(completeness["total"]) if completeness["total"] else None,
        size=table["paging"]["size"],
        paging=table["paging"],
        per_region=table["per_region"],
        detail=table["detail"],
        since=_pointers(table["since"]["stamp"]) if table["since"] else (),
        key=tuple(map(_pointers, table["key"] or original["key"] or profile["select"]["key"])),
        merge=original["merge"],
        refers=_pointers(original["refers"]),
        into=original["into"],
        unmatched=original["unmatched"],
        stands_for=original["name"],
    )


def _pointers(value: list[str] | None) -> tuple[Pointer, ...]:
    return tuple(read_pointer(text) for text in value or ())


def _rule(table: Mapping[str, Any], shape: Shape, *, exact: bool = False) -> Rule:
    steps = tuple(table["steps"])
    booleans = any(step.get("words") or step.get("table") is not None for step in steps)
    return Rule(
        paths=_pointers(table.get("path")),
        constant=table.get("constant"),
        template=table.get("fill"),
        fields={name: _pointers(paths) for name, paths in table.get("fields", {}).items()},
        encode=table.get("encode", True),
        steps=steps,
        join=table.get("join"),
        default=table.get("default"),
        shape=Shape(shape.unwrap, booleans=booleans, exact=exact and not steps),
    )


def _condition(table: Mapping[str, Any], shape: Shape) -> Condition:
    words = table["one_of"] if table["one_of"] is not None else table["none_of"]
    rule = _rule(table, shape)
    return Condition(
        Rule(paths=rule.paths, steps=rule.steps, shape=Shape(shape.unwrap, booleans=True)),
        frozenset(word.strip().casefold() for word in words),
        wanted=table["one_of"] is not None,
    )


def _channel(table: Mapping[str, Any], shape: Shape) -> Channel:
    kind = table["kind_from"]
    optional = {
        name: _rule(table[name], shape) if table[name] else None for name in ("label", "native_id", "state")
    }
    return Channel(
        each=read_pointer(table["each"]),
        kind=_rule(kind, shape) if kind else Rule(constant=table["kind"]),
        url=_rule(table["url"], shape),
        when=_condition(table["when"], shape) if table["when"] else None,
        **optional,
    )


def _assertion(table: Mapping[str, Any], shape: Shape) -> Assertion:
    rule = _rule(table, shape)
    return Assertion(
        rule=Rule(paths=rule.paths, steps=rule.steps, shape=Shape(shape.unwrap, booleans=True)),
        text=" or ".join(table["path"]),
        required=table["required"],
        matches=table["matches"],
        one_of=frozenset(table["one_of"]) if table["one_of"] is not None else None,
        equals=read_pointer(table["equals"]) if table["equals"] else None,
        rejects=table["then"] == "reject",
    )
