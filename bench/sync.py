"""Initial sync, unchanged re-sync and 1 % change, with the floor measured in the same run.

A synthetic Suchdienst feed on loopback is brought into a fresh SQLite file by the product itself: HTTP, parse
process, acceptance, T1; then rebuild and T2. Each phase runs in a process of its own, imports included.

- ``floor``: the same bytes read from disk, cut, hashed, parsed and put into SQLite by twenty lines of plain
  Python with nothing else around them,
- ``304``: every document is unchanged and the portal says so,
- ``same records``: every byte stream differs (other order), no record does,
- ``1 % changed``: and 0.2 % withdrawn.

``--peer dlt`` also times dlt (SQLite, merge by primary key) if it is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench._feed import served, write_feed
from bench._measure import Figure, run_apart, table

if TYPE_CHECKING:
    from syncd.settings.config import Config

SIZES = (10_000, 100_000)


def main() -> None:
    """Run all phases for all sizes."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    arguments.add_argument("--peer", choices=["dlt"], default=None)
    options = arguments.parse_args()
    for size in options.sizes:
        _run(size, options.peer)


def _run(size: int, peer: str | None) -> None:
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as folder:
        path = Path(folder)
        feed = path / "feed"
        regions = write_feed(feed, size)
        rows: list[tuple[object, ...]] = []
        floor = run_apart(lambda: _floor(feed / "first", path / "floor.sqlite3"))
        rows.append(_row("floor", size, floor, floor))
        with served(feed) as address:
            for name, version, work in (
                ("initial sync", "first", _sync),
                ("rebuild after initial sync", "first", _rebuild),
                ("unchanged, 304", "first", _sync),
                ("unchanged, same records", "turned", _sync),
                ("1 % changed", "changed", _sync),
                ("rebuild after 1 % changed", "changed", _rebuild),
            ):
                figure = run_apart(partial(work, path, f"{address}/{version}", regions))
                rows.append(_row(name, size, figure, floor))
        if peer == "dlt":
            for name, version in (("initial", "first"), ("unchanged", "first"), ("1 % changed", "changed")):
                figure = run_apart(partial(_dlt, path, feed / version))
                rows.append(_row(f"dlt, {name}", size, figure, floor))
        print(f"{size:,} synthetic records in {len(regions)} documents")
        table(("phase", "wall s", "cpu s", "records/s", "peak MiB", "wall / floor", "cpu / floor"), rows)
        print()


def _row(name: str, size: int, figure: Figure, floor: Figure) -> tuple[object, ...]:
    return (
        name,
        figure.wall,
        figure.cpu,
        int(size / figure.wall),
        figure.peak,
        figure.wall / floor.wall,
        figure.cpu / floor.cpu,
    )


def _config(path: Path, address: str, regions: list[str]) -> Config:
    from syncd.settings.load import load_config

    quoted = ", ".join(f'"{region}"' for region in regions)
    return load_config(
        Path(__file__).parent.parent / "config",
        {
            "daemon.data_dir": f'"{path / "data"}"',
            "sources.pvog-bund.settings.base_url": f'"{address}"',
            "sources.pvog-bund.settings.regions": f"[{quoted}]",
            "sources.pvog-bund.scope.silence_means_absence": "true",
            "sources.pvog-bund.limits.allow_private": "true",
        },
    )


def _sync(path: Path, address: str, regions: list[str]) -> None:
    from syncd.bootstrap.application import build_application
    from syncd.model.run import RunOutcome

    async def work() -> None:
        async with build_application(_config(path, address, regions)) as application:
            run = await application.sync("pvog-bund", trigger="bench")
            if run.outcome not in {RunOutcome.ACCEPTED, RunOutcome.UNCHANGED}:
                raise RuntimeError(run.reason)

    asyncio.run(work())


def _rebuild(path: Path, address: str, regions: list[str]) -> None:
    from syncd.bootstrap.application import build_application

    async def work() -> None:
        async with build_application(_config(path, address, regions)) as application:
            await application.rebuild()

    asyncio.run(work())


def _floor(feed: Path, database: Path) -> None:
    """Parse + hash + raw insert, and nothing else."""
    import orjson

    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE record (id TEXT PRIMARY KEY, hash BLOB, payload BLOB)")
    for file in sorted(feed.glob("*.csv")):
        rows = []
        with file.open("rb") as lines:
            next(lines)
            for line in lines:
                parts = line.decode().rstrip("\n").split("|")
                payload = orjson.dumps(dict(zip("abcdefgh", parts, strict=True)), option=orjson.OPT_SORT_KEYS)
                rows.append((file.stem + parts[0], hashlib.sha256(line).digest()[:16], payload))
        connection.executemany("INSERT INTO record VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()


def _dlt(path: Path, feed: Path) -> None:
    import dlt  # type: ignore[import-not-found, unused-ignore] # a peer, installed by whoever races it

    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    names = ("id", "key", "name", "name2", "updated", "online_id", "online_name", "link")

    def records() -> Iterator[dict[str, str]]:
        for file in sorted(feed.glob("*.csv")):
            with file.open(encoding="utf-8") as lines:
                next(lines)
                for line in lines:
                    row = dict(zip(names, line.rstrip("\n").split("|"), strict=True))
                    row["id"] = file.stem + row["id"]
                    yield row

    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(path / "dlt"),
        destination=dlt.destinations.sqlalchemy(
            f"sqlite:///{path / 'dlt.sqlite3'}", create_primary_keys=True
        ),
        dataset_name="main",
    )
    resource = dlt.resource(
        records, name="records", primary_key="id", write_disposition="merge", max_table_nesting=0
    )
    pipeline.run(resource)


if __name__ == "__main__":
    main()
