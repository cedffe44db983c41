"""Assessment against a naive reading of the same rules, cell by cell, and the pitfalls by name."""

from __future__ import annotations

from datetime import date
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.area import AreaKey
from syncd.model.coverage import CellState, Duty, GapCause, Tier
from syncd.model.entry import Entry, Provenance
from syncd.model.evidence import Channel, ChannelKind, Evidence, LinkState
from syncd.model.record import Claim, Scope
from syncd.model.service import ServiceKey
from syncd.rules.assess import Cells, SourceFacts, assess, count
from syncd.rules.coverage_codec import pack_cells, since, unpack_cells
from syncd.rules.evidence import grade
from syncd.rules.line import AreaLine
from syncd.rules.merge import merge
from syncd.rules.precedence import Precedence
from tests.support.tiny_germany import tiny_areas

LINE = AreaLine.build(tiny_areas())
KEY = ServiceKey("99108001001000")
CITY, AUHEIM, AUBACH, FOREST = "064110000000", "064310001001", "064310002002", "064319200200"


def duty(line: Tier = Tier.GEMEINDE, minimum: Evidence = Evidence.ONLINE_FORM, **more: object) -> Duty:
    return Duty(
        name="synthetic",
        line=line,
        owed_by=Tier.GEMEINDE,
        minimum=minimum,
        from_on=date(2022, 12, 31),
        legal_ground="synthetic",
        services=frozenset({KEY.value}),
        **more,  # type: ignore[arg-type]
    )


def source(
    source_id: str, *areas: str, silence: bool = False, fresh: bool = True, spoken: bool = True
) -> SourceFacts:
    return SourceFacts(source_id, Scope(tuple(AreaKey(a) for a in areas), None, silence), fresh, spoken)


def entry(area: str, *channels: Channel, source_id: str = "s", provider: str | None = None) -> Entry:
    claim = Claim(
        source_id=source_id,
        native_id=f"{source_id}-{area}",
        service_key=KEY,
        area=AreaKey(area),
        title="Bewohnerparkausweis",
        provider=AreaKey(provider) if provider else None,
        channels=channels,
    )
    (merged,) = merge([claim], Precedence())
    return merged


ONLINE = Channel(ChannelKind.ONLINE_SERVICE, "https://a.example.org/antrag")
PDF = Channel(ChannelKind.PDF, "https://a.example.org/antrag.pdf")
DEAD = Channel(ChannelKind.ONLINE_SERVICE, "https://a.example.org/antrag", link_state=LinkState.DEAD)


def state(cells: Cells, area: str, line: Tier = Tier.GEMEINDE) -> tuple[CellState, GapCause]:
    position = LINE.tier(line).index[area]
    return CellState(int(cells.state[position])), GapCause(int(cells.cause[position]))


def run(entries: list[Entry], *sources: SourceFacts, **more: object) -> Cells:
    ordered = sorted(entries, key=lambda e: e.area.code)
    return assess(KEY, ordered, duty(**more), LINE, {s.source_id: s for s in sources})  # type: ignore[arg-type]


def test_federal_offer_covers_every_municipality_but_no_unincorporated_area() -> None:
    cells = run([entry("00", ONLINE)], source("s", "00"))
    assert state(cells, CITY) == (CellState.INHERITED, GapCause.NONE)
    assert state(cells, FOREST) == (CellState.NOT_OWED, GapCause.NONE)
    assert count(cells, np.concatenate(([0], np.cumsum(LINE.population))))["inherited"] == (7, 261_000)


def test_own_offer_is_not_hidden_by_a_better_inherited_one() -> None:
    end_to_end = Channel(ChannelKind.ONLINE_SERVICE, "https://b.example.org/antrag")
    cells = run([entry("06", end_to_end), entry(AUHEIM, ONLINE)], source("s", "00"))
    assert state(cells, AUHEIM)[0] is CellState.OWN
    assert state(cells, AUBACH)[0] is CellState.INHERITED


def test_inherited_online_offer_beats_own_description() -> None:
    cells = run([entry("06", ONLINE), entry(AUHEIM)], source("s", "00"))
    assert state(cells, AUHEIM)[0] is CellState.INHERITED


def test_offer_stated_for_a_place_but_provided_from_above_is_inherited() -> None:
    cells = run([entry(CITY, ONLINE, provider="00")], source("s", CITY))
    assert state(cells, CITY)[0] is CellState.INHERITED
    assert cells.level[LINE.tier(Tier.GEMEINDE).index[CITY]] == 0


