"""Sources that deliver changes: the ledger and the store stay together whatever happens between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncd.model.coverage import Duty, Obligation, Tier
from syncd.model.evidence import Evidence
from syncd.model.run import RunOutcome
from syncd.model.service import ServiceStatus
from syncd.pipeline.codec import decode_claims
from syncd.sdk.ledger import Ledger, position_of
from syncd.storage import SqlStore, open_store
from tests.support.format_run import SOURCE, Bench, make_bench
from tests.support.miniature import GROSSSTADT
from tests.support.tiny_changes import SPEC, answers

KEY = "99001001000000"
PLACES = ["064110000000", "064310001001", "095710001001"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store = open_store(f"sqlite:///{tmp_path / 'db.sqlite3'}")
    yield store
    store.close()


@pytest.fixture
def bench(store: SqlStore, tmp_path: Path) -> Bench:
    return make_bench(store, tmp_path)


def put(number: int, title: str = "Parken") -> list[Any]:
    return ["put", f"s{number:02}", {"title": f"{title} {number}", "key": f"990010010{number:02}000"}]


def here(number: int, service: int, area: str = GROSSSTADT) -> list[Any]:
    return ["here", f"c{number}", f"s{service:02}", area]


STOCK = [line for n in range(30) for line in (put(n), here(n, n))]


def titles(store: SqlStore) -> set[str]:
    return {
        claim.title for one in store.source_records(SOURCE) for claim in decode_claims(SOURCE, one.payload)
    }


def ledger(bench: Bench) -> Path:
    return bench.folder / "ledgers" / SOURCE / "tested.sqlite3"


async def test_changes_add_up_and_nothing_new_costs_no_document(bench: Bench, store: SqlStore) -> None:
    first = await bench.read(SPEC, answers(STOCK))
    assert (first.run.outcome, first.run.counts.added) == (RunOutcome.ACCEPTED, 30)
    assert first.details["position"] == "60"
    assert first.details["statements"] == 30
    again = await bench.read(SPEC, answers(STOCK))
    assert (again.run.outcome, again.run.code) == (RunOutcome.UNCHANGED, "unchanged")
    assert again.details["position"] == "60"
    changed = await bench.read(SPEC, answers([*STOCK, put(3, "Anders"), put(30), here(30, 30)]))
    assert (changed.run.counts.changed, changed.run.counts.added) == (1, 1)
    assert "Anders 3" in titles(store)
    kept = [path for path in (bench.folder / "raw").rglob("*") if path.is_file()]
    assert not kept, "what stands in the ledger is not kept twice"


async def test_a_dropped_object_leaves_as_silence_does_after_its_grace(bench: Bench, store: SqlStore) -> None:
    await bench.read(SPEC, answers(STOCK))
    fewer = [*STOCK, ["drop", "s03"]]
    told = await bench.read(SPEC, answers(fewer))
    assert (told.run.code, store.source_state(SOURCE).records) == ("records_missing", 30)
    # Nothing new is said afterwards, and that counts as a listing without it.
    for _ in range(4):
        bench.miniature.clock.forward(hours=13)
        await bench.read(SPEC, answers(fewer))
    assert store.source_state(SOURCE).records == 29


async def test_a_refused_change_is_composed_again_until_it_is_decided(bench: Bench, store: SqlStore) -> None:
    await bench.read(SPEC, answers(STOCK))
    fewer = [*STOCK, *(["drop", f"s{number:02}"] for number in range(10))]
    refused = await bench.read(SPEC, answers(fewer))
    assert (refused.run.outcome, refused.run.code) == (RunOutcome.REFUSED, "snapshot_shrunken")
    again = await bench.read(SPEC, answers(fewer))
    assert again.run.code == "snapshot_shrunken", "nothing new, but the store has not got it"
    decided = await bench.read(SPEC, answers(fewer), decide=again.run.run_id)
    assert decided.run.outcome is RunOutcome.ACCEPTED
    assert store.source_state(SOURCE).records == 20
    after = await bench.read(SPEC, answers(fewer))
    assert after.run.code == "unchanged"


async def test_what_has_gone_on_since_is_not_accepted_with_an_old_decision(bench: Bench) -> None:
    await bench.read(SPEC, answers(STOCK))
    fewer = [*STOCK, *(["drop", f"s{number:02}"] for number in range(10))]
    refused = await bench.read(SPEC, answers(fewer))
    await bench.read(SPEC, answers([*fewer, ["drop", "s11"]]))
    with pytest.raises(Exception, match="further changes") as caught:
        await bench.read(SPEC, answers(fewer), decide=refused.run.run_id)
    assert getattr(caught.value, "code", "") == "run_superseded"


async def test_competences_that_vanish_inside_of_records_are_held(bench: Bench, store: SqlStore) -> None:
    wide = [*STOCK, *(here(100 + n, n % 30, PLACES[n % 3]) for n in range(60))]
    await bench.read(SPEC, answers(wide))
    with Ledger(ledger(bench)) as objects:
        for n in range(60):
            objects.remove_competence(f"c{100 + n}")
    told = await bench.read(SPEC, answers([*wide, put(0, "Anders")]))
    assert (told.run.outcome, told.run.code) == (RunOutcome.REFUSED, "statements_shrunken")
    assert "Anders 0" not in titles(store)


@pytest.mark.parametrize("damage", ["gone", "cut", "other"])
async def test_a_lost_ledger_is_fetched_anew(bench: Bench, store: SqlStore, damage: str) -> None:
    await bench.read(SPEC, answers(STOCK))
    if damage == "gone":
        ledger(bench).unlink()
    else:
        body = b"x" * 5_000 if damage == "other" else ledger(bench).read_bytes()[:5_000]
        ledger(bench).write_bytes(body)
    more = [*STOCK, put(30), here(30, 30)]
    told = await bench.read(SPEC, answers(more))
    if not told.run.outcome.is_good:
        # What is damaged deep inside shows only when it is read; the run after that begins anew.
        assert told.run.code == "ledger_broken"
        told = await bench.read(SPEC, answers(more))
    assert told.run.outcome is RunOutcome.ACCEPTED
    assert store.source_state(SOURCE).records == 31
    assert position_of(ledger(bench)) == "62"


async def test_a_stream_that_is_cut_leaves_the_ledger_where_it_was(bench: Bench, store: SqlStore) -> None:
    await bench.read(SPEC, answers(STOCK))
    told = await bench.read(SPEC, answers([*STOCK, ["cut", ""], ["drop", "s01"]]))
    assert (told.run.outcome, told.run.code) == (RunOutcome.REFUSED, "incomplete_listing")
    assert position_of(ledger(bench)) == "60"
    whole = await bench.read(SPEC, answers([*STOCK, put(1, "Anders")]))
    assert whole.run.counts.changed == 1


async def test_a_register_is_fed_and_is_nowhere_an_offer(bench: Bench, store: SqlStore) -> None:
    listed, retired, owed = "99001001000000", "99002002000000", "99003003000000"

    def says(number: str, key: str, typing: str, **facts: str) -> list[Any]:
        body = {
            "title": f"Katalog {number}",
            "key": key,
            "typing": [typing],
            "facts": {"status": "4", **facts},
        }
        return ["put", number, body]

    miniature = bench.miniature
    duty = Duty(
        name="Typ 5",
        line=Tier.GEMEINDE,
        owed_by=Tier.GEMEINDE,
        minimum=Evidence.ONLINE_FORM,
        from_on=miniature.clock().date(),
        legal_ground="synthetisch",
        typing=frozenset({"5"}),
    )
    obligations = (Obligation("typed", "Nach Typ (synthetisch)", (duty,)),)
    miniature.registry = dataclasses.replace(miniature.registry, obligations=obligations)
    spec = dataclasses.replace(SPEC, feeds_register=True)
    changes = [
        says("a", listed, "2", ozg_id="10123|10124", ozg_name="Bündel", theme="Thema"),
        says("b", retired, "5", status="7", replaced_by=f"{owed}|{listed}"),
        says("c", owed, "5"),
    ]
    told = await bench.read(spec, answers(changes))
    assert told.run.outcome is RunOutcome.ACCEPTED
    release = miniature.publish()
    assert release is not None
    assert release.counts["entries"] == 0
    view = miniature.ask().view()
    one, gone = view.service(listed), view.service(retired)
    assert (one.name, one.origin, one.ozg_id, one.ozg_name, one.theme) == (
        *("Katalog a", SOURCE, 10_123, "Bündel", "Thema"),
    )
    assert (gone.status, gone.replaced_by) == (ServiceStatus.RETIRED.value, f"{owed}, {listed}")
    assert {key for _, _, key in view.duties} == {owed}, "what is retired is no longer owed"
    assert "feeds_register" in release.inputs["sources"][SOURCE]
    # The catalogue changes a type: other partitions than its own are owed now.
    await bench.read(spec, answers([*changes, says("a", listed, "5")]))
    miniature.publish()
    assert {key for _, _, key in miniature.ask().view().duties} == {owed, listed}
