"""Links do not depend on order, kills or history, on both databases."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.model.judgement import (
    Judgement,
    JudgementKind,
    LinkAnswer,
    pair,
    record_node,
    service_node,
)
from syncd.model.record import Claim
from syncd.pipeline import linking, review
from syncd.rules.retention import Cut
from syncd.storage import SqlStore, open_store
from tests.support.linking import (
    DOG,
    DOG_PARENT,
    FORM,
    PARK,
    PASS,
    assert_as_from_scratch,
    keyless,
    origins,
    registry_of,
)
from tests.support.miniature import (
    AUHEIM,
    NOW,
    Clock,
    Miniature,
    claim,
)
from tests.unit.storage.opened import KINDS, emptied, opened


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    yield from opened(request.param, request, tmp_path_factory)


@pytest.fixture
def miniature(database: SqlStore, tmp_path: Path) -> Miniature:
    return Miniature(emptied(database), tmp_path, registry_of(), Clock(NOW))


SAYINGS: dict[str, tuple[Claim, ...]] = {
    "stadt": (
        keyless("stadt", "L100001/1", "Hundesteuer: Anmeldung"),
        keyless("stadt", "2", "Bewohnerparkausweis"),
        keyless("stadt", "3", "Etwas Unverwechselbares"),
    ),
    "land": (
        claim("land", "L100001.LB.1", PARK, "00", FORM),
        claim("land", "5", DOG_PARENT, "06", FORM, title="Hundesteuer"),
    ),
    "redaktion": (keyless("redaktion", "9", "Etwas Unverwechselbares", AUHEIM),),
}
JUDGEMENTS = (
    (record_node("stadt", "3"), record_node("redaktion", "9"), LinkAnswer.SAME),
    (record_node("redaktion", "9"), service_node(PASS), LinkAnswer.SAME),
    (record_node("land", "L100001.LB.1"), service_node(PARK), LinkAnswer.DIFFERENT),
    (record_node("land", "5"), service_node(DOG), LinkAnswer.DIFFERENT),
)
STEPS = (*SAYINGS, *range(len(JUDGEMENTS)))


def play(m: Miniature, steps: Sequence[str | int], *, publish_at: frozenset[int]) -> str:
    for number, step in enumerate(steps):
        if isinstance(step, str):
            m.say(step, SAYINGS[step])
        else:
            one, other, answer = JUDGEMENTS[step]
            subject, target = pair(one, other)
            m.store.judge(
                [
                    Judgement(
                        JudgementKind.LINK,
                        subject,
                        answer.value,
                        "seen",
                        "tester",
                        NOW + timedelta(minutes=step),
                        object=target,
                        service_key=target.removeprefix("service:") if target.startswith("service:") else "",
                    )
                ]
            )
        if number in publish_at:
            m.publish()
    m.publish()
    assert_as_from_scratch(m)
    return contents(m)


def contents(m: Miniature) -> str:
    release = m.store.current_release()
    assert release is not None
    rows = [(r.service_key, r.area_code, r.payload) for r in m.store.entries(release.number)]
    cells = [(c.service_key, c.line, c.digest) for c in m.store.coverage(release.number)]
    return hashlib.sha256(repr((rows, cells)).encode()).hexdigest()


@settings(max_examples=12, deadline=None, derandomize=True)
@given(order=st.permutations(STEPS), publish_at=st.frozensets(st.integers(0, len(STEPS)), max_size=4))
def test_any_order_of_sources_and_judgements_gives_the_same_release(
    tmp_path_factory: pytest.TempPathFactory, order: list[str | int], publish_at: frozenset[int]
) -> None:
    folder = tmp_path_factory.mktemp("order")
    with open_store(f"sqlite:///{folder}/one.sqlite") as store:
        got = play(Miniature(store, folder, registry_of(), Clock(NOW)), order, publish_at=publish_at)
    if not EXPECTED:
        with open_store(f"sqlite:///{folder}/two.sqlite") as store:
            straight = Miniature(store, folder, registry_of(), Clock(NOW))
            EXPECTED.append(play(straight, STEPS, publish_at=frozenset()))
    assert got == EXPECTED[0]


EXPECTED: list[str] = []


def test_both_databases_come_to_the_same_links(miniature: Miniature, tmp_path: Path) -> None:
    got = play(miniature, STEPS[::-1], publish_at=frozenset({1, 3, 5}))
    with open_store(f"sqlite:///{tmp_path}/other.sqlite") as store:
        other = Miniature(store, tmp_path, registry_of(), Clock(NOW))
        assert got == play(other, STEPS, publish_at=frozenset())


@pytest.mark.parametrize("gone", sorted(SAYINGS))
def test_removing_a_source_removes_its_influence_and_nothing_else(
    miniature: Miniature, tmp_path: Path, gone: str
) -> None:
    play(miniature, STEPS, publish_at=frozenset())
    miniature.clock.forward(hours=1)
    run_id = miniature.store.open_run(gone, trigger="retire", now=miniature.clock())
    miniature.store.retire_source(gone, run_id, now=miniature.clock())
    miniature.publish()
    assert_as_from_scratch(miniature)
    with open_store(f"sqlite:///{tmp_path}/without.sqlite") as store:
        without = Miniature(store, tmp_path, registry_of(), Clock(NOW))
        expected = play(without, [step for step in STEPS if step != gone], publish_at=frozenset())
    assert contents(miniature) == expected


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_kill_between_two_steps_loses_nothing(
    miniature: Miniature, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, after: int
) -> None:
    """The process dies before, between or after the transactions of linking; the next round finishes."""
    monkeypatch.setattr(linking, "_KEPT_AT_ONCE", 1)
    calls = 0

    class Killed(BaseException):
        pass

    def dying(original: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **more: object) -> object:
            nonlocal calls
            if calls == after:
                raise Killed
            calls += 1
            return original(*args, **more)

        return call

    for source, claims in SAYINGS.items():
        miniature.say(source, claims)
    with monkeypatch.context() as patched:
        for name in ("keep_links", "links_done"):
            patched.setattr(miniature.store, name, dying(getattr(miniature.store, name)))
        with pytest.raises(Killed):
            miniature.publish()
    miniature.publish()
    assert_as_from_scratch(miniature)
    with open_store(f"sqlite:///{tmp_path}/straight.sqlite") as store:
        straight = Miniature(store, tmp_path, registry_of(), Clock(NOW))
        assert contents(miniature) == play(straight, list(SAYINGS), publish_at=frozenset())


def test_only_what_changed_is_linked_again(miniature: Miniature) -> None:
    many = [keyless("stadt", str(n), "Hundesteuer: Anmeldung") for n in range(50)]
    miniature.say("stadt", many)
    miniature.publish()
    assert miniature.store.links_due() == (0, ())
    miniature.clock.forward(hours=1)
    miniature.say("stadt", [*many[1:], keyless("stadt", "0", "Bewohnerparkausweis")])
    _, due = miniature.store.links_due()
    assert len(due) == 1
    miniature.publish()
    assert ("stadt", "0", "scored") in origins(miniature.store, PARK)
    assert_as_from_scratch(miniature)


def test_records_that_are_gone_for_good_leave_nothing_behind(miniature: Miniature) -> None:
    miniature.say("stadt", SAYINGS["stadt"])
    miniature.publish()
    miniature.clock.forward(days=1)
    miniature.say("stadt", [])
    miniature.publish()
    assert miniature.store.linkable_ids() != ()
    assert review.counts(miniature.store) == ()
    cut = Cut(NOW + timedelta(days=100), run_id=10_000, release=0)
    assert isinstance(miniature.store, SqlStore)
    assert miniature.store.prune_withdrawn(cut, limit=100) == 3
    assert miniature.store.linkable_ids() == ()
    assert miniature.store.ids_of([("stadt", "L100001/1")]) == ()
