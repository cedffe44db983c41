"""A synthetic miniature of the whole state: registers, sources, obligations, a cohort, published releases.

Everything goes through the real store and the real rules; only the places, services and portals are made up
(:mod:`tests.support.tiny_germany` has the places). What stands where:

- ``bund`` offers ``ONLINE_EVERYWHERE`` for the whole federation: inherited by every municipality.
- ``grossstadt`` speaks for Großstadt: one own offer, one form to print, one dead link, and it is silent on
  ``NOT_LISTED``, which is therefore missing there.
- ``kreis-aue`` spoke too long ago and now fails: its cells are unknown, never missing.
- ``riedstadt`` has never been read.
"""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from syncd.model.area import AreaKey
from syncd.model.coverage import Cohort, Duty, Obligation, Tier
from syncd.model.entry import Release
from syncd.model.evidence import Channel, ChannelKind, Evidence, LinkState
from syncd.model.record import Claim, Scope
from syncd.model.run import RunCounts, RunOutcome
from syncd.model.service import Service, ServiceKey
from syncd.pipeline.ask import Ask
from syncd.pipeline.codec import content_hash, encode_claims, short_hash
from syncd.pipeline.hold import ReleaseGate
from syncd.pipeline.ports import HASH_SIZE, StagedRecord, StagedSnapshot, Store, Verdict
from syncd.pipeline.rebuild import Rebuilder
from syncd.pipeline.registry import AreaRegister, Registry, SourcePlan
from syncd.rules.areas import AreaIndex
from syncd.rules.identity_tokens import identity_tokens
from syncd.rules.line import AreaLine
from syncd.storage.builder import InProcessBuilder
from tests.support.tiny_germany import tiny_areas

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)

ONLINE_EVERYWHERE = "99001001001000"
OWN_FORM = "99002001001000"
TO_PRINT = "99003001001000"
DEAD_LINK = "99004001001000"
NOT_LISTED = "99005001001000"
NOBODY_SPEAKS = "99006001001000"
OF_THE_KREIS = "99007001001000"
NOT_OWED = "99008001001000"

GROSSSTADT = "064110000000"
AUHEIM = "064310001001"
RIEDSTADT = "095710001001"
KREIS_AUE = "06431"

_NAMES = {
    ONLINE_EVERYWHERE: "Musterausweis beantragen",
    OWN_FORM: "Musterwohnsitz anmelden",
    TO_PRINT: "Musterhund anmelden",
    DEAD_LINK: "Musterparken beantragen",
    NOT_LISTED: "Mustergewerbe anzeigen",
    NOBODY_SPEAKS: "Mustersperrmüll anmelden",
    OF_THE_KREIS: "Musterfahrzeug zulassen",
    NOT_OWED: "Musterfischerei erlauben",
}


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


def channel(kind: ChannelKind, path: str, *, state: LinkState = LinkState.OK) -> Channel:
    return Channel(kind, f"https://portal.example/{path}", link_state=state)


def claim(
    source_id: str,
    native_id: str,
    key: str,
    area: str,
    *channels: Channel,
    title: str = "",
    **more: Any,
) -> Claim:
    """Return a claim; the title is the register's name of the service unless one is given."""
    service_key = ServiceKey(key)
    return Claim(
        source_id,
        native_id,
        service_key,
        AreaKey(area),
        title or _NAMES.get(key, key),
        channels=channels,
        **more,
    )


