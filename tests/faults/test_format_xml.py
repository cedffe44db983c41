"""The gate for XML: attacks are refused or cost one record; nothing is fetched or filled (bars B8, B19)."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import SourceFormatError
from syncd.sdk.xml import (
    DEPTH_LIMIT,
    ELEMENT_LIMIT,
    NAME_LIMIT,
    TEXT_LIMIT,
    XmlElement,
    read_records,
)
from tests.support.paths import REPOSITORY

CORPUS = REPOSITORY / "tests" / "fixtures" / "hostile" / "hostile-xml" / "xmltestdata"
HARMLESS = {"simple.xml", "simple-ns.xml"}
GOOD = b"<r><e>gut</e></r>"


def read(body: bytes, *, namespaces: tuple[str, ...] | None = None) -> list[XmlElement]:
    return list(read_records(io.BytesIO(body), roots=("r",), records=("e",), namespaces=namespaces))


def code_of(body: bytes) -> str:
    with pytest.raises(SourceFormatError) as caught:
        read(body)
    return caught.value.code


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """Give the address of a server that only notes who comes."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    came.append(b"somebody")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", came
        stop.set()
        thread.join()


@pytest.mark.fault("F1", "F2", "F13")
@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
def test_the_attack_corpus(path: Path) -> None:
    with path.open("rb") as file:
        records = read_records(file, roots=("root",), records=("element",))
        if path.name in HARMLESS:
            assert [(r.name, r.text) for r in records] == [("element", "text"), ("element", "text")]
            return
        with pytest.raises(SourceFormatError) as caught:
            list(records)
    assert caught.value.code == ("xml_root" if path.suffix == ".xsl" else "xml_doctype")


@pytest.mark.fault("F1")
def test_no_attack_reaches_out_or_reads_a_file(listener: tuple[str, list[bytes]], tmp_path: Path) -> None:
    address, came = listener
    secret = tmp_path / "secret.txt"
    secret.write_text("hush")
    for target in (f"{address}/x", secret.as_uri()):
        attacks = [
            f'<!DOCTYPE r SYSTEM "{target}"><r><e/></r>',
            f'<!DOCTYPE r PUBLIC "-//X//Y" "{target}"><r><e/></r>',
            f'<!DOCTYPE r [<!ENTITY x SYSTEM "{target}">]><r><e>&x;</e></r>',
            f'<!DOCTYPE r [<!ENTITY % x SYSTEM "{target}"> %x;]><r><e/></r>',
            f'<!DOCTYPE r [<!ATTLIST e a CDATA "{target}">]><r><e/></r>',
            f'<r xmlns:xi="http://www.w3.org/2001/XInclude"><e><xi:include href="{target}"/></e></r>',
        ]
        for attack in attacks:
            for encoding in ("utf-8", "utf-16"):
                assert code_of(attack.encode(encoding)) in {"xml_doctype", "xml_include"}
        # Hints are no orders: nobody follows them.
        hints = f'<?xml-stylesheet href="{target}"?><r xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        hints += f'xsi:schemaLocation="urn:x {target}"><e>da</e></r>'
        assert [record.text for record in read(hints.encode())] == ["da"]
    assert came == []


@pytest.mark.fault("F1")
def test_a_doctype_is_refused_even_when_it_does_nothing() -> None:
    # Tolerated, its entities would be dropped from the text: "Stadt &city; Amt" would become "Stadt  Amt".
    assert code_of(b"<!DOCTYPE r><r><e/></r>") == "xml_doctype"
    assert code_of(b"<!doctype r><r><e/></r>") == "source_format"
    assert code_of(b"<r><e>&city;</e></r>") == "source_format"


@pytest.mark.fault("F2")
@pytest.mark.parametrize(
    ("document", "code"),
    [
        pytest.param(lambda: b"<r>" + b"<a>" * 1_000_000, "xml_limit", id="depth"),
        pytest.param(lambda: b"<r>" * DEPTH_LIMIT + b"<a/>" + b"</r>" * DEPTH_LIMIT, "xml_limit", id="65"),
        pytest.param(lambda: b"<r><" + b"x" * (NAME_LIMIT + 1) + b"/></r>", "xml_limit", id="name"),
        pytest.param(lambda: b"<r><" + b"x" * 200_000 + b"/></r>", "source_format", id="huge name"),
        pytest.param(
            lambda: b"<r><e " + b"x" * (NAME_LIMIT + 1) + b"='1'/></r>", "xml_limit", id="attribute's name"
        ),
        pytest.param(lambda: b"<r><e a='" + b"x" * 11_000_000 + b"'/></r>", "source_format", id="attribute"),
    ],
)
def test_documents_beyond_the_limits_are_refused(document: Callable[[], bytes], code: str) -> None:
    assert code_of(document()) == code


@pytest.mark.fault("F2", "F18")
@pytest.mark.parametrize(
    "inside",
    [
        pytest.param(lambda: b"<x/>" * (ELEMENT_LIMIT + 5), id="elements"),
        pytest.param(lambda: b"x" * (TEXT_LIMIT + 5), id="text"),
        pytest.param(lambda: b"<a><b>" + b"x" * 11_000_000 + b"</b></a><c/>", id="text further down"),
        pytest.param(
            lambda: b"<a " + b" ".join(b"a%d='1'" % n for n in range(200_000)) + b"/>", id="attributes"
        ),
        pytest.param(lambda: b"<a b='" + b"x" * (TEXT_LIMIT + 1) + b"'/>", id="long attribute"),
    ],
)
def test_a_record_beyond_the_limits_costs_nobody_else(inside: Callable[[], bytes]) -> None:
    first, bad, last = read(b"<r><e>vor</e><e>" + inside() + b"</e><e>nach</e></r>")
    assert (first.text, first.fault) == ("vor", "")
    assert (last.text, last.fault) == ("nach", "")
    assert bad.fault
    assert not bad.children
    assert not bad.text


