"""Is a snapshot what it claims to be? The small measures, by table."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.rules.identity import is_another_feed, is_in_future, is_moved, is_older, is_reused, similarity

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)
A, B = frozenset({"99001001001000"}), frozenset({"99002001001000"})
TOWN, OTHER = frozenset({"064110000000"}), frozenset({"064120000000"})


@pytest.mark.fault("S6", "S7", "S8")
def test_stamps() -> None:
    assert is_older(NOW - DAY, NOW)
    assert not is_older(NOW, NOW)
    assert not is_older(None, NOW)
    assert not is_older(NOW, None)
    assert is_in_future(NOW + DAY + timedelta(seconds=1), NOW)
    assert not is_in_future(NOW + DAY, NOW)
    assert not is_in_future(None, NOW)


@pytest.mark.fault("S5")
@pytest.mark.parametrize(
    ("kept", "stored", "received", "another"),
    [
        (0, 100, 100, True),
        (9, 100, 100, True),
        (10, 100, 100, False),
        (5, 100, 5, False),  # cut short, but of the same portal
        (0, 19, 100, False),  # too few to tell
        (0, 100, 0, False),  # empty is another matter
    ],
)
def test_another_feed(kept: int, stored: int, received: int, another: bool) -> None:
    assert is_another_feed(kept, stored=stored, received=received) is another


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Hund anmelden", "Anmeldung eines Hundes", True),
        ("Wohnsitz anmelden", "Wohnsitz Anmeldung", True),
        ("Wohnsitz anmelden", "Fischereischein beantragen", False),
        ("", "", True),
        ("", "Hund anmelden", False),
    ],
)
def test_titles(one: str, other: str, alike: bool) -> None:
    assert (similarity(one, other) >= 0.2) is alike
    assert similarity(one, other) == similarity(other, one)


@pytest.mark.fault("S9")
def test_a_number_used_again_needs_other_keys_and_another_title() -> None:
    assert is_reused(A, B, "Wohnsitz anmelden", "Fischereischein beantragen")
    assert not is_reused(A, B, "Wohnsitz anmelden", "Wohnsitz anmelden")
    assert not is_reused(A, A | B, "Wohnsitz anmelden", "Fischereischein beantragen")
    assert not is_reused(frozenset(), B, "Wohnsitz anmelden", "Fischereischein beantragen")


@pytest.mark.fault("S10")
def test_a_move_needs_the_same_keys_and_areas_and_a_similar_title() -> None:
    old = (A, TOWN, "Wohnsitz anmelden")
    assert is_moved(old, (A, TOWN, "Wohnsitz anmelden"))
    assert not is_moved(old, (A, OTHER, "Wohnsitz anmelden"))
    assert not is_moved(old, (B, TOWN, "Wohnsitz anmelden"))
    assert not is_moved(old, (A, TOWN, "Fischereischein beantragen"))
    # Without keys nothing but the same words will do.
    keyless = (frozenset[str](), TOWN, "Wohnsitz anmelden")
    assert is_moved(keyless, (frozenset(), TOWN, "wohnsitz ANMELDEN"))
    assert not is_moved(keyless, (frozenset(), TOWN, "Wohnsitz ummelden"))
    assert not is_moved(keyless, (frozenset(), OTHER, "Wohnsitz anmelden"))
