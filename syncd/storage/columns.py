"""Column types: what SQLite and PostgreSQL would otherwise treat differently.

SQLite returns naive instants and PostgreSQL aware ones; PostgreSQL sorts text by the database's language and
refuses NUL characters. These types make both databases keep the same promises. They must not know any table.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, DateTime, Integer, String, Text
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

from syncd.errors import InvariantViolated

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(text: str) -> str:
    """Return the text with what no database takes (NUL, lone surrogates) shown as U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", REPLACEMENT)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


class UTCDateTime(TypeDecorator[datetime]):
    """Instant in UTC; a naive one is refused, because nobody can know what it meant."""

    impl = DateTime
    cache_ok = True

    def __init__(self) -> None:
        """Ask PostgreSQL for a time stamp with zone."""
        super().__init__(timezone=True)

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any aware instant into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise InvariantViolated(f"instant without a time zone: {value.isoformat()}", where="storage")
        return value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware instant whatever the driver returned."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class KeyText(TypeDecorator[str]):
    """Text that is compared and sorted by code point on every database.

    Digests and paging depend on the order, so the language of the PostgreSQL database must not decide it.
    Characters no database takes become U+FFFD: a question for such a key finds nothing instead of failing.
    """

    impl = Text
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the C collation on PostgreSQL; SQLite compares bytes by default."""
        return dialect.type_descriptor(String(collation="C") if dialect.name == "postgresql" else Text())

    @override
    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Make the text storable."""
        return None if value is None else storable(value)


class PlainText(TypeDecorator[str]):
    """Text for people (reasons, findings); hostile characters from a feed must not keep a run from ending."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Make the text storable."""
        return None if value is None else storable(value)


class JsonText(TypeDecorator[Any]):
    """JSON as text with sorted keys and only ASCII, so that both databases hold the same bytes."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Serialise; anything JSON cannot hold is a bug of the caller."""
        return None if value is None else json_text(value)

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Deserialise."""
        return None if value is None else json.loads(value)


def json_text(value: Any) -> str:  # noqa: ANN401 - JSON is what it is
    """Return canonical JSON text; raises InvariantViolated for a value JSON cannot hold."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise InvariantViolated(f"cannot be stored as JSON: {error}", where="storage") from error


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON is what it is
    """Turn mappings and sequences that are no dict or list (frozen ones) into those."""
    if hasattr(value, "items"):
        return dict(value.items())
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return list(value)  # type: ignore[call-overload]  # a TypeError is what json.dumps expects here


def identity() -> TypeEngine[int]:
    """Return the type of surrogate keys: 64 bits on PostgreSQL, the row id on SQLite."""
    return BigInteger().with_variant(Integer(), "sqlite")
