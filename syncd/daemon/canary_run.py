"""The canary's one flight, in a process of its own: ``python -m syncd.daemon.canary_run FOLDER``.

A portal on loopback with one synthetic record, and everything a real one meets: client, parse worker, rule of
acceptance, database, rebuild. The record has to arrive in a release, and so has a change of it. Database and
configuration are the canary's own and are made anew for each flight, so that nothing of it can get into the
catalogue. This module must not know the daemon that started it.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
import sys
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from syncd.daemon.service import run_once
from syncd.errors import InvariantViolated, SyncdError
from syncd.pipeline.entry_codec import decode_entry
from syncd.settings.load import load_config
from syncd.storage import open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from syncd.settings.config import Config

_AREA = "064140000000"
_KEY = "99000000001000"
_DATABASE = "canary.sqlite3"
_SYNCD = """
[daemon]
data_dir = "{folder}/state"
[database]
url = "sqlite:///{folder}/canary.sqlite3"
[registers]
areas = "areas.txt"
services = "services.csv"
"""
_SOURCE = """
id = "canary"
title = "Synthetic record that proves the chain"
connector = "link_list"
interval = "1h"
stale_after = "1d"
[scope]
areas = ["064140000000"]
[settings]
base_url = "{url}"
path = "list.csv"
[limits]
allow_private = true
"""
_SERVICES = "leika,name,typ,ozg_id,ozg_name,lage,themenfeld\n99000000001000,Synthetic,2,,,,\n"
_DAY = "20251130"


def _areas() -> str:
    """Return a register of one made-up town, in the form of GV100AD."""
    name = "Kanarienstadt (synthetic)"
    figures = "000000000010000000000100000000050"
    rows = [
        f"10{_DAY}{'06':<12}{'Kanarienland (synthetic)':<50}{name:<50}",
        f"40{_DAY}{'06414':<12}{name:<50}{name:<50}41",
        f"50{_DAY}06414   0000{name:<50}{'':<50}50",
        f"60{_DAY}{'064140000000':<12}{name:<50}{'':<50}61    {figures}",
    ]
    return "".join(f"{row:<220}\n" for row in rows)


def fly(folder: Path) -> float:
    """Let a record and then its change go from portal to release; returns the seconds it took.

    Raises SyncdError when either does not arrive.
    """
    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "config" / "sources").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        _lay_out(folder, f"http://127.0.0.1:{listening.getsockname()[1]}")
        for what in ("first", "changed"):
            said = f"canary {what} {datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
            asyncio.run(_sync(load_config(folder / "config"), listening, said))
            arrived = _published(folder)
            if arrived != [said]:
                raise InvariantViolated(f"'{said}' was sent and {arrived} published")
    return time.monotonic() - began


async def _sync(config: Config, listening: socket.socket, said: str) -> None:
    async with _portal(listening, said):
        (run,) = await run_once(config)
    if not run.outcome.is_good:
        raise InvariantViolated(f"the run ended as {run.outcome}: {run.code}: {run.reason}")


def _lay_out(folder: Path, url: str) -> None:
    config = folder / "config"
    (config / "syncd.toml").write_text(_SYNCD.format(folder=folder), encoding="utf-8")
    (config / "areas.txt").write_text(_areas(), encoding="utf-8")
    (config / "services.csv").write_text(_SERVICES, encoding="utf-8")
    (config / "sources" / "canary.toml").write_text(_SOURCE.format(url=url), encoding="utf-8")


def _published(folder: Path) -> list[str | None]:
    with open_store(f"sqlite:///{folder / _DATABASE}", create=False) as store:
        release = store.current_release()
        rows = store.entries(release.number) if release else ()
        return [decode_entry(row.payload).value("title") for row in rows]


@asynccontextmanager
async def _portal(listening: socket.socket, said: str) -> AsyncIterator[None]:
    """Serve a list of one row with that title."""
    row = f"{_AREA};{_KEY};{said};https://www.example.org/canary"
    body = f"ars;service_key;service;url\n{row}\n".encode()
    length = f"Content-Length: {len(body)}"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n{length}\r\nConnection: close\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, sock=listening.dup()):
        yield


def main(folder: Path) -> int:
    """Fly once; tells on standard error why it did not arrive."""
    # What happens on the way is the canary's own affair; the daemon logs how it ended.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        seconds = fly(folder)
    except (SyncdError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{seconds:.3f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
