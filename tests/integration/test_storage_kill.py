"""kill -9 at random moments: what was acknowledged is there, once and whole; what is published is legal.

A child process loops through T1 and T2 on one database and says aloud what it begins and what it has done;
this test kills it again and again, on PostgreSQL also the server, and looks at what the database holds. The
child is forked from a process that has imported everything, so that a hundred lives fit into seconds. Run as
a script, this file is that process.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from syncd.model.run import RunOutcome
from syncd.pipeline.ports import PartitionResult, StagedRecord
from syncd.storage import SqlStore, open_store, release_digest
from tests.support.postgres import PostgresUnavailableError, libpq_url
from tests.support.postgres_lives import MortalServer, mortal_server
from tests.unit.storage.samples import draft, live, partition, snapshot, staged, sync

KILLS = 100
"""Kills on one database; the next hundred begin with an empty one, because the history grows with each."""
MANY, FEW = 1_200, 120
"""Records of a source: more than a batch, so that a kill falls between two; few, so that kills are quick."""
SOURCES = ("a", "b")
KEYS = tuple(f"990010{i:02}000000" for i in range(12))
START = datetime(2026, 1, 1, tzinfo=UTC)


def records_at(source_id: str, step: int, count: int) -> dict[str, StagedRecord]:
    """What the portal shows at a step: some records change, some come, some go."""
    shown = {}
    for i in range(count):
        if (i + step) % 13 == 0:
            continue
        version = str(step if (i + step) % 7 == 0 else i % 7)
        native_id = f"{source_id}-{i}"
        shown[native_id] = staged(native_id, version, keys=(KEYS[i % len(KEYS)],))
    return shown


def rebuilt(store: SqlStore, keys: tuple[str, ...]) -> Iterator[PartitionResult]:
    """A rebuild in miniature: one entry per source of a partition, a version per content."""
    for key, stored in store.partition_records(keys):
        versions: dict[str, list[bytes]] = {}
        for record in stored:
            versions.setdefault(record.source_id, []).append(record.payload)
        areas = {
            f"0{SOURCES.index(source_id) + 1}": str(sorted(payloads)).encode().hex()[:4000]
            for source_id, payloads in versions.items()
        }
        yield partition(key, areas, covered=str(len(stored)))


# --- the child ---------------------------------------------------------------------------------------------


def live_on(folder: Path, url: str, records: int) -> None:
    """Sync and publish for ever, from where the last life ended; each word goes to the log at once."""
    with open_store(url) as store, (folder / "words").open("a") as words:

        def say(*what: object) -> None:
            words.write(json.dumps(what) + "\n")
            words.flush()

        store.interrupt_open_runs(now=START)
        step = max((run.run_id for run in store.runs(limit=1)), default=0)
        while True:
            for source_id in SOURCES:
                step += 1
                before = known_to(store, folder, source_id)
                shown = records_at(source_id, step, records)
                hashes = {record.raw_hash for record in shown.values()}
                new = [record for record in shown.values() if record.raw_hash not in before]
                say("syncs", source_id, step)
                taken = snapshot(new, seen=len(shown) - len(new), source_id=source_id)
                object.__setattr__(taken, "absent_hashes", b"".join(h for h in before if h not in hashes))
                sync(store, taken, now=START + timedelta(seconds=step), details={"step": step})
                say("synced", source_id, step)
            mark, keys = store.dirty_keys(date(2026, 1, 1))
            say("publishes")
            number = store.publish(draft(*rebuilt(store, keys), dirty_up_to=mark))
            say("published", number.number if number else None)


def known_to(store: SqlStore, folder: Path, source_id: str) -> list[bytes]:
    """Raw hashes of the live records."""
    path = folder / "known"
    store.write_known_hashes(source_id, path)
    data = path.read_bytes()
    return [data[at : at + 16] for at in range(0, len(data), 16)]


def give_birth(folder: Path, url: str, records: int) -> None:
    """Fork a child per line on stdin and print its process id, or reap the last one on an empty line."""
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                live_on(folder, url, records)
            finally:
                os._exit(1)
        print(child, flush=True)  # noqa: T201 - the pipe to the test
        _, status = os.waitpid(child, 0)
        print(status, flush=True)  # noqa: T201


# --- the test ----------------------------------------------------------------------------------------------


Done = Counter[str]
"""How often a kill fell into what; kills that always fall into the same phase would prove little."""


def kill_again_and_again(
    folder: Path, url: str, *, kills: int, seed: int, records: int, server: MortalServer | None = None
) -> Done:
    """Kill the child, and with a server now and then the server, on one database that begins empty."""
    chance = random.Random(seed)
    mother = subprocess.Popen(
        [sys.executable, __file__, str(folder), url, str(records)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert mother.stdin
    assert mother.stdout
    witness = Witness(folder, url, records)
    done: Done = Counter()
    try:
        for kill in range(kills):
            mother.stdin.write("live\n")
            mother.stdin.flush()
            child = int(mother.stdout.readline())
            wait_for(folder / "words", chance.choice(["syncs", "publishes", ""]))
            # About as long as what it is doing takes.
            time.sleep(chance.uniform(0, 0.03 if records == MANY else 0.012))
            at_server = server is not None and kill % 2 == 1
            if server is not None and at_server:
                server.kill()
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            status = int(mother.stdout.readline())
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            assert killed or at_server, "the child ended by itself; see its traceback"
            if server is not None:
                if at_server:
                    server.start()
                    done["server"] += 1
                wait_for_sessions(url)
            try:
                done[witness.check()] += 1
            except AssertionError as error:
                raise AssertionError(f"after kill {kill} of seed {seed}: {error}") from error
    finally:
        mother.stdin.close()
        mother.wait(timeout=30)
        mother.stdout.close()
    return done


@pytest.mark.fault("D1")
@pytest.mark.parametrize(
    ("first", "hundreds"),
    [
        # half a minute on an idle machine: 100 among many records, 100 among few
        pytest.param(0, 2, marks=pytest.mark.timeout(300)),
        *(
            # 10,000 in all, in parts, so that every core has one
            pytest.param(first, 25, marks=[pytest.mark.nightly, pytest.mark.timeout(2 * 3_600)])
            for first in (100, 200, 300, 400)
        ),
    ],
)
def test_hundreds_of_kills_lose_double_and_halve_nothing(tmp_path: Path, first: int, hundreds: int) -> None:
    done: Done = Counter()
    for hundred in range(first, first + hundreds):
        folder = tmp_path / str(hundred)
        folder.mkdir()
        done += kill_again_and_again(
            folder,
            f"sqlite:///{folder / 'syncd.sqlite'}",
            kills=KILLS,
            seed=20261122 + hundred,
            records=FEW if hundred % 5 else MANY,
        )
        shutil.rmtree(folder)
    print(f"{hundreds * KILLS} kills: {dict(done)}")  # noqa: T201 - the figure of the bar
    assert done["syncs"] >= 10 * hundreds
    assert done["publishes"] >= 3 * hundreds


@pytest.mark.fault("D1", "D5")
@pytest.mark.postgres
@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(10, marks=pytest.mark.timeout(300)),
        pytest.param(300, marks=[pytest.mark.nightly, pytest.mark.timeout(2 * 3_600)]),
    ],
)
def test_kills_of_client_and_server_lose_double_and_halve_nothing(tmp_path: Path, kills: int) -> None:
    try:
        with mortal_server() as server:
            done = kill_again_and_again(
                tmp_path, server.url, kills=kills, seed=kills, records=MANY, server=server
            )
        print(f"{kills} kills: {dict(done)}")  # noqa: T201 - the figure of the bar
    except PostgresUnavailableError as unavailable:
        pytest.skip(str(unavailable))
    assert done["server"] == kills // 2
    assert done["syncs"] + done["publishes"] >= kills // 3


def wait_for_sessions(url: str) -> None:
    """Wait until the server has noticed the death of the child: it may be about to commit."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'syncd'"
    )
    deadline = time.monotonic() + 60
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        while (row := connection.execute(statement).fetchone()) and row[0]:
            assert time.monotonic() < deadline, "a session of the dead child lives on"
            time.sleep(0.01)


