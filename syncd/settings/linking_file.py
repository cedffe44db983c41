"""``[linking]`` of ``syncd.toml``: how sure a link must be to be made without a person."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from syncd.model.linkage import FULL_SCORE
from syncd.pipeline.registry import Linking
from syncd.rules.candidates import DEFAULT_THRESHOLDS, Thresholds
from syncd.settings.base import Line, Table

_PERMILLE = float(FULL_SCORE)

Share = Annotated[float, Field(ge=0, le=1, strict=False)]
Key = Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]


class LinkingTable(Table):
    """``[linking]``: records without a key are compared with the register and linked, asked about or left."""

    enabled: bool = Field(
        default=True,
        description="false: nothing is linked by likeness; judgements, keys and declared ids still count.",
    )
    upper: Share = Field(
        DEFAULT_THRESHOLDS.linked / _PERMILLE,
        description="From this score (0 to 1) a record is linked without a person.",
    )
    lower: Share = Field(
        DEFAULT_THRESHOLDS.review / _PERMILLE,
        description="Below this score nobody is asked; between the two a record waits for review.",
    )
    distance: Share = Field(
        DEFAULT_THRESHOLDS.distance / _PERMILLE,
        description="How far the second best service must be behind the best one.",
    )
    aliases: dict[Line, Key] = Field(
        default_factory=dict, description="Other name of a service → its key; the whole title must be it."
    )

    @model_validator(mode="after")
    def _in_order(self) -> LinkingTable:
        if not 0 < self.lower <= self.upper:
            raise ValueError(f"lower ({self.lower:g}) must be above 0 and not above upper ({self.upper:g})")
        return self

    def to_linking(self) -> Linking:
        """Return the plain value the use cases take."""
        linked, review, distance = (
            round(share * FULL_SCORE) for share in (self.upper, self.lower, self.distance)
        )
        return Linking(self.enabled, Thresholds(linked, max(1, review), distance))
