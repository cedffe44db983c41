"""Documents about a source itself: whose it is, and how good its data is. Must not read anything."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class AboutDocument(BaseModel):
    """Whose data it is and on what ground it is read, as the source's file says."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    owner: str = Field(description="Body that is responsible for the data.")
    contact: str
    licence: str
    permission: str = Field(description="On what ground we read it, where there is no licence.")
    expected_minimum: int | None = Field(description="Shorter listings are refused.")
    expected_maximum: int | None = Field(description="Longer listings are a warning.")


class QualityDocument(BaseModel):
    """A letter for the data of a source, with what it was judged by."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    grade: Literal["A", "B", "C", "D", "E"]
    reasons: list[tuple[str, float]] = Field(
        description="Why it is no A: stale, runs_failed (percent), unusable_records (percent), findings (per "
        "record read), without_key (percent)."
    )