def wait_for(log: Path, word: str) -> None:
    """Wait until the living child begins with what ``word`` names; nothing is named: do not wait."""
    start = log.stat().st_size if log.exists() else 0
    deadline = time.monotonic() + 10
    while word and time.monotonic() < deadline:
        if log.exists():
            with log.open("rb") as file:
                file.seek(start)
                if f'["{word}"'.encode() in file.read():
                    return
        time.sleep(0.001)


class Witness:
    """Knows what was found after each kill; the next life may add to it, never take away."""

    def __init__(self, folder: Path, url: str, records: int) -> None:
        self.folder = folder
        self.url = url
        self.records = records
        self.heard = 0
        self.steps = dict.fromkeys(SOURCES, 0)
        self.release = 0

    def check(self) -> str:
        """Compare the database with what the last life said; returns what it was doing when it died."""
        log = self.folder / "words"
        words = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        said, self.heard = words[self.heard :], len(words)
        if not self.url.startswith("sqlite"):
            self.look(said)
        elif (path := self.folder / "syncd.sqlite").exists():
            with closing(sqlite3.connect(path)) as raw:
                assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
            self.look(said)
        doing = said[-1][0] if said else "idle"
        return doing if doing in {"syncs", "publishes"} else "idle"

    def look(self, said: list[list[Any]]) -> None:
        """Open the database as the next life would, and compare."""
        with open_store(self.url) as store:
            for source_id in SOURCES:
                self.check_source(store, source_id, said)
            self.check_release(store, said)

    def check_source(self, store: SqlStore, source_id: str, said: list[list[Any]]) -> None:
        """The bucket is that of the last acknowledged step, or of the one in flight."""
        acknowledged = [word[2] for word in said if word[:2] == ["synced", source_id]]
        begun = [word[2] for word in said if word[:2] == ["syncs", source_id]]
        legal = {*(acknowledged or [self.steps[source_id]])[-1:], *begun[-1:]}
        stored = live(store, source_id)
        matching = [step for step in sorted(legal) if stored == payloads(source_id, step, self.records)]
        assert matching, f"{source_id}: the records are those of no step of {sorted(legal)}"
        self.steps[source_id] = matching[-1]
        state = store.source_state(source_id)
        assert state.records == len(stored)
        if matching[-1]:
            assert state.last_good_run_id is not None
            run, details, _, _ = store.run(state.last_good_run_id)
            assert run.outcome is RunOutcome.ACCEPTED
            assert details["step"] == matching[-1]

    def check_release(self, store: SqlStore, said: list[list[Any]]) -> None:
        """The release is the last acknowledged one, or the one in flight, and holds together."""
        release = store.current_release()
        number = release.number if release else 0
        acknowledged = max((word[1] for word in said if word[0] == "published" and word[1]), default=0)
        settled = acknowledged or self.release
        in_flight = bool(said) and said[-1][0] == "publishes"
        assert number in {settled, settled + in_flight}
        self.release = number
        _, dirty = store.dirty_keys(date(2026, 1, 1))
        published = {row.service_key: row for row in store.partitions(number)}
        if release is not None:
            assert release.digest == release_digest((key, row.digest) for key, row in published.items())
            assert release.counts["entries"] == len(list(store.entries(number)))
        # Whatever no mark speaks of is published exactly as its records say.
        for result in rebuilt(store, tuple(store.all_service_keys())):
            if result.service_key not in dirty:
                assert published[result.service_key].digest == result.digest
                entries = tuple(store.entries(number, service_key=result.service_key))
                assert [row.digest for row in entries] == [row.digest for row in result.entries]


def payloads(source_id: str, step: int, count: int) -> dict[str, bytes]:
    """What the bucket must hold after a step; before the first there is nothing."""
    shown = records_at(source_id, step, count) if step else {}
    return {native_id: record.payload for native_id, record in shown.items()}


if __name__ == "__main__":
    give_birth(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
