"""Settings of a source that reads an editorial system's index."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, StringConstraints, field_validator

from syncd.sdk.settings import SourceSettings

Path = Annotated[str, StringConstraints(pattern=r"^[^/\s?#][^\s?#]*$")]


class IndexSettings(SourceSettings):
    """The ``[settings]`` table of a source file with ``connector = "xzufi_index"``."""

    indexes: tuple[Path, ...] = Field(
        ("index.txt",), min_length=1, description="Index files below the base address; all must be there."
    )
    name_pattern: str = Field(
        r"[A-Za-z0-9._-]+\.xml",
        description="What a name in an index looks like, as a regular expression; another one stops the run.",
    )
    minimum_documents: int = Field(
        1, ge=1, description="Fewest documents all indexes list together; fewer stop the run."
    )

    check_transaction: bool = Field(
        default=True,
        description="Refuse an export whose documents count through a transaction and leave one out.",
    )

    @field_validator("indexes")
    @classmethod
    def _no_index_twice(cls, indexes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(indexes)) != len(indexes):
            raise ValueError("an index is named twice")
        return indexes

    @field_validator("name_pattern")
    @classmethod
    def _is_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"this is no regular expression ({error})") from error
        return pattern

    def parse_options(self) -> dict[str, Any]:
        """Tell the parser whether to count documents."""
        return {"check_transaction": self.check_transaction}
