"""What API and pages share: validators, positions, packing of large answers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from syncd.errors import ConfigError
from syncd.web.answers import takes_gzip
from syncd.web.paging import Position, Query, decode_cursor

if TYPE_CHECKING:
    from aiohttp import web

    from syncd.pipeline.ask import ReleaseView
    from syncd.web.answers import Answer
    from syncd.web.reader import Reader

_PACK_ON_LOOP_BYTES = 32 * 1024


def release_tag(view: ReleaseView, query: Query, reader: Reader) -> str:
    """Return the strong validator of an answer: release, its content, configuration and question."""
    release = view.release
    question = hashlib.sha256(f"{reader.configuration}\0{query.text}".encode()).hexdigest()[:20]
    return f"{release.number}-{release.digest[:16]}-{question}"


async def judged_tag(tag: str, reader: Reader, operator: str) -> str:
    """Return the validator of an answer that also depends on what was decided, on the day and on who asks."""
    ask = reader.ask
    mark = await reader.run(ask.store.last_judgement)
    told = f"{mark}\0{ask.clock().date()}\0{operator}"
    return f"{tag}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def content_tag(body: bytes) -> str:
    """Return the strong validator of an answer that no release names."""
    return hashlib.sha256(body).hexdigest()[:32]


def position_of(query: Query, cursor: str | None, release: int | None) -> Position | None:
    """Return where a page of a release begins; raises ConfigError for a cursor of something else."""
    if cursor is None:
        return None
    position = decode_cursor(query, cursor)
    if not position.release or release not in {None, position.release}:
        raise ConfigError("the cursor belongs to another release", code="bad_cursor")
    return position


async def pack_in_thread(request: web.Request, answer: Answer, reader: Reader) -> None:
    """Pack a large answer away from the event loop; small ones are packed faster than a thread is found."""
    if (
        len(answer.body) > _PACK_ON_LOOP_BYTES
        and not answer.is_packed
        and takes_gzip(request.headers.get("Accept-Encoding", ""))
    ):
        await reader.run(answer.packed)
