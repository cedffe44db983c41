"""Fetch sessions with the limits of the source's file, among them a deadline for the whole run."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from syncd.bootstrap.places import Suspects
from syncd.errors import SourceUnavailable
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.pipeline.ports import DocumentNote
from syncd.pipeline.reading import ledger_of
from syncd.pipeline.registry import SourcePlan
from syncd.sdk.connector import Document
from syncd.sdk.settings import ClientCredentials
from syncd.settings.config import Config
from syncd.settings.source_file import LimitsTable
from syncd.settings.units import format_duration


class DeadlineSession(SourceSession):
    """A session that fetches nothing more once the run has taken too long."""

    def set_deadline(self, limits: LimitsTable) -> None:
        """Start the clock of the run."""
        self._allowed = limits.run_timeout
        self._deadline = asyncio.get_running_loop().time() + limits.run_timeout.total_seconds()

    async def fetch(  # noqa: PLR0913 - a request has that many independent properties
        self,
        url: str,
        *,
        name: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Sequence[str] = (),
        validator: str | None = None,
        context: Mapping[str, str] | None = None,
        conditional: bool = True,
        bearer: ClientCredentials | None = None,
        want_headers: Sequence[str] = (),
    ) -> Document:
        """GET one document; raises SourceUnavailable ``run_timeout`` when the time of the run is over."""
        try:
            async with asyncio.timeout_at(self._deadline):
                return await super().fetch(
                    url,
                    name=name,
                    params=params,
                    headers=headers,
                    accept=accept,
                    validator=validator,
                    context=context,
                    conditional=conditional,
                    bearer=bearer,
                    want_headers=want_headers,
                )
        except TimeoutError as error:
            raise SourceUnavailable(
                f"fetching took longer than {format_duration(self._allowed)}",
                where=f"{self.source_id}/{name}",
                code="run_timeout",
                fix="Wait for the next run; if the portal is always that slow, raise limits.run_timeout.",
            ) from error


@dataclass(slots=True)
class Sessions:
    """Opens sessions; ``config`` is replaced on reload."""

    config: Config
    fetcher: HttpFetcher
    raw_root: Path
    workroot: Path
    ledgers: Path
    suspects: Suspects

    def __call__(self, plan: SourcePlan, notes: Mapping[str, DocumentNote]) -> DeadlineSession:
        """Return a session for one run; nothing is fetched yet."""
        source = self.config.sources.get(plan.source_id)
        # A source may leave the configuration between the start of its run and this moment.
        table = source.file.limits if source else LimitsTable()
        rundir = self.workroot / f"fetch-{plan.source_id}"
        # What a cut-off run left; runs of one source never overlap.
        shutil.rmtree(rundir, ignore_errors=True)
        session = DeadlineSession(
            source_id=plan.source_id,
            fetcher=self.fetcher,
            base_url=plan.base_url,
            rundir=rundir,
            raw_root=self.raw_root,
            notes=notes,
            allow_private=plan.allow_private,
            suspect=plan.source_id in self.suspects,
            limits=_fetch_limits(table),
            client_certificate=source.client_certificate if source else None,
            ledger=ledger_of(plan, self.ledgers),
            further=source.settings.further_addresses() if source else (),
        )
        session.set_deadline(table)
        return session


def _fetch_limits(table: LimitsTable) -> FetchLimits:
    return replace(
        FetchLimits(),
        wire_bytes=table.max_bytes,
        decoded_bytes=table.max_decoded_bytes,
        documents=table.max_documents,
        run_bytes=table.max_run_bytes,
    )
