"""The envelope of the Bereitstelldienst: what orjson reads is read, in pieces, and nothing else."""

from __future__ import annotations

import io
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.pvog_bereitstelldienst import envelope, parse
from connectors.pvog_bereitstelldienst.envelope import DocumentStream, Envelope, read_envelope
from connectors.pvog_bereitstelldienst.portal import FIRST, SECOND, synthetic_portal
from syncd.sdk.errors import SourceFormatError
from tests.support.composed import compose_all

FIELD = "xzufiObjekte"
MARK = b"\xef\xbb\xbf"
BESIDE = {"a": [1, {"b": '}"]'}], "vollstaendig": False, "n": 12, "u": "https://x/\\u", "nichts": None}


@pytest.fixture(params=[1, 3, 64, 262_144])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the file in pieces of so many bytes."""
    monkeypatch.setattr(envelope, "CHUNK", request.param)


def beside(body: bytes) -> Envelope:
    return read_envelope(io.BytesIO(body), FIELD)


def inside(body: bytes) -> bytes:
    return io.BufferedReader(DocumentStream(io.BytesIO(body), FIELD), 16).read()


def both(value: Any) -> list[bytes]:
    return [orjson.dumps(value), json.dumps(value, indent=2).encode(), MARK + orjson.dumps(value)]


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("text", ["", "abc", 'ü😀"\\/\n\t\x01x€' * 7, "\ufeff<a/>"])
def test_the_text_and_what_stands_beside_it(text: str) -> None:
    for body in both({**BESIDE, FIELD: text}) + both({FIELD: text, **BESIDE}):
        expected = text.removeprefix("\ufeff").encode()
        assert inside(body) == (MARK + expected if expected else b"")
        assert beside(body) == Envelope(BESIDE, has_document=True)


@pytest.mark.fault("F9")
@pytest.mark.usefixtures("pieces")
def test_a_cut_anywhere_is_noticed() -> None:
    for body in both({FIELD: 'ü😀"\\', **BESIDE}):
        for length in range(len(body)):
            for read in (beside, inside):
                with pytest.raises(SourceFormatError):
                    read(body[:length])


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from(b'"\\{}[],:uU0aD8\xc3\x00 n'), st.integers(0, 3))
    ),
    st.sampled_from([1, 5, 4_096]),
)
def test_damaged_envelopes_are_judged_as_orjson_does(damage: list[tuple[int, int, int]], size: int) -> None:
    body = bytearray(json.dumps({FIELD: '<a>"ü😀</a>', "vollstaendig": True, "k": [1, "x"]}).encode())
    for at, byte, lost in damage:
        body[at : at + lost] = bytes([byte])
    try:
        expected = orjson.loads(bytes(body))
    except ValueError:
        expected = None
    good = isinstance(expected, dict) and isinstance(expected.get(FIELD), str | None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(envelope, "CHUNK", size)
        try:
            found = beside(bytes(body))
        except SourceFormatError:
            # Doubled fields are refused although orjson takes the last one.
            assert not good or body.count(b'":') > len(expected)
            return
        assert good
        assert found.values == {name: value for name, value in expected.items() if name != FIELD}
        assert inside(bytes(body)).removeprefix(MARK) == (expected.get(FIELD) or "").encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"<html>",
        b'{"a": 1,}',
        b'{"a" 1}',
        b'{"a": 1 "b": 2}',
        b'{"a": 1, "a": 2}',
        b'{"xzufiObjekte": {}}',
        b'{"xzufiObjekte": "\\ud800"}',
        b'{"xzufiObjekte": "\n"}',
        b'{"xzufiObjekte": "\\x"}',
        b'{"xzufiObjekte": "\xff"}',
        b'{"a": NaN}',
        b'{"a": 1} x',
        b'{"a": "' + b"x" * 300_000 + b'"}',
        b"{" + b",".join(b'"%d": 1' % number for number in range(101)) + b"}",
        b'{"a": ' + b"[" * 2_000 + b"]" * 2_000 + b"}",
    ],
)
def test_what_is_no_envelope_is_refused(body: bytes) -> None:
    with pytest.raises(SourceFormatError):
        beside(body)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<x:a><x:schreibe></x:schreibe></x:a>", True),
        ('<a><loesche klasse="Leistung"/></a>', True),
        ("<a><schreiben/></a>", False),
        ("<a>schreibe</a>", False),
        ("", False),
    ],
)
@pytest.mark.usefixtures("pieces")
def test_whether_a_document_changes_anything(text: str, found: bool) -> None:
    assert beside(orjson.dumps({FIELD: text})).has_objects is found


def test_blocks_without_a_document_bring_nothing() -> None:
    options = {"objects_field": FIELD}
    for text in ("", None):
        assert compose_all(parse, [(orjson.dumps({FIELD: text}), {})], options).records == []


def test_the_encoding_a_document_declares_means_nothing_inside_json() -> None:
    answers = synthetic_portal().answers
    bodies = [answers[path].body for path in (FIRST, SECOND)]
    declared = [body.replace(b'encoding=\\"UTF-8\\"', b'encoding=\\"ISO-8859-1\\"') for body in bodies]
    assert declared != bodies
    options = {"objects_field": FIELD}
    one, other = (compose_all(parse, [(body, {}) for body in some], options) for some in (bodies, declared))
    assert "Musterbehörde" in {part.authority for record in other.records for part in record.parts}
    assert one.records == other.records


@pytest.mark.fault("F9")
def test_a_block_that_is_cut_anywhere_is_noticed() -> None:
    body = synthetic_portal().answers[SECOND].body
    for length in range(len(body)):
        with pytest.raises(SourceFormatError):
            compose_all(parse, [(body[:length], {})], {"objects_field": FIELD})
    # The same inside good JSON.
    whole = orjson.loads(body)
    text = whole[FIELD].rstrip()
    for length in range(1, len(text), 5):
        with pytest.raises(SourceFormatError):
            compose_all(
                parse, [(orjson.dumps({**whole, FIELD: text[:length]}), {})], {"objects_field": FIELD}
            )
