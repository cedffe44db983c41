"""Declared ids as tokens: one form for what PVOG, XZuFi and portals write differently."""

from __future__ import annotations

import pytest

from syncd.model import facts
from syncd.rules.identity_tokens import identity_tokens, named_key
from tests.support.miniature import claim

KEY = "99102013104000"


@pytest.mark.parametrize(
    ("native_id", "said", "expected"),
    [
        ("L100108.LB.4711", {}, ("editorial:L100108/4711",)),
        ("L100108_LB_4711", {}, ("editorial:L100108/4711",)),
        ("L100108.LB.L100108_4711", {}, ("editorial:L100108/4711",)),
        ("064140000000/L100108.LB.4711", {}, ("editorial:L100108/4711",)),
        ("L100108/4711", {}, ("editorial:L100108/4711",)),
        ("4711", {}, ()),
        ("L100108.OE.4711", {}, ()),
        ("a/b", {facts.EDITORIAL_ID: "L100108/4711 | nothing"}, ("editorial:L100108/4711",)),
        ("1", {facts.LHM_ID: "10180000001000|"}, ("lhm:10180000001000",)),
        ("1", {facts.REFERENCE_KEY: "99.102.013.104.000, kein"}, (f"key:{KEY}",)),
        ("L1", {facts.LHM_ID: "two words"}, ()),
    ],
)
def test_tokens(native_id: str, said: dict[str, str], expected: tuple[str, ...]) -> None:
    record = claim("portal", native_id, KEY, "06", facts=tuple(sorted(said.items())))
    assert identity_tokens([record]) == expected


def test_only_a_key_names_a_service_by_itself() -> None:
    assert named_key(f"key:{KEY}") == KEY
    assert named_key("editorial:L1/1") == named_key("lhm:1") == ""
    assert identity_tokens([]) == ()
