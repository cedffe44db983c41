"""JSON as attackers and careless exporters write it: refused with a reason, or read as it is (bar B19)."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.dldb import parse as dldb
from connectors.dldb.portal import SERVICES, synthetic_portal
from connectors.pvog_suchdienst import parse as suchdienst
from syncd.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext
from syncd.sdk.strict_json import CONTAINER_LIMIT, VALUE_LIMIT, load_json
from tests.support.paths import REPOSITORY

SUITE = REPOSITORY / "tests" / "fixtures" / "hostile" / "json-test-suite" / "test_parsing"
EXPORT = synthetic_portal().answers[SERVICES].body
DELIBERATELY_REFUSED = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}
"""JSON by the letter; which of two values counts cannot be told, so the document is refused."""
LEFT_TO_THE_READER_AND_READ = {
    "i_number_double_huge_neg_exp.json",
    "i_number_real_underflow.json",
    "i_structure_500_nested_arrays.json",
    "i_structure_UTF-8_BOM_empty_object.json",
}
"""The other 31 are refused: numbers beyond a double or 64 bits, half surrogates, bytes that are no UTF-8."""


def suite(kind: str) -> list[Path]:
    return sorted(SUITE.glob(f"{kind}_*.json"))


def test_the_suite_is_whole() -> None:
    assert [len(suite(kind)) for kind in "yni"] == [95, 188, 35]


@pytest.mark.fault("F5", "F6", "F7", "F8", "F9")
@pytest.mark.parametrize("path", suite("n"), ids=lambda path: path.stem)
def test_what_is_no_json_is_refused(path: Path) -> None:
    with pytest.raises(SourceFormatError):
        load_json(path.read_bytes())


@pytest.mark.fault("F5")
@pytest.mark.parametrize("path", suite("y"), ids=lambda path: path.stem)
def test_what_is_json_is_read_as_it_is(path: Path) -> None:
    raw = path.read_bytes()
    if path.name in DELIBERATELY_REFUSED:
        with pytest.raises(SourceFormatError, match="occurs twice"):
            load_json(raw)
    else:
        # Another parser is the judge of the value.
        assert load_json(raw) == orjson.loads(raw)


@pytest.mark.fault("F3", "F6", "F7")
@pytest.mark.parametrize("path", suite("i"), ids=lambda path: path.stem)
def test_what_is_left_to_the_reader_is_decided(path: Path) -> None:
    if path.name in LEFT_TO_THE_READER_AND_READ:
        load_json(path.read_bytes())
    else:
        with pytest.raises(SourceFormatError):
            load_json(path.read_bytes())


@pytest.mark.fault("F5")
def test_doubled_keys_are_named_however_deep_and_whatever_their_spelling() -> None:
    for raw in (b'{"a":[{"b":1,"b":1}]}', b'{"a":1,"\\u0061":2}', b'{"x\\\\":1,"x\\\\" :2}', b'{"":1,"":2}'):
        with pytest.raises(SourceFormatError, match="occurs twice") as caught:
            load_json(raw)
        assert caught.value.code == "duplicate_key"


@pytest.mark.fault("F5")
def test_an_export_with_doubled_keys_is_refused_whole() -> None:
    doubled = EXPORT.replace(b'"name":"Probe anzeigen"', b'"name":"Probe anzeigen","name":"Anderes"')
    assert doubled != EXPORT
    with pytest.raises(SourceFormatError, match="occurs twice"):
        list(dldb.cut(io.BytesIO(doubled), ParseContext()))


@pytest.mark.fault("F6")
@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5_000, "18446744073709551616"]
)
def test_numbers_that_cannot_be_kept(number: str) -> None:
    with pytest.raises(SourceFormatError) as caught:
        load_json(b'{"id":' + number.encode() + b"}")
    assert number[:20] in caught.value.message


@pytest.mark.fault("F6")
def test_the_largest_numbers_that_can_be_kept_are_exact() -> None:
    assert load_json(b"[18446744073709551615, -9223372036854775808, 1e308]") == [2**64 - 1, -(2**63), 1e308]


@pytest.mark.fault("F8")
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_depth_ends_in_a_typed_error(opening: bytes) -> None:
    for closing in (b"", b"]" * 100_000):
        with pytest.raises(SourceFormatError, match="nested too deeply"):
            load_json(opening * 100_000 + closing)


@pytest.mark.fault("F2", "F8", "F18")
@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(lambda: b"[" + b"{}," * 5_000_000 + b"{}]", id="objects"),
        pytest.param(lambda: b"[" + b"[]," * (CONTAINER_LIMIT + 1) + b"[]]", id="lists"),
        pytest.param(lambda: b"[" + b'"xy",' * (VALUE_LIMIT + 1) + b"1]", id="texts"),
    ],
)
def test_small_documents_that_would_fill_the_memory(bomb: Callable[[], bytes]) -> None:
    with pytest.raises(SourceFormatError) as caught:
        load_json(bomb())
    assert caught.value.code == "json_too_large"


@pytest.mark.fault("F9")
def test_every_cut_and_everything_behind_the_end_is_refused() -> None:
    for length in range(len(EXPORT)):
        with pytest.raises(SourceFormatError):
            load_json(EXPORT[:length])
    for more in (b"x", b"{}", EXPORT, b"\x00", b"//", b","):
        with pytest.raises(SourceFormatError):
            load_json(EXPORT + more)
    assert load_json(EXPORT + b" \r\n") == orjson.loads(EXPORT)


@pytest.mark.fault("F13")
@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"data":"x"}', b'{"id":"S1.LB.1","name":"x"}', b'{"error":true,"data":[]}', b"1"]
)
def test_another_products_json_is_refused_whole(body: bytes) -> None:
    with pytest.raises(SourceFormatError):
        list(dldb.cut(io.BytesIO(body), ParseContext()))
    if b'"id"' not in body:
        with pytest.raises(SourceFormatError):
            list(suchdienst.cut(io.BytesIO(body), ParseContext(document={"kind": "detail"})))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)


@given(JSON)
def test_whatever_is_written_is_read_back(value: object) -> None:
    assert load_json(orjson.dumps(value)) == value


@given(st.binary())
def test_bytes_give_a_value_or_a_typed_error(raw: bytes) -> None:
    try:
        value = load_json(raw)
    except SourceFormatError:
        return
    assert orjson.loads(raw.removeprefix(b"\xef\xbb\xbf")) == value
