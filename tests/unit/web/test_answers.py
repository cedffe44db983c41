"""Validators, compression and the cache of prepared answers."""

from __future__ import annotations

import gzip

import pytest
from aiohttp.test_utils import make_mocked_request

from syncd.web.answers import Answer, not_modified, respond, takes_gzip
from syncd.web.reader import AnswerCache


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("*", True),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("identity", False),
        ("gzip;q=nonsense", False),
    ],
)
def test_gzip_is_negotiated(header: str, takes: bool) -> None:
    assert takes_gzip(header) is takes


@pytest.mark.parametrize(
    ("given", "encoding", "tag"),
    [
        ('"t"', "", '"t"'),
        ('"x", "t"', "", '"t"'),
        ('W/"t"', "", '"t"'),
        ('"t-g"', "gzip", '"t-g"'),
        ('"t"', "gzip", '"t"'),
        ('"t-g"', "", None),
        ('"other"', "gzip", None),
    ],
)
def test_an_answer_the_client_has_costs_nothing(given: str, encoding: str, tag: str | None) -> None:
    request = make_mocked_request("GET", "/", {"If-None-Match": given, "Accept-Encoding": encoding})
    response = not_modified(request, "t", "no-cache")
    assert (response.headers["ETag"] if response else None) == tag


def test_large_answers_are_packed_under_a_tag_of_their_own() -> None:
    answer = Answer(b"x" * 5000, etag="t")
    plain = respond(make_mocked_request("GET", "/"), answer)
    packed = respond(make_mocked_request("GET", "/", {"Accept-Encoding": "gzip"}), answer)
    assert plain.headers["ETag"] == '"t"'
    assert packed.headers["ETag"] == '"t-g"'
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert isinstance(packed.body, bytes)
    assert gzip.decompress(packed.body) == plain.body


def test_small_answers_stay_plain() -> None:
    response = respond(make_mocked_request("GET", "/", {"Accept-Encoding": "gzip"}), Answer(b"x" * 1024))
    assert "Content-Encoding" not in response.headers


def test_any_representation_will_do_for_a_star() -> None:
    request = make_mocked_request("GET", "/", {"If-None-Match": "*"})
    assert not_modified(request, "t", "no-cache") is None  # whether it exists is not known before it was read
    assert respond(request, Answer(b"x", etag="t")).status == 304
    assert respond(request, Answer(b"x", status=404)).status == 404


def test_the_cache_is_bounded_by_bytes_and_forgets_the_least_recently_used() -> None:
    cache = AnswerCache(20_000)
    for name in "abcdefgh":
        cache.put(name, Answer(b"x" * 1000))
    assert cache.size <= 20_000
    assert cache.get("a") is not None
    for name in "ijklmnopq":
        cache.get("a")
        cache.put(name, Answer(b"x" * 1000))
    assert cache.size <= 20_000
    assert cache.get("a") is not None
    assert cache.get("b") is None
    cache.put("large", Answer(b"x" * 19_000))
    assert cache.get("large") is None
    cache.clear()
    assert (len(cache), cache.size) == (0, 0)
