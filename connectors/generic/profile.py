"""A profile as a whole: its tables, what must fit together among them, and the names templates may use.

Must not know where a profile is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from connectors.generic.base import Name, Table
from connectors.generic.fetch_tables import Conditional, Stream, Transport
from connectors.generic.pointers import read_pointer
from connectors.generic.read_tables import Assertion, Decode, Delete, Map, Select
from connectors.generic.templates import names_in, region_facts

FACTS_OF_REGION = frozenset(region_facts("0"))
OWN_FACTS = frozenset({"document"})
"""``$document``: the name of the document an item came in."""


class Parameter(Table):
    """``[parameters.NAME]``: a value each source gives in its ``[settings.parameters]``."""

    description: str = Field(min_length=1)
    pattern: str = Field(r"^[^\s]{1,200}$", description="What a value must look like.")
    default: str | None = None


class Profile(Table):
    """One portal or protocol, described by data."""

    profile_version: Literal[1] = Field(description="Version of this language.")
    title: str = Field(min_length=1)
    note: str = Field("", description="What was verified against what, quirks.")
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    transport: Transport = Transport()
    conditional: Conditional = Conditional()
    stream: list[Stream] = Field(min_length=1, max_length=20)
    decode: Decode
    select: Select
    map: Map
    assertions: list[Assertion] = Field(default_factory=list, alias="assert")
    delete: Delete

    @property
    def records(self) -> Stream:
        """The stream whose items are the records."""
        return next(one for one in self.stream if one.role == "records")

    @property
    def per_region(self) -> bool:
        """Whether regions have to be configured."""
        return any(one.per_region for one in self.stream)

    def stream_named(self, name: str) -> Stream:
        """Return a stream by name; raises KeyError for an unknown one."""
        return {one.name: one for one in self.stream}[name]

    @model_validator(mode="after")
    def _streams_fit(self) -> Self:
        names = [one.name for one in self.stream]
        if len(set(names)) != len(names):
            raise ValueError("two streams have the same name")
        if len([one for one in self.stream if one.role == "records"]) != 1:
            raise ValueError("exactly one stream has role = 'records'")
        fallbacks = {one.name for one in self.stream if one.role == "fallback"}
        for one in self.stream:
            if one.fallback is not None and one.fallback not in fallbacks:
                raise ValueError(
                    f"stream '{one.name}': fallback '{one.fallback}' is no stream with role = 'fallback'"
                )
            if one.per_region and not self.records.per_region:
                raise ValueError(f"stream '{one.name}' is per region, the records are not")
            if one.detail is not None and (one.detail.decode or one.decode or self.decode).format not in {
                "json",
                "jsonld",
            }:
                raise ValueError(
                    f"stream '{one.name}': details are read as json or jsonld; set detail.decode"
                )
        if unused := fallbacks - {one.fallback for one in self.stream}:
            raise ValueError(f"nothing falls back on {', '.join(sorted(unused))}")
        return self

    @model_validator(mode="after")
    def _deletion_fits(self) -> Self:
        unproven = [one.name for one in self.stream if one.completeness.policy == "none"]
        if self.delete.policy != "none" and unproven:
            raise ValueError(
                f"delete.policy = '{self.delete.policy}' needs a completeness policy that proves something;"
                f" stream '{unproven[0]}' has 'none'. With nothing to prove, set delete.policy = 'none'"
            )
        if self.records.since is not None and self.delete.policy == "none":
            raise ValueError("stream.since needs delete.policy 'absence' or 'flag'")
        return self

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        parameters = set(self.parameters)
        if clash := parameters & (FACTS_OF_REGION | OWN_FACTS):
            raise ValueError(f"parameters: {', '.join(sorted(clash))} has a meaning of its own")
        for one in self.stream:
            known = parameters | (FACTS_OF_REGION if one.per_region else set())
            places = [one.path or "", *one.params.values(), one.discovery.path if one.discovery else ""]
            _check_names(f"stream '{one.name}'", places, known)
            if one.detail is not None:
                places = [one.detail.path, *one.detail.params.values()]
                _check_names(f"stream '{one.name}', detail", places, known | set(one.detail.fields))
        known = parameters | OWN_FACTS | (FACTS_OF_REGION if self.records.per_region else set())
        body = self.model_dump(include={"select", "map", "assertions", "delete", "stream"})
        for text in sorted(set(_facts_in(body))):
            if read_pointer(text).fact not in known:
                raise ValueError(f"{text} is no known fact; known: {', '.join(sorted(known))}")
        return self


def _check_names(where: str, templates: list[str], known: set[str] | frozenset[str]) -> None:
    wanted = {name for template in templates for name in names_in(template)}
    if unknown := sorted(wanted - known):
        raise ValueError(
            f"{where}: {{{unknown[0]}}} is not known; known: {', '.join(sorted(known)) or 'nothing'}"
        )


_POINTER_KEYS = frozenset({"path", "each", "equals", "fields"})


def _facts_in(value: Any, *, here: bool = False) -> Iterator[str]:  # noqa: ANN401 - a dumped table
    """Yield the pointers that begin with ``$``; only keys that hold pointers are looked at."""
    if isinstance(value, str):
        if here and value.startswith("$"):
            yield value
    elif isinstance(value, list):
        for one in value:
            yield from _facts_in(one, here=here)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _facts_in(one, here=here or key in _POINTER_KEYS)
