"""Settings of a Bereitstelldienst source."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from syncd.sdk.settings import ClientCredentials, SourceSettings

PATHS = {
    "v2": "bereitstelldienst/api/v2/verwaltungsobjekte",
    "v3": "bereitstelldienst/api/v3/verwaltungsobjekte/xzufi-2-3-1",
}
"""Path of each version of the interface, below the base address."""


class BereitstelldienstSettings(SourceSettings):
    """The ``[settings]`` table of a source file with ``connector = "pvog_bereitstelldienst"``.

    The names of the envelope's fields are those of v2; whether v3 kept them is not documented, so each can be
    changed.
    """

    version: Literal["v2", "v3"] = Field("v3", description="Version of the interface; decides the path.")
    path: str | None = Field(
        None,
        pattern=r"^[^/\s?#][^\s?#]*$",
        description="Path below the base address, where it is not the version's.",
    )
    ars: str = Field(
        "%",
        pattern=r"^[0-9]{0,12}[%*]?$",
        min_length=1,
        description="Restriction by regional key: the beginning of an ARS and '%', such as '06%' for Hessen.",
    )
    credentials: ClientCredentials | None = Field(
        None, description="OAuth2 client credentials; absent where a gateway of yours adds the token."
    )
    objects_field: str = Field("xzufiObjekte", min_length=1, description="Field with the XZuFi document.")
    complete_field: str = Field(
        "vollstaendig", min_length=1, description="Field that says whether this is the last block for now."
    )
    next_index_field: str = Field("naechsterIndex", min_length=1, description="Field with the next index.")
    next_url_field: str = Field(
        "naechsteAnfrageUrl", min_length=1, description="Field with the address of the next request."
    )

    def parse_options(self) -> dict[str, Any]:
        """Tell the parser where in the envelope the document is."""
        return {"objects_field": self.objects_field}
