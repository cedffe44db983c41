"""The probes, wired: which of them work is the configuration's word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

from syncd import USER_AGENT
from syncd.fetching.probe import LinkProbe, ProbeLimits
from syncd.fetching.routing import RoutingProbe
from syncd.model.probe import LinkFacts
from syncd.pipeline.ports import Store
from syncd.pipeline.probing import Prober
from syncd.settings.daemon_file import ProbeTable


@asynccontextmanager
async def open_prober(
    table: ProbeTable, store: Store, clock: Callable[[], datetime]
) -> AsyncIterator[Prober]:
    """Open the link probe, and the one for routes where an address is given; nothing is asked yet.

    The link probe is there whether the schedule uses it or not: an operator may ask at any time.
    """
    limits = ProbeLimits(pause_s=table.pause_seconds, allow_private=table.allow_private)
    async with AsyncExitStack() as stack:
        looker = await stack.enter_async_context(LinkProbe(USER_AGENT, limits))
        asker = None
        if table.routing_url is not None:
            asker = await stack.enter_async_context(RoutingProbe(table.routing_url, USER_AGENT, limits))
        yield Prober(store, clock, looker, asker)


async def look_at(links: Sequence[str], table: ProbeTable) -> list[LinkFacts]:
    """Look at a few links now, without a database."""
    limits = ProbeLimits(pause_s=table.pause_seconds, allow_private=table.allow_private)
    async with LinkProbe(USER_AGENT, limits) as probe:
        return await asyncio.gather(*(probe.look(link) for link in links))
