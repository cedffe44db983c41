"""The Bereitstelldienst from the socket into the catalogue: changes, deletes, tokens, moods, lost state."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.pvog_bereitstelldienst.connector import SPEC
from syncd.errors import StorageError
from syncd.fetching.staging import SubprocessParseWorker
from syncd.model.run import RunOutcome
from syncd.rules.accept import AcceptLimits
from syncd.sdk.ledger import position_of
from syncd.storage import SqlStore, open_store
from tests.support.bereitstelldienst import Service, credentials, running, secrets
from tests.support.connected import AT_ONCE, QUICK, Connected
from tests.support.miniature import AUHEIM, GROSSSTADT
from tests.support.xzufi import AGENCY, authority, competence, delete, online_service, service

FIRST = [
    competence(1, 7, 99, GROSSSTADT),
    competence(2, 7, 55, ["06431", GROSSSTADT], kind="Onlinedienst"),
    service(7, "Musterausweis beantragen", keys=["99001001001000"]),
    authority(99, "Bürgeramt"),
    online_service(55),
    service(8, "Musterwohnsitz anmelden", keys=["99002001001000"], areas=[AUHEIM]),
    competence(3, 8, 99, AUHEIM),
    service(9, "Musterhund anmelden", keys=["99003001001000"], areas=["06"]),
    delete("Zustaendigkeit", 4711),
    delete("Onlinedienst", 4711),
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in secrets().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class Setting:
    """A portal, a store and the source between them."""

    def __init__(self, stack: ExitStack, folder: Path, portal: Service, **more: Any) -> None:
        self.folder, self.portal = folder, stack.enter_context(running(portal))
        self.database = folder / "syncd.sqlite"
        self.store: SqlStore = stack.enter_context(open_store(f"sqlite:///{self.database}"))
        settings = {"version": portal.version, "credentials": credentials(portal), **more.pop("settings", {})}
        self.source = Connected(SPEC, portal.base_url, self.store, folder, settings=settings, **more)

    def asked(self) -> list[int]:
        indexes = [index for index, _ in self.portal.requests]
        self.portal.requests.clear()
        return indexes


@pytest.fixture
def setting(opened: ExitStack, tmp_path: Path) -> Setting:
    return Setting(opened, tmp_path, Service(log=list(FIRST)))


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_the_whole_stock_comes_block_by_block(opened: ExitStack, tmp_path: Path, version: str) -> None:
    it = Setting(opened, tmp_path, Service(version=version, log=list(FIRST)), settings={"ars": "06%"})
    run = it.source.sync()
    assert (run.outcome, run.reason) == (RunOutcome.ACCEPTED, run.reason)
    assert it.portal.requests == [(0, "06%"), (4, "06%"), (8, "06%")]
    assert it.source.live() == {f"{AGENCY}/{number}" for number in (7, 8, 9)}
    facts = {(c.native_id, c.area.code, c.authority, bool(c.channels)) for c in it.source.claims()}
    assert facts == {
        (f"{AGENCY}/7", GROSSSTADT, "Bürgeramt", False),
        (f"{AGENCY}/7", GROSSSTADT, None, True),
        (f"{AGENCY}/7", "06431", None, True),
        (f"{AGENCY}/8", AUHEIM, "Bürgeramt", False),
        (f"{AGENCY}/9", "06", None, False),
    }
    assert it.source.findings(run)["xzufi_orphan_deletes"] == "2"
    # Orphans are usual: nobody has to look at each of them.
    assert it.portal.tokens == 1


def test_the_parse_worker_is_a_process_of_its_own(opened: ExitStack, tmp_path: Path) -> None:
    it = Setting(opened, tmp_path, Service(log=list(FIRST)), worker=SubprocessParseWorker())
    assert it.source.sync().outcome is RunOutcome.ACCEPTED
    assert len(it.source.live()) == 3
    it.portal.log.append(delete("Leistung", 9))
    assert it.source.sync().counts.withdrawn == 1
    loaded = "import sys, connectors.pvog_bereitstelldienst.parse, connectors.xzufi_index.parse; "
    loaded += "print(sorted({'pydantic', 'aiohttp', 'sqlalchemy', 'asyncio'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_nothing_new_costs_one_request(setting: Setting) -> None:
    setting.source.sync()
    setting.asked()
    again = setting.source.sync()
    assert again.outcome is RunOutcome.UNCHANGED
    assert setting.asked() == [10]


@pytest.mark.parametrize("empty", ["message", "", None])
def test_blocks_without_anything_are_normal(opened: ExitStack, tmp_path: Path, empty: str | None) -> None:
    log = [FIRST[0], "", *FIRST[1:]]
    it = Setting(opened, tmp_path, Service(log=log, empty_as=empty, pauses={1, 4}, block=1))
    assert it.source.sync().outcome is RunOutcome.ACCEPTED
    assert len(it.source.live()) == 3
    assert it.source.sync().outcome is RunOutcome.UNCHANGED


def test_changes_and_deletes_take_effect(setting: Setting) -> None:
    setting.source.sync()
    setting.asked()
    setting.portal.log += [
        service(7, "Musterausweis neu", keys=["99001001001000"]),
        delete("Zustaendigkeit", 2, scheme="ZustaendigkeitOnlinedienst"),
        delete("Leistung", 9),
        delete("Zustaendigkeit", 3),
    ]
    run = setting.source.sync()
    assert setting.asked() == [10]
    assert (run.outcome, run.counts.added, run.counts.changed, run.counts.withdrawn) == (
        RunOutcome.ACCEPTED,
        0,
        2,
        1,
    )
    # 8 lost its authority and stays where its description says.
    assert {(c.native_id, c.area.code, c.title, c.authority) for c in setting.source.claims()} == {
        (f"{AGENCY}/7", GROSSSTADT, "Musterausweis neu", "Bürgeramt"),
        (f"{AGENCY}/8", AUHEIM, "Musterwohnsitz anmelden", None),
    }


def test_an_explicit_delete_waits_as_silence_does_unless_the_source_says_otherwise(
    opened: ExitStack, tmp_path: Path
) -> None:
    it = Setting(opened, tmp_path, Service(log=list(FIRST)), limits=AcceptLimits(max_loss_records=10))
    it.source.sync()
    it.portal.log.append(delete("Leistung", 9))
    first = it.source.sync(after=12)
    assert (first.counts.withdrawn, len(it.source.live())) == (0, 3)
    it.asked()
    # The portal has said it once and is silent now; the grace ends all the same.
    outcomes = [it.source.sync(after=12).counts.withdrawn for _ in range(3)]
    assert sum(outcomes) == 1
    assert it.source.live() == {f"{AGENCY}/7", f"{AGENCY}/8"}
    assert it.asked() == [11, 11, 11]


def test_deletes_beyond_the_limit_are_held_and_can_be_accepted(opened: ExitStack, tmp_path: Path) -> None:
    limits = AcceptLimits(
        max_loss_records=1, max_loss_percent=20, grace_runs=1, grace=AT_ONCE.grace, max_loss_week_percent=20
    )
    stock = [
        service(number, f"Muster {number}", keys=[f"9900100100{number:04d}"], areas=["06"])
        for number in range(20)
    ]
    it = Setting(opened, tmp_path, Service(log=stock, block=50), limits=limits)
    it.source.sync()
    it.portal.log += [delete("Leistung", number) for number in range(10)]
    refused = it.source.sync()
    assert refused.outcome is RunOutcome.REFUSED
    assert len(it.source.live()) == 20
    # The ledger is ahead now: the same portal says nothing new, and the loss is held again.
    again = it.source.sync()
    assert again.outcome is RunOutcome.REFUSED
    accepted = it.source.sync(accept_loss="Das Portal hat aufgeräumt.")
    assert accepted.outcome is RunOutcome.ACCEPTED
    assert len(it.source.live()) == 10


def test_a_token_that_is_refused_in_the_middle_is_renewed(opened: ExitStack, tmp_path: Path) -> None:
    it = Setting(opened, tmp_path, Service(log=list(FIRST), block=1, uses_of_token=3))
    assert it.source.sync().outcome is RunOutcome.ACCEPTED
    assert it.portal.tokens == 4
    assert it.asked() == list(range(10))


def test_wrong_credentials_are_told_without_the_secret(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PVOG_CLIENT_SECRET", "another secret")
    run = setting.source.sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, "token_refused")
    assert "another secret" not in str(run)


@pytest.mark.fault("S14")
@pytest.mark.parametrize(
    ("mood", "code"),
    [
        ("itself", "next_page_loop"),
        ("turned", "index_went_back"),
        ("back", "index_went_back"),
        ("foreign", "next_page_foreign"),
        ("broken", "http_500"),
        ("cut", "source_format"),
        ("unsaid", "source_format"),
        ("nameless", "source_format"),
        ("page", "html_instead_of_data"),
    ],
)
def test_a_bad_mood_fails_the_run_and_loses_nothing(
    opened: ExitStack, tmp_path: Path, mood: str, code: str
) -> None:
    it = Setting(opened, tmp_path, Service(log=list(FIRST[:3]), block=4))
    it.source.sync()
    before = (it.source.claims(), position_of(it.source.ledger))
    it.portal.log += FIRST[3:]
    # The first new block is good, the second is not: neither counts.
    it.portal.mood, it.portal.moody_at = mood, 7
    run = it.source.sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, code)
    assert (it.source.claims(), position_of(it.source.ledger)) == before
    it.portal.mood = "good"
    it.asked()
    assert it.source.sync().outcome is RunOutcome.ACCEPTED
    assert it.asked() == [3, 7]
    assert len(it.source.live()) == 3


@pytest.mark.fault("S14")
def test_a_stream_without_an_end_is_given_up(opened: ExitStack, tmp_path: Path) -> None:
    portal = Service(log=list(FIRST), mood="endless", moody_at=8)
    it = Setting(opened, tmp_path, portal, fetching=replace(QUICK, documents=20))
    run = it.source.sync()
    assert (run.outcome, run.code) == (RunOutcome.FAILED, "too_many_documents")
    assert len(it.asked()) == 20
    assert it.source.live() == set()
    assert position_of(it.source.ledger) == ""


def test_what_comes_again_is_harmless(setting: Setting) -> None:
    setting.source.sync()
    claims = setting.source.claims()
    setting.portal.log += FIRST
    run = setting.source.sync()
    assert run.outcome.is_good
    assert run.counts.changed == 0
    assert setting.source.claims() == claims


def test_other_names_of_the_fields(opened: ExitStack, tmp_path: Path) -> None:
    names = {"objects": "xzufi", "complete": "fertig", "index": "weiter", "url": "adresse"}
    settings = {
        "objects_field": "xzufi",
        "complete_field": "fertig",
        "next_index_field": "weiter",
        "next_url_field": "adresse",
    }
    it = Setting(opened, tmp_path, Service(log=list(FIRST), names=names), settings=settings)
    assert it.source.sync().outcome is RunOutcome.ACCEPTED


class TestLostState:
    def test_a_store_that_fails_after_the_ledger_was_kept_loses_nothing(
        self, setting: Setting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        setting.source.sync()
        setting.portal.log += [
            service(10, "Neu", keys=["99005001001000"], areas=["06"]),
            delete("Leistung", 9),
        ]

        def fails(*_: object, **__: object) -> None:
            raise StorageError("disk full")

        with monkeypatch.context() as patched:
            patched.setattr(setting.store, "apply_snapshot", fails)
            assert setting.source.sync().outcome is RunOutcome.FAILED
        assert len(setting.source.live()) == 3
        setting.asked()
        run = setting.source.sync()
        assert (run.outcome, run.counts.added, run.counts.withdrawn) == (RunOutcome.ACCEPTED, 1, 1)
        assert setting.asked() == [12]
        assert setting.source.live() == {f"{AGENCY}/{number}" for number in (7, 8, 10)}

    def test_a_lost_ledger_is_fetched_again_and_withdraws_nothing(self, setting: Setting) -> None:
        setting.source.sync()
        claims = setting.source.claims()
        setting.asked()
        setting.source.forget_ledger()
        run = setting.source.sync()
        assert setting.asked() == [0, 4, 8]
        assert run.outcome.is_good
        assert (run.counts.withdrawn, run.counts.changed) == (0, 0)
        assert setting.source.claims() == claims

    def test_a_lost_ledger_and_a_load_that_breaks_off(self, setting: Setting) -> None:
        setting.source.sync()
        claims = setting.source.claims()
        setting.source.forget_ledger()
        setting.portal.mood, setting.portal.moody_at = "broken", 8
        assert setting.source.sync().outcome is RunOutcome.FAILED
        assert setting.source.claims() == claims
        setting.portal.mood = "good"
        assert setting.source.sync().outcome.is_good
        assert setting.source.claims() == claims

    def test_a_damaged_ledger_is_replaced(self, setting: Setting) -> None:
        setting.source.sync()
        claims = setting.source.claims()
        setting.source.ledger.write_bytes(b"not a database" * 1_000)
        runs = [setting.source.sync() for _ in range(2)]
        assert runs[-1].outcome.is_good
        assert setting.source.claims() == claims

    @pytest.mark.fault("D14")
    def test_a_database_that_was_restored_catches_up_without_asking_again(
        self, opened: ExitStack, tmp_path: Path
    ) -> None:
        it = Setting(opened, tmp_path / "a", Service(log=list(FIRST)))
        it.source.sync()
        backup = tmp_path / "backup.sqlite"
        it.store.backup(backup)
        it.portal.log += [service(10, "Neu", keys=["99005001001000"], areas=["06"]), delete("Leistung", 9)]
        it.source.sync()
        claims = it.source.claims()
        it.asked()
        restored = opened.enter_context(open_store(f"sqlite:///{backup}"))
        other = Connected(
            SPEC,
            it.portal.base_url,
            restored,
            tmp_path / "b",
            settings={"version": "v3", "credentials": credentials(it.portal)},
        )
        shutil.copytree(it.source.ledgers, other.ledgers)
        assert len(other.live()) == 3
        run = other.sync()
        assert run.outcome is RunOutcome.ACCEPTED
        assert it.asked() == [12]
        assert other.claims() == claims
