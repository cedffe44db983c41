"""Recording a live portal, and replaying the recording at once to see that it stands alone.

The connector runs as it always does; each answer it was given is kept. Nothing of our own state is read or
written: bodies lie in a folder of their own, and everything is fetched unconditionally.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from yarl import URL

from syncd import USER_AGENT
from syncd.bootstrap.places import Suspects
from syncd.bootstrap.sessions import Sessions
from syncd.errors import ConfigError
from syncd.fetching.client import HttpFetcher
from syncd.replay.server import ReplayServer
from syncd.replay.writing import RecordingWriter
from syncd.sdk.settings import ClientCredentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.sdk.connector import Document
    from syncd.settings.config import Config, SourceConfig


@dataclass(frozen=True, slots=True)
class RecordReport:
    """What was recorded. ``replayed`` tells whether the connector got the same documents from the replay."""

    folder: Path
    answers: int
    documents: int
    size: int
    replayed: bool


def record(config: Config, source_id: str, into: Path, *, today: date | None = None) -> RecordReport:
    """Record a source's portal into a new folder ``<into>/<source>-<day>``.

    Raises what a run would raise (the portal does not answer, a key is missing), NotFound, and ConfigError
    when the folder exists or an answer holds a secret; nothing is left then.
    """
    source = config.source(source_id)
    day = today or datetime.now(UTC).date()
    folder = into / f"{source_id}-{day.isoformat()}"
    if folder.exists():
        raise ConfigError(
            f"{folder} exists", where="record", fix="Move it away, or record into another folder."
        )
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".recording-", dir=into) as work:
        # A folder of its own, because the replay serves every recording it finds.
        draft = Path(work) / "drafts" / folder.name
        writer = RecordingWriter(
            draft, source.file.title, source.settings.base_url, config.secrets(), day, _credit(source)
        )
        documents = asyncio.run(_walk(config, source_id, Path(work) / "live", writer))
        writer.close()
        replayed = asyncio.run(_replayed(config, source_id, draft, Path(work) / "replay"))
        same = _identities(documents, source.settings.base_url) == replayed
        size = sum(file.stat().st_size for file in draft.iterdir())
        answers = len(list(draft.glob("answer-*.gz")))
        shutil.move(draft, folder)
    return RecordReport(folder, answers, len(documents), size, same)


async def _walk(
    config: Config, source_id: str, work: Path, writer: RecordingWriter | None = None
) -> list[Document]:
    """Let the connector fetch everything, and keep each answer it got."""
    source = config.sources[source_id]
    plan = source.to_plan(config.registers, datetime.now(UTC).date())
    await asyncio.to_thread(work.mkdir, parents=True)
    async with HttpFetcher(user_agent=USER_AGENT) as fetcher:
        sessions = Sessions(config, fetcher, work / "raw", work, work / "ledgers", Suspects())
        session = sessions(plan, {})
        if writer is not None:
            session.on_answer = _keeper(writer, source.settings.base_url)
        return [document async for document in plan.connector.documents(session)]


def _keeper(writer: RecordingWriter, base_url: str) -> Callable[[URL, Document], None]:
    base = URL(base_url)

    def keep(address: URL, document: Document) -> None:
        path = address.path.removeprefix(base.path.rstrip("/"))
        if address.origin() != base.origin() or not path.startswith("/"):
            raise ConfigError(
                f"{address.origin()} is asked besides {base.origin()}; only answers below base_url can be"
                " recorded",
                where="record",
            )
        writer.add(
            path,
            dict(address.query),
            document.path.read_bytes(),
            content_type=document.content_type
            + (f"; charset={document.charset}" if document.charset else ""),
            etag=document.etag,
            headers=document.headers,
        )

    return keep


async def _replayed(config: Config, source_id: str, draft: Path, work: Path) -> list[tuple[str, str]]:
    """Run the connector against the recording and return what it got."""
    async with ReplayServer(draft.parent) as server:
        base_url = server.base_url(draft.name)
        moved = _moved(config.sources[source_id], base_url, server.token_url)
        again = await _walk(replace(config, sources={source_id: moved}), source_id, work)
        return _identities(again, base_url)


def _moved(source: SourceConfig, base_url: str, token_url: str) -> SourceConfig:
    """Return the source with its addresses led to the replay."""
    changes: dict[str, object] = {"base_url": base_url}
    for name in type(source.settings).model_fields:
        value = getattr(source.settings, name)
        if isinstance(value, ClientCredentials):
            changes[name] = value.model_copy(update={"token_url": token_url})
    limits = source.file.limits.model_copy(update={"allow_private": True})
    return replace(
        source,
        file=source.file.model_copy(update={"limits": limits}),
        settings=source.settings.model_copy(update=changes),
    )


def _identities(documents: list[Document], base_url: str) -> list[tuple[str, str]]:
    """Return the names of the documents with what identifies their content, the portal's address left out."""
    return [(document.name, _digest(document, base_url.encode())) for document in documents]


def _digest(document: Document, base_url: bytes) -> str:
    body = document.path.read_bytes()
    for form in (base_url, base_url.replace(b"/", b"\\/")):
        body = body.replace(form, b"")
    return hashlib.sha256(body).hexdigest()


def _credit(source: SourceConfig) -> str:
    about = getattr(source.file, "about", None)
    return str(getattr(about, "licence", None) or "")
