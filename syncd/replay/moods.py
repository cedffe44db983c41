"""Moods of a replayed portal: how an answer is spoilt before it leaves.

Each mood is a fault seen in the field (fault study §3, groups N and T). Must not know sockets; what cannot be
said in bytes (hang, drip, break off) is said in :class:`Delivery`.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto
from functools import cache
from typing import TYPE_CHECKING

import orjson

from syncd.errors import ConfigError
from syncd.replay.recordings import read_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

ALL_PORTALS = "*"
_KEPT_SHARE = 0.4
_CUT_SHARE = 0.6
ELSEWHERE = "http://elsewhere.invalid/moved"
METADATA = "http://169.254.169.254/latest/meta-data/"
_BOMB_BYTES = 64 * 1024 * 1024
_ENDLESS_REPEATS = 100
_CLOCK_OFF_S = 5 * 3_600
_PAGE = (
    "<!DOCTYPE html><html lang='de'><head><title>Wartung</title></head><body><h1>Wartungsarbeiten</h1>"
    "<p>Der Dienst steht derzeit nicht zur Verfügung.</p></body></html>"
).encode()
_HTML = "text/html; charset=utf-8"


class Mood(StrEnum):
    """How a portal behaves."""

    NONE = "none"
    DOWN = "down"
    TRUNCATED = "truncated"
    """Announces more bytes than it sends."""
    TRUNCATED_GZIP = "truncated_gzip"
    """Sends a cut gzip stream whose announced length fits."""
    EMPTY = "empty"
    """Answers well-formed data without a record."""
    EMPTY_BODY = "empty_body"
    SHRUNKEN = "shrunken"
    """Leaves out 60 % of the records."""
    SLOW = "slow"
    HTML = "html"
    ERROR500 = "error500"
    ERROR500_JSON = "error500_json"
    """Status 500 over a body that looks like data."""
    GARBAGE = "garbage"
    REDIRECT_ELSEWHERE = "redirect_elsewhere"
    HANG = "hang"
    BOMB = "bomb"
    """Unpacks to a thousand times its size."""
    REDIRECT_INWARDS = "redirect_inwards"
    """Redirects to the address where clouds keep their secrets."""
    ENDLESS = "endless"
    INTERIM = "interim"
    """Sends interim answers for ever."""
    GOOD = "good"
    """Another name of ``none``."""
    WARN = "warn"
    """Answers everything, but a finding hangs on it: its clock is five hours fast."""
    FAIL = "fail"
    """Fails in another way with each request, as portals in trouble do."""
    HOSTILE = "hostile"
    """Attacks with each request in another way: bombs, lies, links to inner addresses, floods."""


class Delivery(Enum):
    """How bytes are sent, or not."""

    WHOLE = auto()
    CUT = auto()
    """Head with the full length, part of the body, connection closed."""
    DRIP = auto()
    RESET = auto()
    HANG = auto()
    ENDLESS = auto()
    """The body again and again, without a length."""
    INTERIM = auto()
    """One interim answer after the other, never an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before it is sent. ``encoding`` is the content encoding the body already has."""

    status: int
    content_type: str
    body: bytes
    etag: str | None = None
    encoding: str = ""
    location: str = ""
    delivery: Delivery = Delivery.WHOLE
    clock_off_s: int = 0
    headers: tuple[tuple[str, str], ...] = ()


def spoil(mood: Mood, answer: Answer, empty_file: Path | None = None) -> Answer:
    """Return the answer as a portal in that mood gives it; ETags follow the spoilt body.

    Mixed moods are settled by :func:`mood_of_turn` beforehand.

    ``empty_file`` is the recorded answer without a record; without one it is made from the full answer.
    """
    return _SPOILERS[mood](answer, empty_file)


def mood_of_turn(mood: Mood, turn: int) -> Mood:
    """Return what a portal in a mixed mood does with request number ``turn``; other moods stay."""
    turns = _TURNS.get(mood)
    return turns[turn % len(turns)] if turns else mood


def parse_faults(texts: Iterable[str]) -> dict[str, Mood]:
    """Read ``portal=mood`` or ``mood`` (for all portals); raises ConfigError for an unknown mood."""
    faults: dict[str, Mood] = {}
    for text in texts:
        portal, _, name = text.rpartition("=")
        faults[portal or ALL_PORTALS] = mood_named(name)
    return faults


def mood_named(name: object) -> Mood:
    """Return the mood of that name; raises ConfigError listing the known ones."""
    try:
        return Mood(str(name))
    except ValueError as error:
        message = f"there is no fault '{str(name)[:40]}'; known: {', '.join(mood.value for mood in Mood)}"
        raise ConfigError(message, where="replay faults", fix="Use one of the known names.") from error


def _other_body(answer: Answer, body: bytes) -> Answer:
    etag = hashlib.sha256(body).hexdigest()[:32] if answer.etag else None
    return replace(answer, body=body, etag=etag)


def _without_records(answer: Answer, empty_file: Path | None) -> Answer:
    if empty_file is not None:
        return _other_body(answer, read_body(empty_file))
    return _other_body(answer, _fewer(answer, 0.0))


def _shrunken(answer: Answer, _empty: Path | None) -> Answer:
    return _other_body(answer, _fewer(answer, _KEPT_SHARE))


def _fewer(answer: Answer, share: float) -> bytes:
    """Keep that share of the records, from the start."""
    if "json" in answer.content_type:
        return orjson.dumps(_fewer_items(orjson.loads(answer.body), share))
    lines = _csv_rows(answer.body)
    return b"".join(lines[: 1 + int((len(lines) - 1) * share)])


def _fewer_items(body: object, share: float) -> object:
    if isinstance(body, list):
        return body[: int(len(body) * share)]
    if not isinstance(body, dict):
        return body
    lists = [name for name, value in body.items() if isinstance(value, list)]
    if not lists:
        return {
            name: _fewer_items(value, share) if isinstance(value, dict) else value
            for name, value in body.items()
        }
    longest = max(lists, key=lambda name: len(body[name]))
    return {**body, longest: _fewer_items(body[longest], share)}


def _csv_rows(body: bytes) -> list[bytes]:
    """Split into rows; a row goes on while a quotation mark is open."""
    rows: list[bytes] = []
    open_row = b""
    for line in body.splitlines(keepends=True):
        open_row += line
        if open_row.count(b'"') % 2 == 0:
            rows.append(open_row)
            open_row = b""
    return [*rows, open_row] if open_row else rows


def _cut_gzip(answer: Answer, _empty: Path | None) -> Answer:
    packed = gzip.compress(answer.body, mtime=0)
    return replace(answer, body=packed[: max(1, int(len(packed) * _CUT_SHARE))], encoding="gzip", etag=None)


def _garbage(answer: Answer, _empty: Path | None) -> Answer:
    # Shaped by the body, so that the same portal gives the same garbage twice.
    block = hashlib.sha512(answer.body).digest()
    return replace(answer, body=(block * (1 + len(answer.body) // len(block)))[: len(answer.body)], etag=None)


def _page(status: int) -> Callable[[Answer, Path | None], Answer]:
    return lambda _answer, _empty: Answer(status, _HTML, _PAGE)


def _delivered(delivery: Delivery) -> Callable[[Answer, Path | None], Answer]:
    return lambda answer, _empty: replace(answer, delivery=delivery, etag=None)


def _bomb(answer: Answer, _empty: Path | None) -> Answer:
    return replace(answer, body=_packed_zeros(), encoding="gzip", etag=None)


@cache
def _packed_zeros() -> bytes:
    return gzip.compress(bytes(_BOMB_BYTES), compresslevel=9, mtime=0)


def _inwards(_answer: Answer, _empty: Path | None) -> Answer:
    return Answer(302, _HTML, _PAGE, location=METADATA)


_SPOILERS: Mapping[Mood, Callable[[Answer, Path | None], Answer]] = {
    Mood.NONE: lambda answer, _empty: answer,
    Mood.DOWN: _delivered(Delivery.RESET),
    Mood.TRUNCATED: _delivered(Delivery.CUT),
    Mood.TRUNCATED_GZIP: _cut_gzip,
    Mood.EMPTY: _without_records,
    Mood.EMPTY_BODY: lambda answer, _empty: replace(answer, body=b"", etag=None),
    Mood.SHRUNKEN: _shrunken,
    Mood.SLOW: _delivered(Delivery.DRIP),
    Mood.HTML: _page(200),
    Mood.ERROR500: _page(500),
    Mood.ERROR500_JSON: lambda answer, _empty: replace(answer, status=500, etag=None),
    Mood.GARBAGE: _garbage,
    Mood.REDIRECT_ELSEWHERE: lambda _answer, _empty: Answer(302, _HTML, _PAGE, location=ELSEWHERE),
    Mood.HANG: _delivered(Delivery.HANG),
    Mood.GOOD: lambda answer, _empty: answer,
    Mood.WARN: lambda answer, _empty: replace(answer, clock_off_s=_CLOCK_OFF_S),
    Mood.BOMB: _bomb,
    Mood.REDIRECT_INWARDS: _inwards,
    Mood.ENDLESS: lambda answer, _empty: replace(
        answer, body=(answer.body or b"\n") * _ENDLESS_REPEATS, delivery=Delivery.ENDLESS, etag=None
    ),
    Mood.INTERIM: _delivered(Delivery.INTERIM),
}
_TURNS: Mapping[Mood, tuple[Mood, ...]] = {
    Mood.FAIL: (Mood.ERROR500, Mood.TRUNCATED, Mood.HTML, Mood.DOWN, Mood.EMPTY_BODY),
    Mood.HOSTILE: (
        Mood.BOMB,
        Mood.REDIRECT_INWARDS,
        Mood.TRUNCATED_GZIP,
        Mood.INTERIM,
        Mood.ERROR500_JSON,
        Mood.ENDLESS,
        Mood.GARBAGE,
    ),
}
