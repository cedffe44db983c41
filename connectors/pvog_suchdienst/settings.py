"""Settings of a PVOG Suchdienst source."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints, field_validator

from syncd.sdk.settings import SecretRef, SourceSettings

Region = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
Version = Annotated[str, StringConstraints(pattern=r"^v\d+((alpha|beta)\d*)?$")]


class SuchdienstSettings(SourceSettings):
    """The ``[settings]`` table of a source file with ``connector = "pvog_suchdienst"``.

    The Suchdienst versions each resource on its own, so each prefix is set on its own.
    """

    regions: tuple[Region, ...] = Field(
        min_length=1, description="12-digit ARS whose catalogues are fetched; 000000000000 is the Bund."
    )
    client_id: SecretRef | None = Field(
        default=None, description="Own client id from FITKO, sent as pvog-sud-api-client-id."
    )
    detail: bool = Field(
        default=False, description="Read each service from its detail document, not from its catalogue rows."
    )
    detail_limit: int = Field(
        default=2_000,
        ge=1,
        le=20_000,
        description="Detail documents per region; services beyond it are read from their rows.",
    )
    check_locations: bool = Field(
        default=False, description="Ask the place search whether each configured region exists."
    )
    catalogue_version: Version = Field(default="v5", description="Version prefix of the catalogue.")
    detail_version: Version = Field(default="v5", description="Version prefix of the service detail.")
    locations_version: Version = Field(default="v2", description="Version prefix of the place search.")

    @field_validator("regions")
    @classmethod
    def _no_region_twice(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(regions)) != len(regions):
            raise ValueError("a region is named twice")
        return regions

    def parse_options(self) -> dict[str, Any]:
        """Several regions list the same service each, so native ids then carry the region."""
        return {"qualify": len(self.regions) > 1}