def test_pdf_is_a_media_break_and_a_link_found_dead_is_dead() -> None:
    cells = run([entry(AUHEIM, PDF), entry(AUBACH, DEAD)], source("s", "00"))
    assert state(cells, AUHEIM) == (CellState.OFFLINE, GapCause.MEDIA_BREAK)
    assert state(cells, AUBACH) == (CellState.DEAD, GapCause.DEAD_LINK)


def test_description_alone_asks_for_connection_where_a_solution_runs_elsewhere() -> None:
    alone = run([entry(AUHEIM)], source("s", "00"))
    assert state(alone, AUHEIM) == (CellState.OFFLINE, GapCause.DESCRIBED_NOT_ONLINE)
    with_example = run([entry(AUHEIM), entry(AUBACH, ONLINE)], source("s", "00"))
    assert state(with_example, AUHEIM) == (CellState.OFFLINE, GapCause.SOLUTION_NOT_CONNECTED)


def test_silence_is_absence_only_where_the_source_says_so_and_is_fresh() -> None:
    mute = run([], source("s", "06431"))
    assert state(mute, AUHEIM) == (CellState.UNKNOWN, GapCause.NO_SOURCE)
    telling = run([], source("s", "06431", silence=True))
    assert state(telling, AUHEIM) == (CellState.MISSING, GapCause.NOT_DESCRIBED)
    assert state(telling, CITY) == (CellState.UNKNOWN, GapCause.NO_SOURCE)
    stale = run([], source("s", "06431", silence=True, fresh=False))
    assert state(stale, AUHEIM) == (CellState.UNKNOWN, GapCause.STALE)
    never = run([], source("s", "06431", silence=True, fresh=False, spoken=False))
    assert state(never, AUHEIM) == (CellState.UNKNOWN, GapCause.NO_SOURCE)


def test_offer_of_a_stale_source_is_unknown_even_where_another_is_silent() -> None:
    cells = run([entry(AUHEIM, ONLINE)], source("s", "00", fresh=False), source("t", "06431", silence=True))
    assert state(cells, AUHEIM) == (CellState.UNKNOWN, GapCause.STALE)
    assert state(cells, AUBACH) == (CellState.MISSING, GapCause.NOT_DESCRIBED)


def test_kreis_line_ignores_what_single_municipalities_offer() -> None:
    cells = run([entry(AUHEIM, ONLINE), entry(CITY, ONLINE)], source("s", "00"), line=Tier.KREIS)
    assert state(cells, "06431", Tier.KREIS)[0] is CellState.UNKNOWN
    # A kreisfreie Stadt is one body on both levels.
    assert state(cells, "06411", Tier.KREIS)[0] is CellState.OWN


def test_duty_limited_to_an_area_leaves_the_rest_not_owed() -> None:
    cells = assess(KEY, [], duty(areas=("06431",)), LINE, {})
    assert state(cells, AUHEIM)[0] is CellState.UNKNOWN
    assert state(cells, CITY)[0] is CellState.NOT_OWED


def test_packing_round_trip_and_since() -> None:
    cells = run([entry("06", ONLINE)], source("s", "00"))
    digest, packed = pack_cells(cells)
    again = unpack_cells(packed)
    assert (again.state == cells.state).all()
    assert (again.level == cells.level).all()
    assert pack_cells(again)[0] == digest
    first = since(cells.state, release=3, before=None)
    changed = cells.state
    changed[0] = CellState.MISSING
    second = since(changed, release=4, before=(cells.state, first))
    assert second[0] == 4
    assert set(second[1:]) == {3}


Rows = list[tuple[str, tuple[Channel, ...], str, str | None]]
AREAS = sorted(LINE.areas)
CHANNELS = [(), (ONLINE,), (PDF,), (DEAD,), (Channel(ChannelKind.FORM, "https://a.example.org/form"),)]
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(AREAS),
        st.sampled_from(CHANNELS),
        st.sampled_from(["s", "t"]),
        st.sampled_from([None, "00", "06"]),
    ),
    max_size=8,
    unique_by=lambda item: item[0],
)
SOURCES = st.fixed_dictionaries(
    {
        name: st.builds(
            lambda areas, silence, fresh, spoken, name=name: source(
                name, *areas, silence=silence, fresh=fresh and spoken, spoken=spoken
            ),
            st.lists(st.sampled_from(AREAS), min_size=1, max_size=3, unique=True),
            st.booleans(),
            st.booleans(),
            st.booleans(),
        )
        for name in ("s", "t")
    }
)


