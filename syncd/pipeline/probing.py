"""Probes as a use case: what is to be looked at, what is due, and what a look changes.

Probes produce evidence, never records: they may bound what a source claims and call a link dead, and they may
prove a delivery route; what exists where is for sources alone. A link is looked at once, however many
services use it. Must not know how a link is fetched.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from syncd.model.evidence import Evidence, LinkState
from syncd.model.probe import LinkFacts, LinkVerdict, TargetKind
from syncd.pipeline.entry_codec import decode_entry
from syncd.pipeline.probe_ports import ProbeRow
from syncd.rules.merge import Seen
from syncd.rules.probe import effect, judge, recheck_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from syncd.model.entry import Entry
    from syncd.pipeline.ports import Store

LINK: Final = "link"
ROUTE: Final = "route"
_SCAN: Final = "scan"
FOUND: Final = "found"
"""State of a route that exists; ``none`` of one that does not."""
_KEYS_AT_A_TIME = 100
_LOOKS_AT_A_TIME = 100
_ROUTE_AGAIN: Final = {FOUND: timedelta(days=30), "none": timedelta(days=7), "unclear": timedelta(days=1)}


class Looker(Protocol):
    """Looks at one link; whatever goes wrong is a fact, not an error."""

    async def look(self, link: str) -> LinkFacts:
        """Return what the link leads to."""


class RouteAsker(Protocol):
    """Asks whether there is an electronic delivery route."""

    async def routes(self, service_key: str, area_code: str) -> int | None:
        """Return how many routes there are, or None when there was no clear answer."""

    @property
    def exhausted(self) -> bool:
        """True when nothing more may be asked for now."""


@dataclass(slots=True)
class Prober:
    """Use case: keep evidence about links and routes young. ``looker`` or ``asker`` None: not wanted."""

    store: Store
    clock: Callable[[], datetime]
    looker: Looker | None = None
    asker: RouteAsker | None = None
    changed: int = 0
    """How many findings changed what the catalogue says, since this was made."""
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def round(self, limit: int, *, links: bool = True) -> Counter[str]:
        """Take stock of what changed, then look at what is due; returns how many of each state were found.

        ``links`` False: only routes are asked for.
        """
        async with self._lock:
            await self.take_stock()
            found: Counter[str] = Counter()
            if self.looker is not None and links:
                found += await self._look_at_due(self.looker, limit)
            if self.asker is not None:
                found += await self._ask_due(self.asker, limit)
            return found

    async def take_stock(self) -> int:
        """Note which links and routes the services use whose entries changed; returns their number."""
        return await asyncio.to_thread(self._take_stock)

    def _take_stock(self) -> int:
        current = self.store.current_release()
        if current is None:
            return 0
        before = self.store.probe_subjects(_SCAN, [LINK]).get(LINK)
        last = int(before.body.get("release", 0)) if before else 0
        if last >= current.number:
            return 0
        count = 0
        keys = self.store.keys_changed_since(last)
        while chunk := tuple(islice(keys, _KEYS_AT_A_TIME)):
            links: dict[str, list[str]] = {}
            routes: dict[str, list[str]] = {}
            for key in chunk:
                entries = [
                    decode_entry(row.payload) for row in self.store.entries(current.number, service_key=key)
                ]
                links[key] = _links(entries)
                routes[key] = _routes(entries) if self.asker is not None else []
            self.store.use_probes(LINK, links, now=self.clock())
            self.store.use_probes(ROUTE, routes, now=self.clock())
            count += len(chunk)
        now = self.clock()
        self.store.keep_probes(
            [ProbeRow(_SCAN, LINK, "done", now, now, {"release": current.number})], dirty=()
        )
        return count

    async def _look_at_due(self, looker: Looker, limit: int) -> Counter[str]:
        found: Counter[str] = Counter()
        due = await asyncio.to_thread(self.store.due_probes, LINK, now=self.clock(), limit=limit)
        # Kept bit by bit: a stop must not cost hours of polite waiting.
        for start in range(0, len(due), _LOOKS_AT_A_TIME):
            some = due[start : start + _LOOKS_AT_A_TIME]
            facts = await asyncio.gather(*(looker.look(row.subject) for row in some))
            found += await asyncio.to_thread(self._keep, some, facts)
        return found

    def _keep(self, due: Sequence[ProbeRow], facts: Sequence[LinkFacts]) -> Counter[str]:
        now = self.clock()
        rows, dirty = [], []
        for row, seen in zip(due, facts, strict=True):
            before = verdict_of(row)
            verdict = judge(seen, before, at=now)
            rows.append(row_of(verdict))
            if effect(before) != effect(verdict):
                dirty.append(row.subject)
        self.changed += len(dirty)
        self.store.keep_probes(rows, dirty=dirty)
        return Counter(row.state for row in rows)

    async def _ask_due(self, asker: RouteAsker, limit: int) -> Counter[str]:
        due = await asyncio.to_thread(self.store.due_probes, ROUTE, now=self.clock(), limit=limit)
        found: Counter[str] = Counter()
        for row in due:
            if asker.exhausted:
                break
            service_key, _, area_code = row.subject.partition("@")
            count = await asker.routes(service_key, area_code)
            state = "unclear" if count is None else FOUND if count else "none"
            now = self.clock()
            # An unclear answer takes nothing back that was clear before.
            kept = row.state if count is None and row.state in {FOUND, "none"} else state
            new = ProbeRow(ROUTE, row.subject, kept, now + _ROUTE_AGAIN[state], now, {"routes": count or 0})
            changed = (kept == FOUND) != (row.state == FOUND)
            await asyncio.to_thread(self.store.keep_probes, [new], dirty=[row.subject] if changed else [])
            self.changed += changed
            found[f"route_{state}"] += 1
        return found


def seen_of(rows: Iterable[ProbeRow]) -> Seen:
    """Return what probes found for one service, as merging takes it."""
    links: dict[str, LinkVerdict] = {}
    routes: set[str] = set()
    for row in rows:
        if row.kind == ROUTE and row.state == FOUND:
            routes.add(row.subject.partition("@")[2])
        elif row.kind == LINK and (verdict := verdict_of(row)) is not None:
            links[row.subject] = verdict
    return Seen(links, frozenset(routes))


def verdict_of(row: ProbeRow) -> LinkVerdict | None:
    """Return the verdict kept of a link, or None before the first look."""
    if row.checked_at is None:
        return None
    body: Mapping[str, object] = row.body
    since = body.get("failing_since")
    return LinkVerdict(
        url=row.subject,
        state=LinkState(row.state),
        target=TargetKind(str(body["target"])),
        rule=str(body["rule"]),
        checked_at=row.checked_at,
        status=int(str(body.get("status", 0))),
        final_url=str(body.get("final_url", "")),
        failures=int(str(body.get("failures", 0))),
        failing_since=datetime.fromisoformat(str(since)) if since else None,
        seen=TargetKind(str(body.get("seen", TargetKind.UNSEEN))),
        seen_by=str(body.get("seen_by", "")),
    )


def row_of(verdict: LinkVerdict) -> ProbeRow:
    """Return the stored form of a verdict, with the instant of the next look."""
    body = {
        "target": verdict.target.value,
        "rule": verdict.rule,
        "status": verdict.status,
        "final_url": verdict.final_url,
        "failures": verdict.failures,
        "failing_since": verdict.failing_since.isoformat() if verdict.failing_since else None,
        "seen": verdict.seen.value,
        "seen_by": verdict.seen_by,
    }
    kept = {name: value for name, value in body.items() if value}
    return ProbeRow(LINK, verdict.url, verdict.state.value, recheck_at(verdict), verdict.checked_at, kept)


def _links(entries: Iterable[Entry]) -> list[str]:
    return sorted({c.channel.url for entry in entries for c, _ in entry.channels if c.channel.url})


def _routes(entries: Iterable[Entry]) -> list[str]:
    """Return the cells worth asking about: an official key, and a link that claims to go all the way."""
    return [
        f"{entry.service_key.value}@{entry.area.code}"
        for entry in entries
        if not entry.service_key.is_local and entry.evidence >= Evidence.ONLINE_SERVICE
    ]
