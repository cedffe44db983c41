"""Damaged documents end in records, rejected records or SourceFormatError, and in nothing else."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.dldb import parse as dldb
from connectors.dldb.portal import SERVICES
from connectors.dldb.portal import synthetic_portal as dldb_portal
from connectors.link_list import parse as link_list
from connectors.link_list.portal import synthetic_portal as link_list_portal
from connectors.pvog_suchdienst import parse as suchdienst
from connectors.pvog_suchdienst.portal import synthetic_portal as suchdienst_portal
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, Parser, RecordRejected
from tests.unit.connectors.test_pvog_parse import detail

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOKUPS = {
    "kind": "services",
    "authorities": '{"900":"Amt"}',
    "locations": '{"names":{"800":"Ort"},"links":{"2":[["800","https://a.example"]]}}',
}
_PLAIN: list[Any] = [None, False, True, 0, -1, 1.5, 2**63, "", "x", "\x00", "https://{x}", "https://["]
_NESTED: list[Any] = [[], {}, [None], [[]], [{}], {"id": None}, {"id": "1"}, {"link": {}}]
JUNK = st.sampled_from([*_PLAIN, *_NESTED])


def read(parser: Parser, body: bytes, document: Mapping[str, str], options: Mapping[str, Any]) -> None:
    context = ParseContext(options=options, document=document)
    try:
        for piece in parser.cut(io.BytesIO(body), context):
            try:
                parser.parse(piece, context)
            except RecordRejected:
                continue
    except SourceFormatError:
        return


def damaged(value: Any, data: st.DataObject) -> Any:
    """Replace one value somewhere inside by something of another shape."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 3)):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: damaged(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 3)):
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], damaged(value[at], data), *value[at + 1 :]]
    return data.draw(JUNK)


@pytest.mark.fault("F14")
@given(st.data())
def test_values_of_another_shape(data: st.DataObject) -> None:
    export = orjson.loads(dldb_portal().answers[SERVICES].body)
    read(dldb, orjson.dumps(damaged(export, data)), LOOKUPS, {"area": "11"})
    read(suchdienst, orjson.dumps(damaged(detail(), data)), {"kind": "detail", "ars": "064140000000"}, {})


TABLES = [
    pytest.param(link_list, link_list_portal, {}, {"final_newline": False}, id="link_list"),
    pytest.param(suchdienst, suchdienst_portal, {"kind": "csv", "ars": "064140000000"}, {}, id="suchdienst"),
]
BITS = [b'"', b"\x00", b"|", b";", b"\n", b"\r", b"\xc3", b'""', b"99", b"https://", b"nein"]


@pytest.mark.fault("F9", "F10")
@pytest.mark.parametrize(("parser", "portal", "document", "options"), TABLES)
@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(BITS), st.integers(0, 30)), max_size=5))
def test_bytes_lost_and_added(
    parser: Parser, portal: Any, document: Mapping[str, str], options: Mapping[str, Any], damage: Any
) -> None:
    (answer,) = portal().answers.values()
    body = bytearray(answer.body)
    for at, added, lost in damage:
        body[at : at + lost] = added
    read(parser, bytes(body), document, options)


@pytest.mark.fault("F9")
@pytest.mark.parametrize(("parser", "portal", "document", "options"), TABLES)
def test_every_cut_is_noticed_or_costs_whole_rows_only(
    parser: Parser, portal: Any, document: Mapping[str, str], options: Mapping[str, Any]
) -> None:
    (answer,) = portal().answers.values()
    strict = {**options, "final_newline": True}
    for length in range(len(answer.body)):
        cut = answer.body[:length]
        # A header alone that ends in a bare carriage return is a list without rows in the old Mac manner.
        if not cut.endswith(b"\n") and not (cut.endswith(b"\r") and b"\n" not in cut):
            with pytest.raises(SourceFormatError):
                list(parser.cut(io.BytesIO(cut), ParseContext(options=strict, document=document)))