@pytest.mark.fault("F2")
def test_comments_and_instructions_are_dropped() -> None:
    noise = b"<!--" + b"c" * 100 + b"--><?p i?>"
    body = b"<r>" + noise * 20_000 + b"<e>a" + noise * 20_000 + b"b<![CDATA[<c>]]></e></r>"
    assert [record.text for record in read(body)] == ["ab<c>"]


@pytest.mark.fault("F3")
@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("ISO-8859-1", "latin-1"),
        ("iso-8859-15", "iso-8859-15"),
        ("windows-1252", "cp1252"),
        ("UTF-16", "utf-16"),
        ("US-ASCII", "ascii"),
    ],
)
def test_encodings_that_are_read(declared: str, codec: str) -> None:
    text = "gruen" if codec == "ascii" else "grün ß €" if codec != "latin-1" else "grün ß"
    body = f'<?xml version="1.0" encoding="{declared}"?><r><e a="{text}">{text * 300}</e></r>'.encode(codec)
    (record,) = read(body)
    assert (record.attributes["a"], record.text) == (text, text * 300)


@pytest.mark.fault("F3")
@pytest.mark.parametrize(
    "body",
    [
        '<?xml version="1.0" encoding="UTF-8"?><r><e>grün</e></r>'.encode("latin-1"),
        '<?xml version="1.0"?><r><e>grün</e></r>'.encode("latin-1"),
        b'<?xml version="1.0" encoding="windows-1252"?><r><e>' + b"\x81</e></r>",
        b'<?xml version="1.0" encoding="utf-7"?><r><e>+APw-</e></r>',
        b'<?xml version="1.0" encoding="UTF-32"?><r><e/></r>',
        b'<?xml version="1.0" encoding="EBCDIC-CP-US"?><r><e/></r>',
        b'<?xml version="1.0" encoding="no-such"?><r><e/></r>',
        b'<?xml version="1.0" encoding=""?><r><e/></r>',
        b'<?xml version="1.0" encoding="UTF-16"?><r><e/></r>',
        "<r><e>x</e></r>".encode("utf-16-le"),
        "<r><e>x</e></r>".encode("utf-32"),
        b"<r><e>\xc3</e></r>",
        b"<r><e>\xed\xa0\x80</e></r>",
    ],
)
def test_encodings_that_are_not(body: bytes) -> None:
    with pytest.raises(SourceFormatError):
        read(body)


@pytest.mark.fault("F7")
@pytest.mark.parametrize("char", [b"\x00", b"&#0;", b"&#xD800;", b"\x0b", b"&#8;", b"&#xFFFF;"])
def test_characters_that_are_none(char: bytes) -> None:
    assert code_of(b"<r><e>a" + char + b"b</e></r>") == "source_format"


@pytest.mark.fault("F9")
def test_every_cut_and_everything_behind_the_end() -> None:
    body = '<?xml version="1.0" encoding="UTF-8"?>\n<r a="1"><e b="ü">ä<c/>d</e><e/></r>'.encode()
    for length in range(len(body)):
        with pytest.raises(SourceFormatError):
            read(body[:length])
    for more in (b"<r/>", b"x", b"\x00", body):
        with pytest.raises(SourceFormatError):
            read(body + more)
    assert len(read(body + b"\n<!-- Ende -->\n")) == 2


@pytest.mark.fault("F13")
def test_another_root_or_namespace_is_refused_whole() -> None:
    for body in (b"<html><r><e/></r></html>", b"<R><e/></R>", b"<rss><e/></rss>"):
        assert code_of(body) == "xml_root"
    assert len(read(b"<r xmlns='urn:new'><e/></r>", namespaces=("urn:new",))) == 1
    for body in (b"<r><e/></r>", b"<r xmlns='urn:old'><e/></r>"):
        with pytest.raises(SourceFormatError) as caught:
            read(body, namespaces=("urn:new",))
        assert caught.value.code == "xml_root"


@pytest.mark.fault("F11")
def test_unknown_elements_are_there_and_disturb_nobody() -> None:
    (record,) = read(b"<r><neu><e2/></neu><e v='2'>a<neu>b</neu><x:t xmlns:x='urn:x'>c</x:t>d</e></r>")
    assert (record.text, record.attributes) == ("ad", {"v": "2"})
    assert [(child.name, child.namespace, child.text) for child in record.children] == [
        ("neu", "", "b"),
        ("t", "urn:x", "c"),
    ]
    assert record.find("neu") is record.children[0]
    assert [child.text for child in record.find_all("t")] == ["c"]


@given(st.binary(max_size=200))
def test_bytes_give_records_or_a_typed_error(raw: bytes) -> None:
    for body in (raw, b"<r>" + raw + b"</r>", GOOD[:6] + raw + GOOD[6:]):
        try:
            read(body)
        except SourceFormatError:
            continue
