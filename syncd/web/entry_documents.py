"""The document of an entry of the catalogue: stored and served as it is.

Clients depend on these names, so a rename inside must not reach them. This module must not read anything.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Rung = Literal[
    "none",
    "description",
    "contact",
    "appointment",
    "pdf_form",
    "online_form",
    "online_service",
    "end_to_end",
]
RUNG = "Rung of our evidence ladder, judged from data; not an official Reifegrad."


class _Shape(BaseModel):
    """Base of the parts of an entry."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class StatementDocument(_Shape):
    """One value of a field and who says so; the first one wins."""

    value: str
    source: str
    record: str


class ChannelDocument(_Shape):
    """One way to use a service."""

    kind: Literal["online_service", "form", "pdf", "appointment", "contact", "page", "unknown_link"]
    evidence: Rung = Field(description=RUNG)
    rule: str = Field(description="Id of the rule that decided the rung.")
    source: str
    record: str
    url: str = ""
    label: str = ""
    native_id: str = ""
    link_state: Literal["unchecked", "ok", "dead"] = "unchecked"


class OriginDocument(_Shape):
    """A record that took part in an entry."""

    source: str
    record: str
    linked_by: Literal["", "judgement", "identity", "hierarchy", "alias", "scored"] = Field(
        "", description="How the record came to count for the service; absent: it states the key."
    )


class RuledDocument(_Shape):
    """What an operator decided about a field; who and why stands in the log under the judgement's uid."""

    judgement: str
    answer: Literal["pin", "choose", "both"]
    value: str = Field("", description="What was pinned or chosen.")
    returned: bool = Field(default=False, description="What sources say has changed since.")
    until: str = Field("", description="Last day on which it holds (ISO 8601).")


class EntryDocument(_Shape):
    """One entry of the merged catalogue: a service offered in an area. Stored and served as it is."""

    service_key: str
    area: str
    title: str | None
    evidence: Rung = Field(description=RUNG)
    fields: dict[str, list[StatementDocument]] = Field(description="All statements per field, winner first.")
    channels: list[ChannelDocument]
    conflicts: list[str] = Field(description="Fields on which sources contradict each other, undecided.")
    origins: list[OriginDocument]
    provider: str = Field("", description="Area of the providing body, where it is not the entry's area.")
    link_dead: bool = Field(default=False, description="The best digital path is known to be dead.")
    sides: dict[str, list[StatementDocument]] = Field(
        default_factory=dict, description="Sides of conflicts that are no field of their own."
    )
    ruled: dict[str, RuledDocument] = Field(default_factory=dict, description="Decisions, by conflict.")
    pins: dict[str, RuledDocument] = Field(
        default_factory=dict, description="Pinned fields; their statement has the source `judgement:pin`."
    )
