"""Steps of a rule and the completeness of listings, as tables of cases."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.generic.completeness import Tally, why_incomplete
from connectors.generic.values import Shape, apply, text_of, texts

YES_NO = {"words": True, "yes": ["digid", "ok"], "no": ["nicht ok"], "otherwise": "report"}
DATE = {"date": ["iso", "german", "compact", "unix_ms"], "zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("step", "value", "found", "codes"),
    [
        ({"extract": r"id=(\d+)"}, "?id=12&x", ["12"], []),
        ({"extract": r"\d+"}, "none", [], []),
        ({"extract": r"\d+"}, "1" * 501, [], ["value_too_long"]),
        ({"split": "[,;]"}, "a, b;;c", ["a", "b", "c"], []),
        ({"split": "x?"}, "abc", ["abc"], []),
        ({"replace": {"find": "a", "by": "b"}}, "aa", ["bb"], []),
        ({"pad": 8}, "6414000", ["06414000"], []),
        ({"prefix": "x"}, "a", ["xa"], []),
        ({"suffix": "x"}, "a", ["ax"], []),
        ({"case": "upper"}, "ä", ["Ä"], []),
        ({"table": {"OK": "ok", "Nicht ok": "dead"}, "otherwise": "report"}, " nicht OK ", ["dead"], []),
        ({"table": {"ok": "ok"}, "otherwise": "report"}, "x", [], ["unknown_code"]),
        ({"table": {"ok": "ok"}, "otherwise": "keep"}, "x", ["x"], []),
        ({"table": {"x": ""}, "otherwise": "report"}, "x", [], []),
        (YES_NO, "Ja", ["true"], []),
        (YES_NO, "digid", ["true"], []),
        (YES_NO, "nicht ok", ["false"], []),
        (YES_NO, "vielleicht", [], ["unknown_code"]),
        ({"html": True}, "<p>a &amp; b</p>", ["a & b"], []),
        ({"limit": 2}, "abc", ["ab"], []),
        (DATE, "2026-02-30", [], ["bad_date"]),
        (DATE, "2026-01-05", ["2026-01-05"], []),
        (DATE, "2026-07-05T10:00:00+02:00", ["2026-07-05T08:00:00+00:00"], []),
        (DATE, "2026-07-05T10:00:00", ["2026-07-05T08:00:00+00:00"], []),
        (DATE, "5.1.2026", ["2026-01-05"], []),
        (DATE, "05.01.2026 10:00", ["2026-01-05T09:00:00+00:00"], []),
        (DATE, "20260105", ["2026-01-05"], []),
        (DATE, "1767607200000", ["2026-01-05T10:00:00+00:00"], []),
        (DATE, "31.02.2026", [], ["bad_date"]),
        (DATE, "bald", [], ["bad_date"]),
        (DATE, "x" * 5_000, [], ["bad_date"]),
        (DATE, "0001-01-01T00:00:00", [], ["bad_date"]),
    ],
)
def test_steps(step: dict[str, Any], value: str, found: list[str], codes: list[str]) -> None:
    reported: list[str] = []
    assert apply([step], [value], lambda code, _message, _value: reported.append(code)) == found
    assert reported == codes


def test_steps_apply_in_order() -> None:
    steps: list[dict[str, Any]] = [{"split": ","}, {"extract": r"\d+"}, {"pad": 4}]
    assert apply(steps, ["a1, b22"], lambda *_: None) == ["0001", "0022"]


@pytest.mark.parametrize(
    ("value", "shape", "text"),
    [
        ({"value": "x"}, Shape(("value",)), "x"),
        ({"value": {"value": 3}}, Shape(("value",)), "3"),
        ({"other": "x"}, Shape(("value",)), None),
        (True, Shape(), None),
        (False, Shape(booleans=True), "false"),
        (1.0, Shape(), "1"),
        (1.5, Shape(), "1.5"),
        (" x ", Shape(), "x"),
        (" x ", Shape(exact=True), " x "),
        ("unbekannt", Shape(), None),
        (None, Shape(), None),
    ],
)
def test_values_become_texts(value: object, shape: Shape, text: str | None) -> None:
    assert text_of(value, shape) == text


def test_lists_are_flattened() -> None:
    assert texts([["a", None, "b"], "c", []], Shape()) == ["a", "b", "c"]


def rule(policy: str, **more: Any) -> dict[str, Any]:
    return {"policy": policy, "counts": "items", "tolerance": 0, "min_items": 0, **more}


@pytest.mark.parametrize(
    ("table", "size", "pages", "why"),
    [
        (rule("whole_document"), None, [Tally(1, 0)], ""),
        (rule("whole_document", min_items=3), None, [Tally(1, 2)], "at least 3"),
        (rule("exact"), None, [Tally(1, 2, 3), Tally(2, 1, 3)], ""),
        (rule("exact"), None, [Tally(1, 2, 4), Tally(2, 1, 4)], "4 items are announced, 3 arrived"),
        (rule("exact"), None, [Tally(1, 2)], "no total"),
        (rule("exact"), None, [Tally(1, 2, 3), Tally(3, 1, 3)], "a page is missing"),
        (rule("tolerance", tolerance=1), None, [Tally(1, 3, 4)], ""),
        (rule("tolerance", tolerance=1), None, [Tally(1, 2, 4)], "announced"),
        (rule("exact", counts="pages"), None, [Tally(1, 9, 2), Tally(2, 1, 2)], ""),
        (rule("exact", counts="pages"), None, [Tally(1, 9, 2)], "2 pages are announced, 1 arrived"),
        (rule("exact", counts="pages"), None, [Tally(1, 0, 0)], ""),
        (rule("exact", counts="pages"), None, [Tally(1, 5, 0)], "0 pages are announced"),
        (rule("until_empty_page"), None, [Tally(1, 2), Tally(2, 0)], ""),
        (rule("until_empty_page"), None, [Tally(1, 2)], "still has 2"),
        (rule("short_page_ends"), 2, [Tally(1, 2), Tally(2, 1)], ""),
        (rule("short_page_ends"), 2, [Tally(1, 2)], "full"),
        (rule("no_next"), None, [Tally(1, 2, more=True), Tally(2, 2)], ""),
        (rule("no_next"), None, [Tally(1, 2, more=True)], "names a further one"),
        (rule("exact"), None, [], "no page"),
    ],
)
def test_completeness(table: dict[str, Any], size: int | None, pages: list[Tally], why: str) -> None:
    reason = why_incomplete(table, size, pages)
    assert (why in reason) if why else reason == ""