def make_registry() -> Registry:
    """Return the synthetic configuration."""
    areas = tiny_areas()
    return Registry(
        areas=AreaRegister(
            label="Synthetisches Gemeindeverzeichnis",
            digest="synthetic-areas-1",
            areas=areas,
            index=AreaIndex.from_areas(areas),
            line=AreaLine.build(areas),
            moved={},
        ),
        services={
            key: Service(ServiceKey(key), name, "synthetic", typing=("2b",), ozg_id=number, ozg_name=name)
            for number, (key, name) in enumerate(_NAMES.items(), start=10_001)
        },
        services_label="Synthetischer Leistungskatalog",
        obligations=(
            Obligation(
                "alltag",
                "Alltagsleistungen (synthetisch)",
                (
                    Duty(
                        name="Gemeinden",
                        line=Tier.GEMEINDE,
                        owed_by=Tier.GEMEINDE,
                        minimum=Evidence.ONLINE_FORM,
                        from_on=date(2024, 1, 1),
                        legal_ground="synthetisch",
                        services=frozenset(list(_NAMES)[:6]),
                    ),
                ),
            ),
            Obligation(
                "kreise",
                "Leistungen der Kreise (synthetisch)",
                (
                    Duty(
                        name="Kreise",
                        line=Tier.KREIS,
                        owed_by=Tier.KREIS,
                        minimum=Evidence.ONLINE_SERVICE,
                        from_on=date(2024, 1, 1),
                        legal_ground="synthetisch",
                        services=frozenset({ONLINE_EVERYWHERE, OF_THE_KREIS}),
                    ),
                ),
            ),
        ),
        cohorts=(
            Cohort(
                "pilots",
                "Pilotkommunen (synthetisch)",
                (GROSSSTADT, AUHEIM, KREIS_AUE, RIEDSTADT),
                {GROSSSTADT: "Großstadt (Pilot)"},
            ),
        ),
        sources={plan.source_id: plan for plan in _plans()},
    )


def _plans() -> tuple[SourcePlan, ...]:
    def plan(source_id: str, title: str, area: str, *, entitled: bool, services: Any = None) -> SourcePlan:
        return SourcePlan(
            source_id=source_id,
            title=title,
            connector_name="synthetic",
            connector=None,
            parser="synthetic",
            options={},
            scope=Scope((AreaKey(area),), services, silence_means_absence=entitled),
            interval=timedelta(hours=6),
            stale_after=timedelta(days=3),
            base_url="https://portal.example",
        )

    listed = frozenset({OWN_FORM, TO_PRINT, DEAD_LINK, NOT_LISTED, OF_THE_KREIS})
    return (
        plan("bund", "Synthetisches Bundesportal", "00", entitled=False),
        plan("grossstadt", "Serviceportal Großstadt", GROSSSTADT, entitled=True, services=listed),
        plan("kreis-aue", "Kreisportal Aue", KREIS_AUE, entitled=True),
        plan("riedstadt", "Bürgerportal Riedstadt", RIEDSTADT, entitled=True),
    )


def bund_claims() -> tuple[Claim, ...]:
    online = channel(ChannelKind.ONLINE_SERVICE, "bund/ausweis")
    page = channel(ChannelKind.PAGE, "bund/fischerei")
    return (
        claim("bund", "B1", ONLINE_EVERYWHERE, "00", online, authority="Synthetisches Bundesamt"),
        claim("bund", "B2", NOT_OWED, "00", page, description="Nur beschrieben."),
    )


def grossstadt_claims() -> tuple[Claim, ...]:
    return (
        claim(
            "grossstadt",
            "G1",
            OWN_FORM,
            GROSSSTADT,
            channel(ChannelKind.FORM, "grossstadt/wohnsitz"),
            authority="Bürgeramt",
        ),
        claim("grossstadt", "G2", TO_PRINT, GROSSSTADT, channel(ChannelKind.PDF, "grossstadt/hund.pdf")),
        claim(
            "grossstadt",
            "G3",
            DEAD_LINK,
            GROSSSTADT,
            channel(ChannelKind.ONLINE_SERVICE, "grossstadt/parken", state=LinkState.DEAD),
        ),
    )


def aue_claims() -> tuple[Claim, ...]:
    return (
        claim(
            "kreis-aue", "A1", OF_THE_KREIS, KREIS_AUE, channel(ChannelKind.ONLINE_SERVICE, "aue/fahrzeug")
        ),
    )


