"""Settings of a source that reads XZuFi objects from the FIM portal."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field, StringConstraints, field_validator

from syncd.sdk.settings import SourceSettings

Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")]
Office = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
ObjectKind = Literal["organizational-unit", "online-service", "specialization"]


class FimXzufiSettings(SourceSettings):
    """The ``[settings]`` table of a source file with ``connector = "fim_xzufi"``.

    Each object costs a request, so the offices are named and everything is bounded.
    """

    api_prefix: Prefix = Field(
        default="api/v0", description="Path before the lists; some clients of 2026 use api/v1."
    )
    offices: tuple[Office, ...] = Field(
        min_length=1, description="Editorial offices (redaktion_id) whose objects are read."
    )
    text_source: Literal["leika", "landesredaktion", "pvog"] = Field(
        default="pvog", description="Where the portal has the service texts from."
    )
    objects: tuple[ObjectKind, ...] = Field(
        default=("organizational-unit",), description="Kinds of objects read beside the service texts."
    )
    object_limit: int = Field(
        default=2_000,
        ge=1,
        le=20_000,
        description="Objects of one run; more stop it before they are fetched.",
    )
    missing_objects: int = Field(
        default=0, ge=0, le=1_000, description="Listed objects that may be missing; one more stops the run."
    )
    page_size: int = Field(default=200, ge=1, le=200, description="Items per page; the portal allows 200.")
    page_limit: int = Field(
        default=1_000, ge=1, le=4_000, description="Pages of one list before the run is given up."
    )

    @field_validator("offices", "objects")
    @classmethod
    def _nothing_twice(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) != len(names):
            raise ValueError("something is named twice")
        return names

    def url(self, *path: str) -> str:
        """Return an address; ids in it are quoted, because they are whatever an office makes them."""
        return "/".join((self.base_url, self.api_prefix, *(quote(part, safe="") for part in path)))
