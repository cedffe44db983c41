"""Linking through the store: the whole PVOG id catalogue, as if no title had a key, and small changes after.

17,166 titles of 17 editorial offices become records of one source each, without keys but with the ids the
offices declare; 911 of the Bund state their keys, as they do in truth. Measured: T1, the first round of
linking (everything, index included), a round after 1 % of the titles changed, after one judgement, and one
in which nothing changed; peak memory of the whole. Aims: first round below 60 s on 2 cores; the others in
proportion to what changed. Needs the recorded portal data (SYNCD_SHARED_DATA, or ../shared/data); ``--url``
takes a database other than a fresh SQLite file.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import dataclasses
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench._linking_data import register
from bench._measure import table
from syncd.model.area import AreaKey
from syncd.model.evidence import Channel, ChannelKind
from syncd.model.judgement import record_node, service_node
from syncd.model.record import Claim, Scope
from syncd.model.service import ServiceKey
from syncd.pipeline import review
from syncd.pipeline.linking import Linker
from syncd.pipeline.registry import Registry, SourcePlan
from syncd.storage import SqlStore, open_store
from syncd.storage.builder import ProcessBuilder
from tests.support.miniature import Clock, Miniature, make_registry
from tests.support.paths import shared_data_folder

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
CHANGED_OF = 100
"""One title of so many changes."""


def claims(folder: Path) -> dict[str, list[Claim]]:
    """Return the claims of each editorial office; those of the Bund with the keys its export has."""
    with (folder / "pvog" / "pvog_csv_export_bund_2025-01-20.csv").open(encoding="utf-8-sig") as file:
        rows = csv.DictReader(file, delimiter="|", quoting=csv.QUOTE_NONE)
        keys = {row["ID-LB"]: row["Leikaschlüssel"] for row in rows}
    found: dict[str, list[Claim]] = defaultdict(list)
    with (folder / "pvog" / "pvog_idlb_catalogue_2025-01.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter=";"):
            source, native_id = row["redaktion"].lower(), row["id_lb"]
            try:
                key = ServiceKey(keys.get(native_id, ""))
            except ValueError:
                key = ServiceKey.local(source, native_id)
            page = Channel(ChannelKind.PAGE, f"https://portal.example/{native_id}")
            area = AreaKey("00" if row["land"] == "Bund" else row["ars_beispiel"][:2])
            found[source].append(Claim(source, native_id, key, area, row["name"], channels=(page,)))
    return found


def registry_of(sources: list[str]) -> Registry:
    """Return a registry with the shipped services and one source per editorial office."""
    plans = {
        source: SourcePlan(
            source_id=source,
            title=source,
            connector_name="synthetic",
            connector=None,
            parser="synthetic",
            options={},
            scope=Scope((AreaKey("00"),)),
            interval=timedelta(hours=6),
            stale_after=timedelta(days=3),
            base_url="https://portal.example",
        )
        for source in sources
    }
    return dataclasses.replace(make_registry(), services=register(), sources=plans)


def measure(store: SqlStore, url: str, said: dict[str, list[Claim]], workroot: Path) -> list[list[object]]:
    """Return a row per step: name, seconds, records looked at, records whose link changed."""
    clock = Clock(NOW)
    miniature = Miniature(store, workroot, registry_of(sorted(said)), clock)
    builder = ProcessBuilder(url, workroot)
    linker = Linker(store, builder)
    rows: list[list[object]] = []

    def timed(name: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        rows.append([name, f"{time.perf_counter() - began:.2f}", "", ""])

    def link(name: str) -> None:
        clock.forward(hours=1)
        began = time.perf_counter()
        report = asyncio.run(linker.link(miniature.registry, now=clock()))
        rows.append([name, f"{time.perf_counter() - began:.2f}", report.looked_at, report.changed])

    def say(*, changed: bool) -> None:
        for source, whole in said.items():
            one_of = [dataclasses.replace(c, title=f"{c.title} (neu)") for c in whole[::CHANGED_OF]]
            new = {c.native_id: c for c in one_of} if changed else {}
            miniature.say(source, [new.get(c.native_id, c) for c in whole])

    try:
        timed("T1 of all sources", lambda: say(changed=False))
        link("everything")
        link("nothing new")
        timed("T1, 1 % changed", lambda: say(changed=True))
        link("1 % changed")
        waiting = review.queue(store, limit=1)[0]
        review.judge(
            store,
            miniature.registry,
            one=record_node(waiting.source_id, waiting.native_id),
            other=service_node(waiting.candidates[0].service_key),
            answer="same",
            reason="bench",
            by="bench",
            now=clock(),
        )
        link("one judgement")
    finally:
        builder.close()
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="", help="database (default: a new SQLite file)")
    arguments = parser.parse_args()
    folder = shared_data_folder()
    if folder is None:
        raise SystemExit("the recorded portal data is not there: set SYNCD_SHARED_DATA")
    said = claims(folder)
    with tempfile.TemporaryDirectory() as scratch:
        url = arguments.url or f"sqlite:///{scratch}/bench.sqlite"
        with open_store(url) as store:
            rows = measure(store, url, said, Path(scratch))
            table(["step", "s", "looked at", "changed"], rows)
            counts = review.counts(store)
    linked: dict[str, int] = defaultdict(int)
    for one in counts:
        for method, number in one.linked.items():
            linked[method] += number
    print(
        f"\n{sum(map(len, said.values()))} records, {sum(c.keyless for c in counts)} without a key: ", end=""
    )
    print(", ".join(f"{number} {method}" for method, number in sorted(linked.items())), end=", ")
    print(f"{sum(c.review for c in counts)} in review")
    peaks = [
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    print(f"peak memory: {peaks[0]:.0f} MiB, worker {peaks[1]:.0f} MiB")


if __name__ == "__main__":
    main()
