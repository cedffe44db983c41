"""What all our settings tables share: strict types, no unknown keys, frozen once read."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Table(BaseModel):
    """A table of a configuration file. Unknown keys are refused here, and so at every depth."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


# TOML has lists only; strictness would refuse them where we keep tuples.
Strings = Annotated[tuple[str, ...], Field(strict=False)]

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""Name of a source, obligation or cohort: also the name of its file, so lower case and without blanks."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=500)]
