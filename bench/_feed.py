"""A synthetic Suchdienst feed: one catalogue per region, 1,000 services each, deterministic.

Four versions of it: as it is; the same services in another order (nothing has changed, but every byte stream
has); 1 % of the services changed and 0.2 % gone. Names say that they are synthetic.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncd.rules.gv100ad import decode_gv100ad, parse_gv100ad

ROWS = 1_000
HEAD = "ID-LB|Leikaschlüssel|Name|Name2|Updatedatum|ID-OD|Bezeichnung OD|Links"
REFERENCE = Path(__file__).parent.parent / "config" / "reference"
VERSIONS = ("first", "turned", "changed")


def regions(number: int) -> list[str]:
    """Return the ARS of that many municipalities."""
    text = decode_gv100ad(gzip.decompress((REFERENCE / "gv100ad-2025-11-30.txt.gz").read_bytes()))
    codes = sorted(area.code for area in parse_gv100ad(text).areas if len(area.code) == 12)
    return codes[:number]


def write_feed(folder: Path, records: int) -> list[str]:
    """Write the three versions as recordings below ``folder``; returns the regions."""
    places = regions(records // ROWS)
    with gzip.open(REFERENCE / "ozg-leika-2019-10.csv.gz", "rt", encoding="utf-8") as file:
        keys = sorted({row["leika"] for row in csv.DictReader(file) if row["leika"]})
    for version in VERSIONS:
        target = folder / version
        target.mkdir(parents=True)
        routes = []
        for number, region in enumerate(places):
            name = f"{region}.csv"
            (target / name).write_text(_catalogue(version, number, region, keys), encoding="utf-8")
            routes.append(
                f'[[route]]\npath = "/v5/servicedescriptions/csv"\nquery = {{ ars = "{region}" }}\n'
                f'file = "{name}"\ncontent_type = "text/csv; charset=utf-8"\n'
            )
        head = (
            f'title = "Synthetic feed, {version}"\ncredit = "synthetic"\n'
            "recorded_on = 2026-11-22\nsynthetic = true\n\n"
        )
        (target / "recording.toml").write_text(head + "\n".join(routes), encoding="utf-8")
    return places


def _catalogue(version: str, number: int, region: str, keys: list[str]) -> str:
    draw = random.Random(number)
    rows = []
    for row in range(ROWS):
        key = keys[(number * 37 + row) % len(keys)]
        digital = draw.random() < 0.6
        link = f"https://antrag.example/{region}/{key}" if digital else ""
        online = f"S900000.OD.{number}{row:04}" if digital else ""
        title = f"Synthetische Leistung {row} in {region}"
        fate = draw.random()
        if version == "changed" and fate < 0.002:
            continue
        if version == "changed" and fate < 0.012:
            title += ", geändert"
        rows.append(
            f"S900000.LB.{number}{row:04}|{key}|{title}|{title} beantragen|20.11.2026 00:48|{online}|"
            f"{'Antrag online' if digital else ''}|{link}"
        )
    if version == "turned":
        rows.reverse()
    return "\n".join([HEAD, *rows]) + "\n"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the recordings from a process of their own; yields the base address."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _serve(folder, write)
    os.close(write)
    with os.fdopen(read) as pipe:
        address = json.loads(pipe.readline())
    try:
        yield address
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _serve(folder: Path, write: int) -> None:
    import asyncio

    from syncd.replay.server import ReplayServer

    async def run() -> None:
        async with ReplayServer(folder, port=0) as server:
            with os.fdopen(write, "w") as pipe:
                pipe.write(json.dumps(server.base_url("first").rsplit("/", 1)[0]) + "\n")
            await asyncio.Event().wait()

    try:
        asyncio.run(run())
    finally:
        os._exit(1)
