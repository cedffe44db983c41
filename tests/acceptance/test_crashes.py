"""The whole daemon is killed at random moments; every state anybody can see is legal.

The portal's every answer is another complete version of its list. A legal state holds all rows of exactly one
version, in the bucket and in the release; versions and release numbers never go back; nothing is doubled.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from syncd.model.run import RunOutcome
from syncd.pipeline.codec import decode_claims
from syncd.pipeline.entry_codec import decode_entry
from syncd.storage import SqlStore, open_store
from tests.support.daemon import ChangingList, DaemonProcess, run_syncd
from tests.support.paths import REPOSITORY

ROWS = 200
SOURCE = "changing"
_KILLED_AT_WORK = 0.6
"""Share of the kills that wait for something; the others hit the start and what is tidied there."""
_WAITED_FOR = ("daemon_started", "run_accepted", "release_published")
_LONGEST_WAIT_S = 0.8
_VERSION = re.compile(r"v(\d+)$")

SYNCD = """
[daemon]
data_dir = "{state}"
check_interval = "1s"
[database]
url = "{database}"
[web]
port = 0
[registers]
areas = "{areas}"
services = "services.csv"
"""
LIST = """
id = "changing"
title = "A list that changes with every answer"
connector = "link_list"
interval = "1s"
stale_after = "1d"
[scope]
areas = ["064140000000"]
[settings]
base_url = "{url}"
path = "list.csv"
[limits]
allow_private = true
"""
OBLIGATION = """
id = "some"
title = "Some of its services"
[[duty]]
name = "Some"
line = "gemeinde"
owed_by = "gemeinde"
from = 2022-12-31
legal_ground = "none, synthetic"
services = ["99000000001000", "99000001001000", "99000199001000"]
"""


def lay_out(folder: Path, url: str, database: str) -> Path:
    """A configuration small enough that starting takes little of the time between two kills."""
    config = folder / "config"
    (config / "sources").mkdir(parents=True)
    (config / "obligations").mkdir()
    areas = REPOSITORY / "tests" / "fixtures" / "registers" / "gv100ad-excerpt.txt"
    (config / "syncd.toml").write_text(SYNCD.format(state=folder / "state", database=database, areas=areas))
    (config / "sources" / "changing.toml").write_text(LIST.format(url=url))
    (config / "obligations" / "some.toml").write_text(OBLIGATION)
    (config / "services.csv").write_text(
        "leika,name,typ,ozg_id,ozg_name,lage,themenfeld\n99000000001000,Leistung 0,2,,,,\n"
    )
    return config


class Witness:
    """Looks at the database after every kill and remembers how far things had got."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.release = self.version = self.bucket = 0

    def look(self) -> None:
        with open_store(self.database, create=False) as store:
            self._look_at_runs(store)
            self._look_at_bucket(store)
            self._look_at_release(store)

    def _look_at_runs(self, store: SqlStore) -> None:
        outcomes = Counter(run.outcome for run in store.runs(limit=10_000))
        assert outcomes[RunOutcome.RUNNING] <= 1
        assert outcomes[RunOutcome.FAILED] == outcomes[RunOutcome.REFUSED] == 0
        state = store.source_state(SOURCE)
        assert state.records in ({0} if not outcomes[RunOutcome.ACCEPTED] else {ROWS})

    def _look_at_bucket(self, store: SqlStore) -> None:
        titles = [
            claim.title
            for key, records in store.partition_records(tuple(store.all_service_keys()))
            for record in records
            for claim in decode_claims(record.source_id, record.payload, key)
        ]
        self.bucket = self._one_version(titles, self.bucket)

    def _look_at_release(self, store: SqlStore) -> None:
        numbers = [release.number for release in store.releases(limit=10_000)]
        assert numbers == list(range(len(numbers), 0, -1))
        current = store.current_release()
        if current is None:
            assert self.release == 0
            return
        assert current.number == len(numbers) >= self.release
        self.release = current.number
        rows = list(store.entries(current.number))
        assert len({(row.service_key, row.area_code) for row in rows}) == len(rows)
        titles = [decode_entry(row.payload).value("title") or "" for row in rows]
        self.version = self._one_version(titles, self.version)
        assert self.version <= self.bucket

    @staticmethod
    def _one_version(titles: list[str], before: int) -> int:
        """All rows of one version or none at all, and never an older one than before."""
        if not titles:
            assert before == 0
            return 0
        assert len(titles) == ROWS
        versions = {int(found[1]) if (found := _VERSION.search(title)) else -1 for title in titles}
        assert len(versions) == 1
        version = versions.pop()
        assert version >= before
        return version


def crash(folder: Path, database: str, *, kills: int, seed: int) -> None:
    """Kill, look, start again; then let it come to rest and prove that everything can be recomputed."""
    moments = random.Random(seed)
    witness = Witness(database)
    with ChangingList(ROWS) as portal:
        config = lay_out(folder, portal.url, database)
        with DaemonProcess(config, folder / "log") as daemon:
            # The database has to be there before anybody can look.
            daemon.wait_for("release_published")
            at_work = 0
            for kill in range(kills):
                if moments.random() < _KILLED_AT_WORK:
                    daemon.wait_for(moments.choice(_WAITED_FOR))
                    at_work += 1
                time.sleep(moments.uniform(0.0, _LONGEST_WAIT_S))
                assert daemon.process.poll() is None, daemon.log()[-2_000:]
                daemon.kill()
                try:
                    witness.look()
                except AssertionError as error:
                    raise AssertionError(f"after kill {kill} of seed {seed}: {error}") from error
                daemon.start()
            daemon.wait_for("run_accepted", count=2)
            daemon.wait_for("release_published")
            assert daemon.stop() == 0
            witness.look()
            # Only of the last process: a child that is being born when its parent dies complains.
            assert "Traceback" not in daemon.log(last_only=True)
        print(f"{kills} kills, {at_work} at work: {witness.release} releases")  # noqa: T201 - the figure
        assert witness.release > kills // 10
        done = run_syncd("rebuild", "--check", "--config", str(config))
        assert done.returncode == 0, done.stdout + done.stderr
        leftovers = list((folder / "state" / "work").iterdir())
        # What the last kill left is tidied at the next start; it must not pile up.
        assert len(leftovers) <= 2


@pytest.mark.fault("D1", "C8")
@pytest.mark.parametrize(
    ("part", "kills"),
    [
        # In parts, so that every core has one: 130 in a test run, 1,000 at night.
        *(pytest.param(part, 65, marks=pytest.mark.timeout(600)) for part in (1, 2)),
        *(
            pytest.param(part, 250, marks=[pytest.mark.nightly, pytest.mark.timeout(2 * 3_600)])
            for part in (3, 4, 5, 6)
        ),
    ],
)
def test_kills_on_sqlite(tmp_path: Path, part: int, kills: int) -> None:
    crash(tmp_path, f"sqlite:///{tmp_path / 'syncd.sqlite3'}", kills=kills, seed=part)


@pytest.mark.fault("D1", "C8")
@pytest.mark.timeout(300)
def test_twenty_kills_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    crash(tmp_path, postgres_url, kills=20, seed=7)
