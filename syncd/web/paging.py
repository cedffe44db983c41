"""Pages of listings: opaque cursors bound to a release and its filters, and the addresses of next pages.

A cursor carries the number of its release, so the pages of one walk never mix releases even when a new one is
published in between. It carries a digest of path and filters too, so that it cannot be used with others.
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlencode

import orjson

from syncd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pydantic import BaseModel

_Row = TypeVar("_Row")
_STEERING = frozenset({"cursor", "limit", "release", "at"})

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Query:
    """Path and parameters of a request in one canonical form: equal questions are equal."""

    path: str
    pairs: Pairs

    @classmethod
    def of(cls, path: str, pairs: Iterable[tuple[str, str]]) -> Query:
        """Return the canonical form: parameters sorted by name and value."""
        return cls(path, tuple(sorted(pairs)))

    @property
    def text(self) -> str:
        """The whole as one text, for keys of caches and validators."""
        return f"{self.path}?{urlencode(self.pairs)}"

    @property
    def fingerprint(self) -> str:
        """Digest of path and filters, without what only chooses release or page."""
        filters = [(name, value) for name, value in self.pairs if name not in _STEERING]
        return hashlib.sha256(f"{self.path}?{urlencode(filters)}".encode()).hexdigest()[:12]

    def address(self, **replaced: str | int | None) -> str:
        """Return the address with some parameters replaced, or dropped by None; a relative reference."""
        pairs = [(name, value) for name, value in self.pairs if name not in replaced]
        pairs += [(name, str(value)) for name, value in replaced.items() if value is not None]
        return f"{quote(self.path, safe='/%')}?{urlencode(pairs)}" if pairs else quote(self.path, safe="/%")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: the release it belongs to (0: none) and the key of the last item before it."""

    release: int
    after: tuple[str | int, ...]


def encode_cursor(query: Query, position: Position) -> str:
    """Return the cursor of a position."""
    body = orjson.dumps([position.release, query.fingerprint, *position.after])
    return urlsafe_b64encode(body).rstrip(b"=").decode()


def decode_cursor(query: Query, text: str) -> Position:
    """Return the position of a cursor; raises ConfigError (``bad_cursor``) for one that was not made here."""
    try:
        body = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _bad_cursor("was not made by this service") from error
    match body:
        case [int(release), str(fingerprint), *after] if (
            release >= 0 and after and all(isinstance(part, str | int) for part in after)
        ):
            if fingerprint != query.fingerprint:
                raise _bad_cursor("belongs to other filters")
            return Position(release, tuple(after))
        case _:
            raise _bad_cursor("was not made by this service")


def _bad_cursor(why: str) -> ConfigError:
    return ConfigError(f"the cursor {why}", code="bad_cursor")


@dataclass(frozen=True, slots=True)
class Reply:
    """A prepared body and the address of the next page."""

    body: bytes
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Paging:
    """One page of one question. ``release`` is 0 for what moves with time; ``stamp`` is its JSON."""

    query: Query
    limit: int
    release: int = 0
    stamp: bytes = b""
    after: tuple[str | int, ...] | None = None
    pins_release: bool = False
    """True when the address of the next page has to name the release, because the path does not."""
    operator: str = ""
    """Who asks, where a token proves it; only operators are told who decided."""

    @property
    def after_text(self) -> str:
        """First part of the position as text; empty on the first page."""
        return self.text(0)

    @property
    def after_number(self) -> int | None:
        """First part of the position as a number; None on the first page."""
        return self.number(0) if self.after else None

    def text(self, part: int) -> str:
        """Return a part of the position as text; raises ConfigError when it is none."""
        if self.after is None:
            return ""
        value = self.after[part] if part < len(self.after) else None
        if not isinstance(value, str) or "\0" in value:
            raise _bad_cursor("was not made by this service")
        return value

    def number(self, part: int) -> int:
        """Return a part of the position as a number; raises ConfigError when it is none."""
        value = self.after[part] if self.after and part < len(self.after) else None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
            raise _bad_cursor("was not made by this service")
        return value

    def page(
        self,
        rows: Sequence[_Row],
        render: Callable[[_Row], bytes],
        key: Callable[[_Row], tuple[str | int, ...]],
    ) -> Reply:
        """Return the page of these rows; one row more than ``limit`` means that there is a next page."""
        shown = rows[: self.limit]
        return self.part(shown, render, key(shown[-1]) if len(rows) > self.limit else None)

    def part(
        self,
        rows: Sequence[_Row],
        render: Callable[[_Row], bytes],
        last: tuple[str | int, ...] | None,
    ) -> Reply:
        """Return a page that ends at ``last`` although more may follow; None: nothing follows."""
        following = None
        if last is not None:
            cursor = encode_cursor(self.query, Position(self.release, last))
            pinned = {"release": self.release, "at": None} if self.pins_release else {}
            following = self.query.address(cursor=cursor, **pinned)
        return self._listing(rows, render, following)

    def whole(self, rows: Sequence[_Row], render: Callable[[_Row], bytes]) -> Reply:
        """Return a listing that is one page by nature."""
        return self._listing(rows, render, None)

    def single(self, item: BaseModel) -> Reply:
        """Return one thing in its envelope."""
        return Reply(b'{%s"item":%s}' % (self._head(), item.model_dump_json().encode()))

    def _listing(self, rows: Sequence[_Row], render: Callable[[_Row], bytes], following: str | None) -> Reply:
        items = b",".join(map(render, rows))
        return Reply(
            b'{%s"items":[%s],"next":%s}' % (self._head(), items, orjson.dumps(following)), following
        )

    def _head(self) -> bytes:
        return b'"release":%s,' % self.stamp if self.stamp else b""
