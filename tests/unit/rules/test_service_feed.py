"""What a catalogue may say of the service register, and what it may not break."""

from __future__ import annotations

import orjson
import pytest

from syncd.model import facts
from syncd.model.area import AreaKey
from syncd.model.record import Claim, RecordKind
from syncd.model.service import Service, ServiceKey
from syncd.rules.service_feed import extended

KEY = ServiceKey("99102013104000")
SHIPPED = {KEY.value: Service(KEY, "Hund anmelden", "shipped", ozg_id=10123)}


def fed(**said: str) -> Service:
    claim = Claim(
        "fim", "1", KEY, AreaKey("00"), "Hundesteuer", kind=RecordKind.CATALOGUE, facts=tuple(said.items())
    )
    return extended(SHIPPED, [claim])[KEY.value]


def test_what_a_catalogue_says_comes_first_and_what_it_leaves_open_stays() -> None:
    assert fed(**{facts.OZG_ID: "10456"}).ozg_id == 10456
    assert fed().ozg_id == 10123
    assert fed().name == "Hundesteuer"


@pytest.mark.parametrize("digits", [20, 5000])
def test_a_number_too_long_to_be_one_neither_stops_a_rebuild_nor_cannot_be_stored(digits: int) -> None:
    kept = fed(**{facts.OZG_ID: "9" * digits}).ozg_id
    assert kept == 10123
    assert orjson.dumps(kept)
