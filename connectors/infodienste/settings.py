"""Settings of an Infodienste source: the key, what it is good for, and which areas are asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from connectors.infodienste.keys import AREA_PATTERN, area_code, covers
from connectors.infodienste.permission import permission_problems
from syncd.sdk.settings import Missing, SecretRef, SourceSettings

AreaText = Annotated[str, StringConstraints(pattern=AREA_PATTERN)]
PathText = Annotated[str, StringConstraints(pattern=r"^[^/\s?#][^\s?#]*$")]
IdText = Annotated[str, StringConstraints(pattern=r"^\S{1,100}$")]
Attribute = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9.]{0,60}$")]

HIDDEN = (
    "Fachlich freigegeben am",
    "Fachlich freigegeben durch",
    "Status Bibliothekseintrag",
    "Status Katalogeintrag",
    "Typisierung",
)
"""Text blocks of the editors that clients of the interface filter out."""
ATTRIBUTES = (
    *("id", "name", "type", "leikaKeys", "teaser", "textBlocks", "synonyms", "lastUpdated", "trustLevel"),
    *("sdgInformationAreas", "receivers", "writtenFormRequired", "singlePointOfContact"),
)


class Permission(BaseModel):
    """``[settings.permission]``: what the key was issued for. Nothing outside it is ever asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    purpose: str = Field(
        "", max_length=1_000, description="The use case the key was issued for, as it was agreed."
    )
    areas: tuple[AreaText, ...] = Field(
        (), description="ARS or AGS of the areas the key may be used for; areas inside them are included."
    )
    valid_until: date | None = Field(None, description="Last day of the permission; absent means no end.")
    granted_by: str = Field("", max_length=500, description="Who granted it, when, under which reference.")


class Paths(BaseModel):
    """``[settings.paths]``: resources below the addresses, should a Land use others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    services: PathText = "pst/find"
    services_extended: PathText = "pstExtended/find"
    online_competences: PathText = "osCompetence"
    unit_competences: PathText = "ouCompetence"
    online_services: PathText = "os"
    areas: PathText = "area/find"
    political_areas: PathText = "PoliticalArea/search"


class InfodiensteSettings(SourceSettings):
    """The ``[settings]`` table of a source file with ``connector = "infodienste"``."""

    version: Literal["v3", "v4"] = Field("v4", description="Version of the interface at base_url.")
    api_key: SecretRef = Field(description="The key, sent as header api_key.")
    language: str = Field(
        "de_DE",
        pattern=r"^[a-z]{2}[-_][A-Z]{2}$",
        description="Accept-Language; the documentation writes de_DE, one client de-DE.",
    )
    format: Literal["json", "xml"] = Field("json", description="Form of the answers that is asked for.")
    permission: Permission = Field(Permission(), description="What the key was issued for.")
    areas: dict[AreaText, str] = Field(
        min_length=1, description="Areas to read: ARS or AGS = name. The name only serves to look the id up."
    )
    above: dict[AreaText, str] = Field(
        default_factory=dict, description="Kreis and Land above them, to tell inherited offers from own ones."
    )
    area_ids: dict[AreaText, IdText] = Field(
        default_factory=dict, description="Ids of areas at the portal, where they are known; saves look-ups."
    )
    areas_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+[^/\s?#]$",
        description="Address of the area interface (v4); absent means base_url.",
    )
    areas_with_key: bool = Field(
        default=False, description="Send the key to the area interface, too; versions of it differ."
    )
    page_size: int = Field(100, ge=1, le=500, description="Hits per page; the portal's own default is 100.")
    completeness: Literal["total", "until_empty"] = Field(
        "total",
        description="What proves a listing: the announced total, or reading until an empty page.",
    )
    select_attributes: Literal["brackets", "indexed", "comma", "off"] = Field(
        "brackets", description="Spelling of selectAttributes; off asks for everything."
    )
    attributes: tuple[Attribute, ...] = Field(
        ATTRIBUTES, min_length=1, description="Attributes of services to ask for."
    )
    extended: bool = Field(
        default=True, description="Try pstExtended first (v4): it brings links without further requests."
    )
    unit_competences: Literal["list", "by_unit", "off"] = Field(
        "list", description="How competences of authorities are read: as a list, per root unit, or not."
    )
    units: tuple[IdText, ...] = Field((), description="Ids of the root units, for 'by_unit'.")
    detail_limit: int = Field(
        1_000, ge=0, le=4_000, description="Online services whose link is asked for one by one."
    )
    hidden_text_blocks: tuple[str, ...] = Field(
        HIDDEN, description="Names of text blocks for editors, which are never shown."
    )
    paths: Paths = Field(Paths(), description="Resources, should a Land use other ones.")

    @model_validator(mode="after")
    def _fits_together(self) -> InfodiensteSettings:
        asked = [area_code(text) for text in self.areas]
        if len(set(asked)) != len(asked):
            raise ValueError("an area is named twice in areas")
        for text in self.above:
            if not any(covers(area_code(text), code) for code in asked):
                message = f"above.{text} lies above none of the areas"
                raise ValueError(message)
        known = {*asked, *(area_code(text) for text in self.above)}
        for text in self.area_ids:
            if area_code(text) not in known:
                message = f"area_ids.{text} is named neither in areas nor in above"
                raise ValueError(message)
        if (self.unit_competences == "by_unit") != bool(self.units):
            raise ValueError("unit_competences = 'by_unit' and units belong together")
        return self

    def parse_options(self) -> dict[str, Any]:
        """Return what the parser needs."""
        return {"language": self.language[:2], "hidden": list(self.hidden_text_blocks)}

    def further_addresses(self) -> tuple[str, ...]:
        """Return the area interface, which lives at another address than the rest."""
        return (self.areas_url,) if self.areas_url else ()

    def still_missing(self, on: date) -> Iterator[Missing]:
        """Yield what is missing in the permission."""
        permission = self.permission
        for problem in permission_problems(
            permission.purpose, permission.areas, permission.valid_until, tuple(self.areas), on
        ):
            yield Missing(problem.key, problem.message, problem.fix)
