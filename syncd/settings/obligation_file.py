"""The settings of one file in ``obligations/``: who must offer what, how far, from when, on what ground."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from syncd.model.coverage import Duty, Obligation, Tier
from syncd.model.evidence import Evidence
from syncd.model.service import Service, ServiceKey
from syncd.settings.base import Identifier, Line, Strings, Table

TierName = Literal["bund", "land", "kreis", "gemeinde"]
RungName = Literal[
    "description", "contact", "appointment", "pdf_form", "online_form", "online_service", "end_to_end"
]


class DutyTable(Table):
    """``[[duty]]``: one group of services with the same executing tier."""

    name: Line
    line: Literal["kreis", "gemeinde"] = Field(description="Tier on which cells are counted.")
    owed_by: TierName = Field(description="Tier that executes the services.")
    minimum: RungName = Field("online_service", description="Lowest rung that meets the obligation.")
    from_on: date = Field(alias="from", description="First day on which it is owed.")
    legal_ground: Line
    services: Strings = ()
    typing: Strings = Field((), description="Types of the service register, such as '2' or '4b'.")
    areas: Strings = Field((), description="Only below these areas; empty means everywhere.")

    @model_validator(mode="after")
    def _names_services(self) -> DutyTable:
        if bool(self.services) == bool(self.typing):
            raise ValueError("give either services or typing, exactly one of them")
        if duplicates := sorted({key for key in self.services if self.services.count(key) > 1}):
            raise ValueError(f"services listed twice: {', '.join(duplicates)}")
        return self

    def to_model(self) -> Duty:
        """Return the plain value the rules take."""
        return Duty(
            name=self.name,
            line=Tier(self.line),
            owed_by=Tier(self.owed_by),
            minimum=Evidence.from_label(self.minimum),
            from_on=self.from_on,
            legal_ground=self.legal_ground,
            services=frozenset(self.services),
            typing=frozenset(self.typing),
            areas=self.areas,
        )


class ObligationFile(Table):
    """All of ``obligations/<id>.toml``."""

    id: Identifier
    title: Line
    note: str = ""
    names: dict[str, Line] = Field(
        default_factory=dict, description="Names of services that the service register does not know."
    )
    duty: Annotated[tuple[DutyTable, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _names_only_its_own(self) -> ObligationFile:
        known = {key for duty in self.duty for key in duty.services}
        if strangers := sorted(self.names.keys() - known):
            raise ValueError(f"names of services that no duty lists: {', '.join(strangers)}")
        return self

    def to_services(self) -> dict[str, Service]:
        """Return register entries for the services this file names, with its id as their origin."""
        return {key: Service(ServiceKey(key), name, self.id) for key, name in self.names.items()}

    def to_model(self) -> Obligation:
        """Return the plain value the rules take."""
        return Obligation(self.id, self.title, tuple(duty.to_model() for duty in self.duty), self.note)
