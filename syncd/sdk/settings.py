"""Base of a connector's own settings (the ``[settings]`` table of a source file)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from syncd.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Missing:
    """What has to be filled in before a source can work: the setting, what is wrong, the cure."""

    key: str
    message: str
    fix: str


class SourceSettings(BaseModel):
    """Common settings of every connector; unknown keys are refused.

    ``base_url`` is the address of the portal's interface, without a trailing slash. Secrets are never given
    here as values, only as ``env:NAME`` or ``file:path`` references in fields of type ``SecretRef``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(
        pattern=r"^https?://[^\s?#]+[^/\s?#]$", description="Address without trailing slash."
    )

    def parse_options(self) -> dict[str, Any]:
        """Return the plain values the parser needs; they travel to the worker process as JSON."""
        return {}

    def further_addresses(self) -> tuple[str, ...]:
        """Return addresses of other origins the connector may ask, each named by the operator."""
        return ()

    def wants_ledger(self) -> bool:
        """Tell whether this source is asked for changes only, where its connector keeps a ledger at all.

        Without, every run begins with an empty ledger, and what the portal sent is kept to be asked for
        conditionally.
        """
        return True

    def secret_references(self) -> Iterator[tuple[str, SecretRef]]:
        """Yield every reference to a secret with its dotted name, also those inside tables."""
        yield from _references(self)

    def still_missing(self, on: date) -> Iterator[Missing]:  # noqa: ARG002 - for those that override it
        """Yield what the operator has to fill in before the source can work, on the day ``on``.

        Secrets and placeholders in ``base_url`` are noticed without this.
        """
        yield from ()


def _references(table: BaseModel, prefix: str = "") -> Iterator[tuple[str, SecretRef]]:
    for name in type(table).model_fields:
        value = getattr(table, name)
        if isinstance(value, SecretRef):
            yield f"{prefix}{name}", value
        elif isinstance(value, BaseModel):
            yield from _references(value, f"{prefix}{name}.")


class SecretRef:
    """A reference to a secret, ``env:NAME`` or ``file:path``; the secret never stands in a file of ours.

    Printing shows the reference, never the secret. Literal values are refused without repeating them.
    """

    __slots__ = ("_place", "_scheme")

    def __init__(self, reference: str) -> None:
        """Take a reference; raises ValueError for anything else."""
        scheme, colon, place = reference.partition(":")
        if not colon or scheme not in {"env", "file"} or not place.strip():
            raise ValueError("secrets are given as 'env:NAME' or 'file:/path', never as the value itself")
        self._scheme = scheme
        self._place = place

    def reveal(self) -> str:
        """Return the secret, read afresh so that a rotated one is taken; raises ConfigError when absent."""
        fix = "Provide the secret where the reference points to, or correct the reference."
        if self._scheme == "env":
            secret = os.environ.get(self._place, "")
        else:
            try:
                secret = Path(self._place).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{self} cannot be read", code="secret_missing", fix=fix) from error
        if not secret:
            raise ConfigError(f"{self} is not set or empty", code="secret_missing", fix=fix)
        return secret

    def __repr__(self) -> str:
        return f"SecretRef('{self}')"

    def __str__(self) -> str:
        return f"{self._scheme}:{self._place}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretRef) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        """Validate from text and serialise to the reference."""
        return core_schema.no_info_plain_validator_function(
            _secret_ref, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell editors the two forms."""
        return {"type": "string", "pattern": "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"}


def _secret_ref(value: object) -> SecretRef:
    if isinstance(value, SecretRef):
        return value
    # Not repeated in the message: it may be the secret itself.
    return SecretRef(value if isinstance(value, str) else "")


class ClientCredentials(BaseModel):
    """OAuth2 client credentials (RFC 6749 §4.4) as a table of a connector's settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token_url: str = Field(
        pattern=r"^https?://[^\s?#]+$", description="Address of the token endpoint; may be another host."
    )
    client_id: SecretRef
    client_secret: SecretRef
    scope: str | None = Field(None, description="Scope to ask for; absent asks for none.")
