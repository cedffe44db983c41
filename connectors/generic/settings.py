"""Settings of a source that is read by a profile."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from connectors.generic.base import Name
from connectors.generic.profile import Profile
from connectors.generic.shelf import from_file, shipped
from syncd.sdk.settings import ClientCredentials, SecretRef, SourceSettings

RegionText = Annotated[str, StringConstraints(pattern=r"^\d{2,12}$")]


class GenericSettings(SourceSettings):
    """The ``[settings]`` table of a source file with ``connector = "generic"``."""

    profile: str | None = Field(None, description="Name of a shipped profile.")
    profile_file: str | None = Field(
        None, pattern=r"^/\S.*\.toml$", description="Absolute path of a profile of your own."
    )
    definition: Profile | None = Field(None, description="A profile written here, as [settings.definition].")
    regions: list[RegionText] = Field(
        default_factory=list,
        description="ARS or AGS, as the portal wants them, for profiles that ask per region.",
    )
    parameters: dict[Name, str] = Field(default_factory=dict, description="What the profile asks for.")
    username: SecretRef | None = None
    secret: SecretRef | None = Field(None, description="Key, token or password, by reference.")
    client: ClientCredentials | None = Field(None, description="OAuth2 client credentials.")

    @field_validator("profile_file")
    @classmethod
    def _readable(cls, path: str | None) -> str | None:
        if path is not None:
            from_file(Path(path))
        return path

    @field_validator("profile")
    @classmethod
    def _shipped(cls, name: str | None) -> str | None:
        if name is not None:
            shipped(name)
        return name

    @model_validator(mode="after")
    def _fits(self) -> Self:
        given = [n for n in ("profile", "profile_file", "definition") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of profile, profile_file, definition; here: {', '.join(given) or 'none'}"
            )
        self._check_regions()
        self._check_parameters()
        self._check_auth()
        return self

    @cached_property
    def chosen(self) -> Profile:
        """The profile, wherever it comes from."""
        if self.definition is not None:
            return self.definition
        return from_file(Path(self.profile_file)) if self.profile_file else shipped(self.profile or "")

    @property
    def values(self) -> dict[str, str]:
        """Parameters with their defaults."""
        defaults = {n: p.default for n, p in self.chosen.parameters.items() if p.default is not None}
        return {**defaults, **self.parameters}

    def wants_ledger(self) -> bool:
        """Only profiles that ask for changes need what they were told before."""
        return self.chosen.records.since is not None

    def parse_options(self) -> dict[str, Any]:
        """Return the reading half of the profile and the values it may name; no secrets, no addresses."""
        profile = self.chosen.model_dump(
            mode="json", by_alias=True, exclude={"transport", "conditional", "parameters", "note", "title"}
        )
        return {"profile": profile, "parameters": self.values}

    def _check_regions(self) -> None:
        if self.chosen.per_region and not self.regions:
            raise ValueError("the profile asks per region: list the regions of this source in 'regions'")
        if self.regions and not self.chosen.per_region:
            raise ValueError(
                "regions: the profile does not ask per region; use scope.areas of the source file"
            )
        if len(set(self.regions)) != len(self.regions):
            raise ValueError("regions: the same region is listed twice")

    def _check_parameters(self) -> None:
        known = self.chosen.parameters
        if unknown := sorted(set(self.parameters) - set(known)):
            raise ValueError(
                f"parameters: the profile does not know {', '.join(unknown)};"
                f" it knows: {', '.join(sorted(known)) or 'none'}"
            )
        for name, parameter in known.items():
            value = self.values.get(name)
            if value is None:
                raise ValueError(f"parameters.{name} is required: {parameter.description}")
            if not re.search(parameter.pattern, value):
                raise ValueError(f"parameters.{name}: {value!r} does not match {parameter.pattern}")

    def _check_auth(self) -> None:
        kind = self.chosen.transport.auth.kind
        needed = {
            "header": {"secret"},
            "bearer": {"secret"},
            "basic": {"username", "secret"},
            "client_credentials": {"client"},
        }.get(kind, set())
        given = {name for name in ("username", "secret", "client") if getattr(self, name) is not None}
        if missing := sorted(needed - given):
            raise ValueError(f"the profile's access is '{kind}': {' and '.join(missing)} must be given")
        if surplus := sorted(given - needed):
            raise ValueError(f"the profile's access is '{kind}': {', '.join(surplus)} has no use")
