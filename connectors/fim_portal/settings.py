"""Settings of a FIM portal source."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from syncd.sdk.settings import SourceSettings

Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")]
Span = Annotated[str, StringConstraints(pattern=r"^\d{1,4} ?(min|h|d|w)$")]
TextSource = Literal["leika", "landesredaktion", "pvog"]

_UNITS = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class FimPortalSettings(SourceSettings):
    """The ``[settings]`` table of a source file with ``connector = "fim_portal"``."""

    api_prefix: Prefix = Field(
        default="api/v0", description="Path before the lists; some clients of 2026 use api/v1."
    )
    profiles: bool = Field(default=True, description="Read the service profiles (Steckbriefe).")
    texts: tuple[TextSource, ...] = Field(
        default=("leika",), description="Whose service texts (Stammtexte) are read; empty reads none."
    )
    full_walk_every: Span = Field(
        default="7 d", description="After this time everything is read again, so that deletions show."
    )
    overlap: Span = Field(
        default="48 h",
        description="How far before the last change seen the next question for changes begins.",
    )
    page_size: int = Field(default=200, ge=1, le=200, description="Items per page; the portal allows 200.")
    page_limit: int = Field(
        default=1_000, ge=1, le=2_000, description="Pages of one list before the run is given up."
    )

    @model_validator(mode="after")
    def _something_to_read(self) -> FimPortalSettings:
        if not self.profiles and not self.texts:
            raise ValueError("nothing is read: set 'profiles = true' or name 'texts'")
        if len(set(self.texts)) != len(self.texts):
            raise ValueError("'texts' names a source twice")
        return self

    def url(self, path: str) -> str:
        """Return the address of a list."""
        return f"{self.base_url}/{self.api_prefix}/{path}"


def span(text: str) -> timedelta:
    """Return the duration of a setting such as ``7 d``."""
    match = re.fullmatch(r"(\d+) ?([a-z]+)", text)
    if match is None:
        raise ValueError(f"{text!r} is no duration")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
