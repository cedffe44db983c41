"""The conformance suite with the real fetch session, for connectors of this house and of others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from syncd.errors import SyncdError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.limits import FetchLimits
from syncd.fetching.session import SourceSession
from syncd.sdk.conformance import CHECKS, Trial
from syncd.sdk.connector import ConnectorSpec

_QUICK = FetchLimits(retry_wait_s=0.005)


@asynccontextmanager
async def open_session(*, base_url: str, workdir: Path) -> AsyncIterator[SourceSession]:
    """Open a fetch session against a portal on loopback, with short waits between tries."""
    async with HttpFetcher(_QUICK) as fetcher:
        yield SourceSession(
            source_id="trial",
            fetcher=fetcher,
            base_url=base_url,
            rundir=workdir / "run",
            raw_root=workdir / "raw",
            allow_private=True,
        )


def run_check(check: Any, spec: ConnectorSpec, folder: Path) -> None:  # noqa: ANN401 - one of CHECKS
    """Run one check of the suite; raises NotConforming."""
    asyncio.run(check(Trial(spec, open_session, folder)))


def run_checks(spec: ConnectorSpec, folder: Path) -> Iterator[tuple[str, str]]:
    """Run all checks and yield (name, what was broken or nothing) one by one."""
    for number, check in enumerate(CHECKS):
        broken = ""
        try:
            run_check(check, spec, folder / f"check-{number}")
        except (AssertionError, SyncdError) as error:
            broken = str(error) or type(error).__name__
        yield check.__name__.removeprefix("check_"), broken