@dataclass(slots=True)
class Miniature:
    """The miniature on a store: let sources speak, publish, ask."""

    store: Store
    workroot: Path
    registry: Registry
    clock: Clock

    def ask(self) -> Ask:
        return Ask(self.store, self.registry, self.clock)

    def say(
        self,
        source_id: str,
        claims: Sequence[Claim],
        *,
        moves: tuple[tuple[str, str], ...] = (),
        reparse: bool = False,
    ) -> int:
        """Let a source say exactly these claims in an accepted run; returns the run's id."""
        run_id = self.store.open_run(source_id, trigger="schedule", now=self.clock())
        snapshot = self._staged(source_id, claims, reparse=reparse)
        delta = self.store.preview(snapshot)
        counts = RunCounts(
            received=delta.received,
            unchanged=delta.unchanged,
            added=delta.added,
            changed=delta.changed,
            withdrawn=delta.withdrawn,
            bytes_read=snapshot.bytes_read,
        )
        self.store.apply_snapshot(
            run_id,
            snapshot,
            delta=delta,
            verdict=Verdict(
                RunOutcome.ACCEPTED,
                code="accepted",
                reason="The snapshot replaced the last one.",
                moves=moves,
            ),
            counts=counts,
            issues=(),
            issue_counts={},
            now=self.clock(),
            documents=(),
            details={"conditions": "synthetic"},
        )
        return run_id

    def end_run(self, source_id: str, outcome: RunOutcome, *, code: str, reason: str, fix: str = "") -> int:
        """Let a run of a source end without a change; returns its id."""
        run_id = self.store.open_run(source_id, trigger="schedule", now=self.clock())
        self.store.close_run(
            run_id, outcome=outcome, now=self.clock(), code=code, reason=reason, fix=fix, details={"tries": 3}
        )
        return run_id

    def publish(self, gate: ReleaseGate | None = None, *, accept: str = "") -> Release | None:
        """Rebuild and publish; works whether or not an event loop runs in this thread."""
        builder = InProcessBuilder(self.store, self.workroot)
        rebuilder = Rebuilder(
            self.store, builder, self.registry, self.clock, gate or ReleaseGate(), operator="tester"
        )
        return _in_own_loop(rebuilder.rebuild(accept=accept))

    def _staged(self, source_id: str, claims: Sequence[Claim], *, reparse: bool) -> StagedSnapshot:
        by_record: dict[str, list[Claim]] = {}
        for one in claims:
            by_record.setdefault(one.native_id, []).append(one)
        records = {}
        for native_id, said in by_record.items():
            payload = encode_claims(said)
            raw_hash = short_hash(source_id.encode() + b"\0" + payload)
            keys = tuple(sorted({c.service_key.value for c in said}))
            records[raw_hash] = StagedRecord(
                native_id, raw_hash, content_hash(said), keys, payload, identity_tokens(said)
            )
        path = self.workroot / f"{source_id}.hashes"
        self.store.write_known_hashes(source_id, path)
        body = path.read_bytes()
        known = {body[i : i + HASH_SIZE] for i in range(0, len(body), HASH_SIZE)}
        fresh = [record for raw_hash, record in records.items() if reparse or raw_hash not in known]
        return StagedSnapshot(
            source_id=source_id,
            records=lambda: iter(fresh),
            received=len(records),
            seen_hashes=len(known & records.keys()),
            absent_hashes=b"".join(sorted(known - records.keys())),
            digest=short_hash(b"".join(sorted(records))).hex(),
            bytes_read=sum(len(record.payload) for record in records.values()),
        )


def stand_up(store: Store, workroot: Path) -> Miniature:
    """Return the miniature as described above, with release 1 published at :data:`NOW`."""
    miniature = Miniature(store, workroot, make_registry(), Clock(NOW - timedelta(days=10)))
    miniature.say("kreis-aue", aue_claims())
    miniature.clock.now = NOW - timedelta(minutes=5)
    miniature.say("bund", bund_claims())
    miniature.say("grossstadt", grossstadt_claims())
    miniature.end_run(
        "kreis-aue",
        RunOutcome.FAILED,
        code="source_unavailable",
        reason="https://portal.example did not answer within 5 s",
        fix="Nothing to do now: the next run tries again, and the last good data stays published.",
    )
    miniature.clock.now = NOW
    miniature.publish()
    return miniature


def many_services(miniature: Miniature, number: int) -> Miniature:
    """Return the miniature with further services that every municipality owes and nobody offers."""
    registry = miniature.registry
    more = {f"99{100 + n // 900:03d}{n % 900:03d}001000": f"Musterleistung {n}" for n in range(number)}
    services = {key: Service(ServiceKey(key), name, "synthetic") for key, name in more.items()}
    obligation = registry.obligations[0]
    duty = dataclasses.replace(obligation.duties[0], services=obligation.duties[0].services | set(more))
    miniature.registry = dataclasses.replace(
        registry,
        services={**registry.services, **services},
        obligations=(dataclasses.replace(obligation, duties=(duty,)), *registry.obligations[1:]),
    )
    return miniature


def _in_own_loop(work: Coroutine[Any, Any, Release | None]) -> Release | None:
    results: list[Release | None] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - handed on to the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
