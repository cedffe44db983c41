"""Settings of a DLDB export."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from syncd.sdk.settings import SourceSettings

ExportPath = Annotated[str, StringConstraints(pattern=r"^[^/\s?#][^\s#]*$")]


class DldbSettings(SourceSettings):
    """The ``[settings]`` table of a source file with ``connector = "dldb"``.

    Paths are relative to ``base_url``; the defaults are Berlin's.
    """

    area: str = Field(
        pattern=r"^\d{2,12}$",
        description="ARS or AGS the export is valid in (Berlin: 110000000000); the export itself names none.",
    )
    services_path: ExportPath = Field(default="dienstleistungen/json/", description="Export of services.")
    authorities_path: ExportPath = Field(
        default="behoerden/json/", description="Export of authorities, for their names."
    )
    locations_path: ExportPath = Field(
        default="standorte/json/", description="Export of locations, for names and appointment links."
    )
    editorial_office: str = Field(
        default="",
        pattern=r"^([A-Z]\d{6})?$",
        description="Office under which the same services reach PVOG with the same numbers (Berlin: "
        "L100108); records are then linked by that id. Empty: they are not.",
    )
    # TOML has no null, so leaving an export out is a switch of its own.
    fetch_authorities: bool = Field(default=True, description="Whether there is an export of authorities.")
    fetch_locations: bool = Field(default=True, description="Whether there is an export of locations.")

    def parse_options(self) -> dict[str, Any]:
        """Return what the parser needs."""
        # Absent rather than empty: a setting nobody uses is no reason to read everything again.
        office = {"editorial_office": self.editorial_office} if self.editorial_office else {}
        return {"area": self.area, **office}
