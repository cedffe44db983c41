"""Settings of an Open-PVOG source."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from syncd.sdk.settings import SourceSettings

Region = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
RegionPath = Annotated[str, StringConstraints(pattern=r"^[^/\s?#{}][^\s?#{}]*\{ars\}[^\s?#{}]*$")]
Pointer = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9_]+)+$")]

_PAGE_PATHS = {"2024": "v1/data/{ars}", "2026": "public/v1/dash/open-pvog/{ars}"}
_EXPORT_PATHS = {"2024": "v1/data/{ars}", "2026": "public/v1/dash/open-pvog/{ars}/export"}


class OpenPvogSettings(SourceSettings):
    """The ``[settings]`` table of a source file with ``connector = "open_pvog"``.

    Host, paths and envelope have changed once within two years, so each of them can be set.
    """

    regions: tuple[Region, ...] = Field(
        min_length=1, description="12-digit ARS to ask for, one after another."
    )
    generation: Literal["2024", "2026"] = Field(
        default="2026", description="Which generation of the interface answers: decides the default paths."
    )
    page_path: RegionPath | None = Field(
        default=None, description="Path of the JSON pages with {ars} in it; absent: that of the generation."
    )
    export_path: RegionPath | None = Field(
        default=None, description="Path of the CSV export with {ars} in it; absent: that of the generation."
    )
    transport: Literal["auto", "csv", "pages"] = Field(
        default="auto", description="CSV export, JSON pages, or the export with the pages as a fall-back."
    )
    include_below: bool = Field(
        default=True, description="Also ask for the bodies inside each region (includeBelow)."
    )
    offers: bool = Field(
        default=True,
        description="Whether what is online there counts as an offer here; false: a yardstick only.",
    )
    final_newline: bool = Field(
        default=True, description="Whether the export must end with a line end; without, a cut may go unseen."
    )
    page_size: int = Field(default=100, ge=1, le=1_000, description="Rows per JSON page.")
    page_limit: int = Field(
        default=2_000, ge=1, le=4_000, description="JSON pages of one region before the run is given up."
    )
    content_pointer: Pointer = Field(default="/content", description="Where the rows stand in a JSON page.")
    total_pages_pointer: Pointer | None = Field(
        default=None, description="Where the number of pages stands; absent: both known places are tried."
    )
    total_rows_pointer: Pointer | None = Field(
        default=None, description="Where the number of rows stands; absent: both known places are tried."
    )

    @field_validator("regions")
    @classmethod
    def _no_region_twice(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(regions)) != len(regions):
            raise ValueError("a region is named twice")
        return regions

    def page_url(self, ars: str) -> str:
        """Return the address of a region's JSON pages."""
        path = self.page_path or _PAGE_PATHS[self.generation]
        return f"{self.base_url}/{path.replace('{ars}', ars)}"

    def export_url(self, ars: str) -> str:
        """Return the address of a region's CSV export."""
        path = self.export_path or _EXPORT_PATHS[self.generation]
        return f"{self.base_url}/{path.replace('{ars}', ars)}"

    def parse_options(self) -> dict[str, Any]:
        """Return what the parser needs."""
        return {
            "regions": list(self.regions),
            "below": self.include_below,
            "offers": self.offers,
            "final_newline": self.final_newline,
            "content": self.content_pointer,
        }
