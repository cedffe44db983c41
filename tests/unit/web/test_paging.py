"""Cursors carry a position and nothing else; what was not made here is refused by a clear error."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import ConfigError
from syncd.web.paging import Paging, Position, Query, decode_cursor, encode_cursor

QUERY = Query.of("/v1/gaps", [("state", "missing"), ("area", "06"), ("limit", "5")])
KEYS = st.lists(st.one_of(st.text(max_size=30), st.integers(0, 2**31 - 1)), min_size=1, max_size=3)


def forged(body: Any) -> str:
    return urlsafe_b64encode(orjson.dumps(body)).rstrip(b"=").decode()


@given(st.integers(0, 2**31 - 1), KEYS)
def test_positions_survive_the_way_through_a_cursor(release: int, after: list[str | int]) -> None:
    position = Position(release, tuple(after))
    assert decode_cursor(QUERY, encode_cursor(QUERY, position)) == position


@given(st.text(alphabet="ABCabc012_-", max_size=60))
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        decode_cursor(QUERY, text)
    assert refused.value.code == "bad_cursor"


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        [1],
        [1, QUERY.fingerprint],
        [-1, QUERY.fingerprint, "x"],
        ["1", QUERY.fingerprint, "x"],
        [1, "other", "x"],
        [1, QUERY.fingerprint, None],
        [1, QUERY.fingerprint, ["x"]],
        [1, QUERY.fingerprint, 1.5],
    ],
)
def test_forged_cursors_are_refused(body: Any) -> None:
    with pytest.raises(ConfigError):
        decode_cursor(QUERY, forged(body))


@pytest.mark.parametrize(
    ("after", "kind"),
    [((True,), "number"), ((2**31,), "number"), ((1,), "text"), (("\0",), "text"), ((), "text")],
)
def test_a_position_of_another_kind_is_refused(after: tuple[Any, ...], kind: str) -> None:
    paging = Paging(QUERY, 5, after=after)
    with pytest.raises(ConfigError):
        _ = paging.text(0) if kind == "text" else paging.number(0)


def test_a_cursor_belongs_to_its_filters_but_not_to_page_size_or_release() -> None:
    cursor = encode_cursor(QUERY, Position(3, ("k",)))
    other_size = Query.of(
        "/v1/gaps", [("area", "06"), ("state", "missing"), ("limit", "9"), ("release", "3")]
    )
    assert decode_cursor(other_size, cursor) == Position(3, ("k",))
    with pytest.raises(ConfigError, match="other filters"):
        decode_cursor(Query.of("/v1/gaps", [("area", "09")]), cursor)
    with pytest.raises(ConfigError, match="other filters"):
        decode_cursor(Query.of("/v1/services", QUERY.pairs), cursor)


def test_next_page_names_the_release_instead_of_the_day() -> None:
    query = Query.of("/v1/gaps", [("at", "2026-01-31"), ("q", "ä b")])
    paging = Paging(query, 2, release=7, stamp=b"{}", pins_release=True)
    reply = paging.page(["a", "b", "c"], orjson.dumps, lambda row: (row,))
    assert reply.next is not None
    assert reply.next.startswith("/v1/gaps?q=%C3%A4+b&cursor=")
    assert reply.next.endswith("&release=7")
    assert orjson.loads(reply.body) == {"release": {}, "items": ["a", "b"], "next": reply.next}


def test_the_last_page_has_no_next() -> None:
    reply = Paging(QUERY, 2).page(["a", "b"], orjson.dumps, lambda row: (row,))
    assert reply.next is None
    assert orjson.loads(reply.body) == {"items": ["a", "b"], "next": None}