def naive(
    entries: list[Entry], sources: dict[str, SourceFacts], cell: str, tier: Tier, minimum: Evidence
) -> CellState:
    """Read the rules of the house plan for one cell, without any array."""
    first, last = LINE.interval(cell) or (0, 0)

    def spans(code: str) -> bool:
        low, high = LINE.interval(code) or (0, 0)
        return low <= first and high >= last and high > low

    covering = [e for e in entries if spans(e.area.code)]
    fresh = [e for e in covering if any(sources[o.source_id].fresh for o in e.origins)]
    meeting = [e for e in fresh if e.evidence >= minimum]
    if meeting:
        narrowest = min(meeting, key=lambda e: LINE.interval(e.area.code)[1] - LINE.interval(e.area.code)[0])  # type: ignore[index]
        width = LINE.interval(narrowest.area.code)
        own = width == (first, last) and narrowest.provider is None
        if own:
            return CellState.OWN
        equals = [e for e in meeting if LINE.interval(e.area.code) == width]
        if any(e.provider is None and LINE.interval(e.area.code) == (first, last) for e in equals):
            return CellState.OWN
        return CellState.INHERITED
    if fresh:
        highest = max(e.evidence for e in fresh)
        candidates = [e for e in fresh if e.evidence == highest]
        smallest = min(LINE.interval(e.area.code)[1] - LINE.interval(e.area.code)[0] for e in candidates)  # type: ignore[index]
        best = [
            e
            for e in candidates
            if LINE.interval(e.area.code)[1] - LINE.interval(e.area.code)[0] == smallest  # type: ignore[index]
        ]
        return CellState.DEAD if best[0].link_dead else CellState.OFFLINE
    if covering:
        return CellState.UNKNOWN
    heard = any(
        s.fresh and s.spoken and s.scope.silence_means_absence and any(spans(a.code) for a in s.scope.areas)
        for s in sources.values()
    )
    return CellState.MISSING if heard else CellState.UNKNOWN


@given(ENTRIES, SOURCES, st.sampled_from([Tier.GEMEINDE, Tier.KREIS]), st.sampled_from([3, 4, 5, 6]))
def test_arrays_agree_with_a_naive_reading(
    rows: Rows,
    sources: dict[str, SourceFacts],
    tier: Tier,
    minimum: int,
) -> None:
    entries = [
        entry(area, *channels, source_id=source_id, provider=provider if provider != area else None)
        for area, channels, source_id, provider in rows
    ]
    # Two areas may have the same interval (kreisfreie Stadt); keep one entry per interval, as a tie has
    # no reading of its own.
    seen: set[tuple[int, int]] = set()
    kept = []
    for item in sorted(entries, key=lambda e: e.area.code):
        span = LINE.interval(item.area.code)
        if span is not None and span not in seen:
            seen.add(span)
            kept.append(item)
    cells = assess(KEY, kept, duty(line=tier, minimum=Evidence(minimum)), LINE, sources)
    line = LINE.tier(tier)
    for position, code in enumerate(line.codes):
        expected = (
            naive(kept, sources, code, tier, Evidence(minimum)) if line.owes[position] else CellState.NOT_OWED
        )
        assert CellState(int(cells.state[position])) is expected, code


@given(ENTRIES, SOURCES, st.randoms(use_true_random=False))
def test_order_of_entries_and_sources_never_matters(
    rows: Rows, sources: dict[str, SourceFacts], random: Random
) -> None:
    entries = sorted(
        (entry(a, *c, source_id=s, provider=p if p != a else None) for a, c, s, p in rows),
        key=lambda e: e.area.code,
    )
    shuffled_sources = list(sources.items())
    random.shuffle(shuffled_sources)
    one = assess(KEY, entries, duty(), LINE, sources)
    two = assess(KEY, entries, duty(), LINE, dict(shuffled_sources))
    assert pack_cells(one)[0] == pack_cells(two)[0]


@given(ENTRIES, SOURCES)
def test_more_offers_never_lower_coverage(rows: Rows, sources: dict[str, SourceFacts]) -> None:
    fresh = {k: SourceFacts(k, s.scope, fresh=True, spoken=True) for k, s in sources.items()}
    entries = sorted(
        (entry(a, *c, source_id=s, provider=p if p != a else None) for a, c, s, p in rows),
        key=lambda e: e.area.code,
    )
    less = assess(KEY, entries[1:], duty(), LINE, fresh)
    more = assess(KEY, entries, duty(), LINE, fresh)
    covered = [int(CellState.OWN), int(CellState.INHERITED)]
    assert (np.isin(more.state, covered) | ~np.isin(less.state, covered)).all()


def test_graded_channels_carry_their_origin() -> None:
    merged = entry(AUHEIM, ONLINE)
    assert merged.channels == ((grade(ONLINE), Provenance("s", f"s-{AUHEIM}")),)
