"""The small languages of a profile: pointers, patterns, templates; what they mean and what they refuse."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.generic.discovery import addresses_in
from connectors.generic.fetch_tables import Discovery
from connectors.generic.patterns import TEXT_LIMIT, read_pattern
from connectors.generic.pointers import find, read_pointer
from connectors.generic.templates import fill, names_in, region_facts
from syncd.sdk.errors import SourceFormatError

ITEM: dict[str, Any] = {
    "id": 7,
    "name": "Muster",
    "one": {"url": "a"},
    "many": [{"url": "b", "typ": "X"}, {"url": "c", "typ": ["Y", "Z"]}, "no object"],
    "nested": [[{"url": "d"}], [{"url": "e"}]],
    "map": {"k1": {"v": 1}, "k2": {"v": 2}},
    "a/b": "slash",
    "*": "star",
    "flag": True,
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("id", [7]),
        (".", [ITEM]),
        ("one/url", ["a"]),
        ("many/url", ["b", "c"]),
        ("many/0/url", ["b"]),
        ("many/-1", ["no object"]),
        ("many/9", []),
        ("many[typ=X]/url", ["b"]),
        ("many[typ=Z]/url", ["c"]),
        ("many[typ!=X]/url", ["c"]),
        ("one[url=a]/url", ["a"]),
        ("nested/url", ["d", "e"]),
        ("map/*/v", [1, 2]),
        ('"a/b"', ["slash"]),
        ('"*"', ["star"]),
        ("[flag=true]/id", []),
        ("absent/below", []),
        ("name/below", []),
        ("$region", ["06"]),
        ("$other", []),
    ],
)
def test_pointers(text: str, found: list[Any]) -> None:
    assert find(ITEM, read_pointer(text), {"region": "06"}) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "a[b]",
        "a[b=c",
        "a]",
        "../a",
        "a/$b",
        "$Region",
        "$",
        "a b[",
        "/".join("abcdefghijklm"),
    ],
)
def test_what_is_no_pointer_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_pointer(text)


@given(st.text(max_size=40))
def test_any_text_is_a_pointer_or_refused(text: str) -> None:
    try:
        pointer = read_pointer(text)
    except ValueError:
        return
    find(ITEM, pointer)


@pytest.mark.parametrize(
    "text",
    [
        r"\d{14}",
        r"([0-9]{8}-[0-9]{6})-zms-export\.json",
        r"\s*[,;]\s*",
        r"^id=([^&]+)",
        r"(?:Leistung|Service) (\d+)",
        r"x(y)?",
        "[]a-z]+",
        r"{not a quantifier}",
    ],
)
def test_plain_patterns_are_taken(text: str) -> None:
    read_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        "(a+)+",
        "(a|a)*b",
        "(ab){2,}",
        r"(a)\1",
        "(?=a)",
        "(?P<n>a)",
        "a*b*c*",
        "a{1,1000}b+c+",
        "(",
        "[a",
        "a\\",
        "",
    ],
)
def test_patterns_that_could_take_for_ever_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_pattern(text)


_ATOMS = st.sampled_from(
    ["a", "b", ".", "[ab]", r"\w", "a*", "a+", ".*", "b{2,5}", "(a|b)", "(?:ab)?", "(a+)?"]
)


@given(
    st.lists(_ATOMS, min_size=1, max_size=10), st.sampled_from(["a" * TEXT_LIMIT, "ab" * (TEXT_LIMIT // 2)])
)
def test_whatever_is_taken_is_quick(atoms: list[str], text: str) -> None:
    try:
        pattern = read_pattern("".join(atoms) + "c")
    except ValueError:
        return
    began = time.process_time()
    pattern.search(text)
    assert time.process_time() - began < 5


def test_templates_hold_names_and_nothing_else() -> None:
    assert names_in("a/{id}?b={region}&c={id}") == ("id", "region")
    assert fill("a/{id}", {"id": "x y/ü"}) == "a/x%20y%2F%C3%BC"
    assert fill("a/{id}", {"id": "x y"}, encode=False) == "a/x y"
    assert fill("a/{id}", {"id": ""}) is None
    for text in ("{}", "{a.b}", "{a!r}", "{A}", "{{a}}", "{a", "a}", "{0}"):
        with pytest.raises(ValueError, match="braces"):
            names_in(text)


def test_regions_in_the_spellings_portals_want() -> None:
    assert region_facts("064140000000") == {
        "region": "064140000000",
        "region_int": "64140000000",
        "region_ags": "06414000",
        "region_ags_int": "6414000",
    }
    assert region_facts("06414000")["region_ags_int"] == "6414000"
    # Association 5001 stands between district and municipality.
    assert region_facts("064325001002")["region_ags"] == "06432002"


INDEX = {
    "html": '<a href="/a/1.json">x</a><a href=\'/a/2.json?x=1&amp;y=2\'><a href="/b"><a href="/a/1.json">',
    "json": '{"files": [{"url": "/a/1.json"}, {"url": "/a/2.json?x=1&y=2"}, {"url": 7}]}',
    "text": "<loc>https://a.example/a/1.json</loc><loc>https://a.example/a/2.json?x=1&amp;y=2</loc>",
}


@pytest.mark.parametrize("form", sorted(INDEX))
@pytest.mark.parametrize(
    ("take", "found"),
    [("first", ["1.json"]), ("last", ["2.json?x=1&y=2"]), ("newest", ["2.json?x=1&y=2"]), ("all", None)],
)
def test_addresses_in_an_index(form: str, take: str, found: list[str] | None) -> None:
    table = Discovery.model_validate(
        {
            "path": "",
            "format": form,
            "links": "files/url" if form == "json" else None,
            "pattern": r"/a/(\d+)\.json",
            "take": take,
        }
    )
    names = found or ["1.json", "2.json?x=1&y=2"]
    body = INDEX[form].encode()
    assert addresses_in(body, None, "https://a.example/", table) == [
        f"https://a.example/a/{n}" for n in names
    ]
    with pytest.raises(SourceFormatError, match="names no address"):
        addresses_in(b"{}" if form == "json" else b"<html>", None, "https://a.example/", table)


def test_too_many_addresses_are_refused() -> None:
    table = Discovery(path="", pattern="/a/", take="all", limit=1)
    with pytest.raises(SourceFormatError, match="1 are allowed"):
        addresses_in(INDEX["html"].encode(), None, "https://a.example/", table)
