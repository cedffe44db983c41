"""Settings of a link list."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from syncd.sdk.settings import SourceSettings
from syncd.sdk.text import fold_name

AreaText = Annotated[str, StringConstraints(pattern=r"^\d{2,12}$")]


class LinkListSettings(SourceSettings):
    """The ``[settings]`` table of a source file with ``connector = "link_list"``."""

    path: str = Field(
        pattern=r"^[^/\s?#][^\s#]*$",
        description="Address of the file relative to base_url, without leading slash.",
    )
    delimiter: Literal[";", ",", "\t", "|"] | None = Field(
        default=None, description="Column separator; found out from the header when absent."
    )
    encoding: Literal["utf-8", "latin-1", "cp1252"] = Field(
        default="utf-8", description="Encoding of the file; a UTF-8 byte order mark outweighs it."
    )
    default_area: AreaText | None = Field(
        default=None, description="ARS or AGS of rows that name no area: a city's own list."
    )
    provider_of_level: dict[str, AreaText] = Field(
        default_factory=dict,
        description="Word of the level column → area code of the body that provides, e.g. bundesweit = '00'.",
    )
    final_newline: bool = Field(
        default=True,
        description="Whether the file ends with a line break; its absence is then taken for a cut-off file.",
    )

    def parse_options(self) -> dict[str, Any]:
        """Return everything but the address."""
        return {
            "delimiter": self.delimiter,
            "encoding": self.encoding,
            "default_area": self.default_area,
            "provider_of_level": {fold_name(word): code for word, code in self.provider_of_level.items()},
            "final_newline": self.final_newline,
        }
