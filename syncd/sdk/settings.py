"""Base of a connector's own settings (the ``[settings]`` table of a source file)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class SourceSettings(BaseModel):
    """Common settings of every connector; unknown keys are refused.

    ``base_url`` is the address of the portal's interface, without a trailing slash. Secrets are never given
    here as values, only as ``env:NAME`` or ``file:path`` references in fields of type ``SecretRef``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(pattern=r"^https?://[^\s?#]+[^/\s?#]$", description="Address without trailing slash.")

    def parse_options(self) -> dict[str, Any]:
        """Return the plain values the parser needs; they travel to the worker process as JSON."""
        return {}
