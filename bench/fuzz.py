"""Damaged documents by the million through the parsers, the rules and the encoding (bar B4).

Each document is a good one with one to five accidents: bytes lost, doubled, swapped, flipped or replaced by
what is special in the format, parts of other documents, values of another type. Whatever comes out must be
records, rejected records or a SourceFormatError, quickly and in little memory::

    ./dev bench fuzz                          a million per format
    ./dev bench fuzz --number 20000 --format json --seed 7

The same seed gives the same documents. Each format runs in a process of its own; what fails is printed with
the document that did it, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from syncd.sdk.parsing import ComposingParser, ParseContext, Parser, Slice

COMPOSED = ("xzufi", "pvog_block", "infodienste", "infodienste_xml")
"""Formats whose records are put together in a ledger, which takes longer."""
FORMATS = ("json", "csv", "xml", *COMPOSED)
HANG_S = 1.0
GROWTH_MIB = 128
_WARM_UP = 500
_BLOCK = 500
_BLOCK_S = 20.0
_SHOWN = 3
_BITS = {
    "json": [
        *(b'"', b"\\", b"\\u", b"\\ud800", b"\\u0000", b"{", b"}", b"[", b"]", b",", b":", b"null", b"NaN"),
        *(b"-", b"1e999", b"9" * 400, b"1.0", b"false", b'""', b"[" * 2_000, b'{"a":' * 500, b'"id":"1",'),
        *(b'"id":', b"\xef\xbb\xbf", b"\xff", b"\xed\xa0\x80", b"\x00", b"<html>", b"javascript:", b"{x}"),
    ],
    "csv": [
        *(
            b'"',
            b'""',
            b";",
            b"|",
            b",",
            b"\t",
            b"\n",
            b"\r",
            b"\r\n",
            b"\x00",
            b"\xff",
            b"\xc3",
            b"\xef\xbb\xbf",
        ),
        *(b"99" * 200, b"nein", b"https://", b"javascript:", b"=1+1", b"ID-LB|", b"ars;", b";" * 500, b"{x}"),
        *(b"\xe2\x80\xae", b"\xc2\xad", b"\xc3\x83\xc2\xbc", b"x" * 5_000, b"L.LB.1|"),
    ],
    "xml": [
        *(
            b"<",
            b">",
            b"</",
            b"/>",
            b"&",
            b"&lt;",
            b"&#0;",
            b"&#xD800;",
            b"<!DOCTYPE r>",
            b"<![CDATA[",
            b"]]>",
        ),
        *(
            b"<!--",
            b"-->",
            b"<?",
            b"?>",
            b"<e>",
            b"</e>",
            b"<r>",
            b"</r>",
            b"<a>" * 70,
            b" a='1'",
            b"xmlns=''",
        ),
        *(
            b"<x:y>",
            b'encoding="utf-7"',
            b"\x00",
            b"\xff",
            b"\xc3",
            b"&x;",
            b"'",
            b'"',
            b"n" * 300,
            b"\xef\xbb\xbf",
        ),
    ],
}
_BITS["xzufi"] = [
    *_BITS["xml"],
    *(b"<x:leistung>", b"</x:leistung>", b"<x:schreibe>", b"</x:schreibe>", b"<x:loesche klasse='Leistung'>"),
    *(b"<x:zustaendigkeit>", b"<code>", b"</code>", b"schemeAgencyID=''", b"4711", b"<x:id/>", b"  "),
]
_BITS["infodienste"] = [*_BITS["json"], b'"results":', b'"object":{}', b'"areas":[', b'"id":7', b'"count":0']
_BITS["infodienste_xml"] = [*_BITS["xml"], b"<results>", b"<object>", b"</object></results>", b"<id>7</id>"]
_DRIFTING = frozenset({"json", "infodienste"})
"""Formats in which values also change their type or shape."""
_BITS["pvog_block"] = [*_BITS["json"], *_BITS["xzufi"], b"\\n", b'\\"', b"\\ud83d\\ude00", b"true"]


@dataclass(slots=True)
class Findings:
    """What the documents of one format came to; ``growth_mib`` is peak memory above that after warming up."""

    format: str
    documents: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    growth_mib: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """True when the bar is kept."""
        return not self.failures and self.slowest_s <= HANG_S and self.growth_mib <= GROWTH_MIB


def main() -> None:
    """Fuzz the formats, each in a process of its own, and print what came of it."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--number", type=int, default=1_000_000, help="documents per format")
    arguments.add_argument("--format", choices=FORMATS, action="append", help="all by default")
    arguments.add_argument("--seed", type=int, default=2026)
    arguments.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.inside:
        found_inside = fuzz(options.format[0], options.number, options.seed)
        print(json.dumps({name: getattr(found_inside, name) for name in Findings.__slots__}))
        return
    found = [fuzz_apart(name, options.number, options.seed) for name in options.format or FORMATS]
    _print(found)
    sys.exit(not all(findings.good for findings in found))


def fuzz_apart(name: str, number: int, seed: int) -> Findings:
    """Fuzz one format in a fresh process; a crash of the process is a failure."""
    command = [sys.executable, "-m", "bench.fuzz", "--inside", "--format", name]
    command += ["--number", str(number), "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        return Findings(name, failures=[f"the process ended with {done.returncode}: {last[0]}"])
    facts = json.loads(done.stdout)
    return Findings(**{**facts, "outcomes": Counter(facts["outcomes"])})


def fuzz(name: str, number: int, seed: int) -> Findings:
    """Put that many damaged documents of a format through the chain, in this process."""
    draw = random.Random(seed)
    readers = _READERS[name]()
    found = Findings(name)
    signal.signal(signal.SIGVTALRM, _hangs)
    base = 0.0
    began = time.perf_counter()
    for at in range(number):
        if at % _BLOCK == 0:
            signal.setitimer(signal.ITIMER_VIRTUAL, _BLOCK_S)
        if at == _WARM_UP:
            base = _peak_mib()
        good, read = readers[at % len(readers)]
        if name in _DRIFTING and at % 4 > 1:
            document = _drift(good, draw)
        else:
            document = _damage(good, draw, _BITS[name], [body for body, _ in readers])
        started = time.process_time()
        try:
            found.outcomes[read(document)] += 1
        except Exception as error:  # noqa: BLE001 - finding those is what this is for
            found.outcomes["FAILED"] += 1
            if len(found.failures) < _SHOWN:
                found.failures.append(f"{type(error).__name__}: {str(error)[:200]} from {document[:2_000]!r}")
        found.slowest_s = max(found.slowest_s, time.process_time() - started)
        found.documents += 1
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    found.seconds = time.perf_counter() - began
    found.growth_mib = _peak_mib() - base if base else 0.0
    return found


def _hangs(*_: object) -> NoReturn:
    message = f"{_BLOCK} documents took more than {_BLOCK_S:g} s"
    raise TimeoutError(message)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


_JUNK: tuple[object, ...] = (
    *(
        None,
        False,
        True,
        0,
        -1,
        1.5,
        2**63,
        "",
        "x",
        "\x00",
        "\u202e",
        "https://{x}",
        "https://[",
        "x" * 3_000,
    ),
    *([], {}, [None], [[]], [{}], {"id": None}, {"id": "1"}, {"link": {}}, ["99001001000000"] * 50),
)


def _drift(good: bytes, draw: random.Random) -> bytes:
    """Return a JSON document in which some values have another type or shape."""
    document = json.loads(good)
    for _ in range(draw.randint(1, 3)):
        place = document
        while place:
            name = draw.choice(list(place) if isinstance(place, dict) else range(len(place)))
            if not isinstance(place[name], dict | list) or draw.random() < 0.2:
                place[name] = copy.deepcopy(draw.choice(_JUNK))
                break
            place = place[name]
    return json.dumps(document, ensure_ascii=False).encode(errors="surrogatepass")


def _damage(good: bytes, draw: random.Random, bits: list[bytes], others: list[bytes]) -> bytes:
    body = bytearray(good)
    for _ in range(draw.randint(1, 5)):
        at = draw.randrange(len(body) + 1)
        size = draw.choice((1, 1, 2, 4, 8, 16, 64, 256))
        match draw.randrange(8):
            case 0:
                del body[at : at + size]
            case 1:
                body[at:at] = body[at : at + size]
            case 2 if at < len(body):
                body[at] ^= 1 << draw.randrange(8)
            case 3:
                body[at : at + size] = draw.choice(bits)
            case 4:
                body[at:at] = draw.choice(bits)
            case 5:
                other = draw.choice(others)
                start = draw.randrange(len(other))
                body[at : at + size] = other[start : start + size]
            case 6:
                # Swap a value or a cell: what stands between two marks of the format.
                start = draw.randrange(len(good))
                part = good[start : start + size]
                body[at : at + len(part)] = part
            case _:
                if draw.random() < 0.1:
                    del body[at:]
    return bytes(body)


# --- what reads the documents ---------------------------------------------------------------------------
Reader = tuple[bytes, Callable[[bytes], str]]


def _json_readers() -> list[Reader]:
    import orjson

    from connectors.dldb import parse as dldb
    from connectors.dldb.portal import SERVICES, synthetic_portal
    from connectors.pvog_suchdienst import parse as suchdienst

    detail = {
        "id": "S1.LB.1",
        "name": "Muster beantragen",
        "leikakeys": ["99001001000000"],
        "ars": ["064140000000"],
        "description": "<p>Ein &amp; Muster</p>",
        "organisations": [{"id": "9", "title": "Bürgeramt"}],
        "onlineServiceLinks": [{"id": "1", "title": "Antrag", "uri": "https://a.example/x"}],
        "forms": [{"title": "Formular", "uri": "https://a.example/x.pdf"}],
        "typing": [{"code": "2/3"}],
        "validFrom": "2026-01-01",
        "validTo": "2999-12-31",
        "languageCode": "de",
    }
    lookups = {
        "kind": "services",
        "authorities": '{"900":"Amt"}',
        "locations": '{"names":{"800":"Ort"},"links":{"2":[["800","https://a.example"]]}}',
    }
    return [
        (synthetic_portal().answers[SERVICES].body, _chain(dldb, lookups, {"area": "064140000000"})),
        (orjson.dumps(detail), _chain(suchdienst, {"kind": "detail", "ars": "064140000000"}, {})),
    ]


def _csv_readers() -> list[Reader]:
    from connectors.link_list import parse as link_list
    from connectors.link_list.portal import synthetic_portal as list_portal
    from connectors.pvog_suchdienst import parse as suchdienst
    from connectors.pvog_suchdienst.portal import synthetic_portal as suchdienst_portal

    (table,) = list_portal().answers.values()
    (catalogue,) = suchdienst_portal().answers.values()
    return [
        (table.body, _chain(link_list, {}, {"default_area": "064140000000"})),
        (catalogue.body, _chain(suchdienst, {"kind": "csv", "ars": "064140000000"}, {})),
        (table.body, _chain(link_list, {}, {"encoding": "cp1252", "delimiter": ";", "final_newline": False})),
    ]


def _xml_readers() -> list[Reader]:
    from syncd.sdk.errors import SourceFormatError
    from syncd.sdk.xml import read_records

    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<r xmlns="urn:x" xmlns:y="urn:y"><kopf>1</kopf>'
        '<e id="1"><name lang="de">Bürgeramt &amp; mehr</name><y:liste><teil>a</teil><teil>b</teil></y:liste>'
        "<![CDATA[<b>]]></e><!-- Bemerkung --><?pi x?><e id='2'>Text<e/></e></r>"
    )

    def read(document: bytes) -> str:
        try:
            records = list(read_records(BytesIO(document), roots=("r",), records=("e",)))
        except SourceFormatError:
            return "refused"
        return "faulty record" if any(record.fault for record in records) else "read"

    return [(body.encode(), read), (body.replace("UTF-8", "ISO-8859-15").encode("iso-8859-15"), read)]


def _xzufi_readers() -> list[Reader]:
    from connectors.xzufi_index import parse
    from connectors.xzufi_index.portal import FIRST, SECOND, synthetic_portal

    answers = synthetic_portal().answers
    more = (
        '<x:loesche klasse="Zustaendigkeit"><x:id schemeAgencyID="S1">9</x:id></x:loesche>'
        '<x:schreibe><x:onlinedienst><x:id schemeAgencyID="S1">5</x:id><x:link languageCode="de"><x:link>'
        "https://a.example</x:link></x:link></x:onlinedienst></x:schreibe></x:transfer>"
    )
    return [
        (answers[FIRST].body.replace(b"</x:transfer>", more.encode()), _composing_chain(parse, {})),
        (answers[SECOND].body, _composing_chain(parse, {})),
    ]


def _pvog_readers() -> list[Reader]:
    from connectors.pvog_bereitstelldienst import parse
    from connectors.pvog_bereitstelldienst.portal import synthetic_portal

    return [
        (answer.body, _composing_chain(parse, {"objects_field": "xzufiObjekte"}))
        for answer in synthetic_portal().answers.values()
    ]


def _infodienste_readers() -> list[Reader]:
    import orjson

    from connectors.infodienste import parse
    from connectors.infodienste.portal import DETAIL, LAND_ID, ONLINE, SERVICES, TOWN_ID, UNITS
    from connectors.infodienste.portal import synthetic_portal as portal

    places = {
        "area": "064140000000",
        "places": orjson.dumps({TOWN_ID: "064140000000"}).decode(),
        "above": orjson.dumps({LAND_ID: "06"}).decode(),
    }
    options = {"language": "de", "hidden": ["Typisierung"]}
    kinds = {SERVICES: "services", ONLINE: "online", UNITS: "units", DETAIL: "detail"}
    return [
        (
            portal().answers[path].body,
            _composing_chain(parse, options, {**places, "kind": kind, "id": "900"}),
        )
        for path, kind in kinds.items()
    ]


def _infodienste_xml_readers() -> list[Reader]:
    import orjson

    def element(name: str, value: object) -> str:
        if isinstance(value, list):
            return "".join(element(name, one) for one in value)
        if isinstance(value, dict):
            return f"<{name}>{''.join(element(key, one) for key, one in value.items())}</{name}>"
        return f"<{name}>{str(value).replace('<', '&lt;')}</{name}>"

    return [(element("r", orjson.loads(body)).encode(), read) for body, read in _infodienste_readers()]


def _composing_chain(
    parser: ComposingParser, options: Mapping[str, object], document: Mapping[str, str] | None = None
) -> Callable[[bytes], str]:
    """Return the way of a document through ledger, parser, rules and encoding."""
    from pathlib import Path

    from syncd.sdk.ledger import Ledger
    from syncd.sdk.parsing import ParseContext

    judge = _judge()

    def read(body: bytes) -> str:
        from syncd.sdk.errors import SourceFormatError

        context = ParseContext(options=options, document=document or {})
        with Ledger(Path(":memory:")) as ledger:
            try:
                parser.collect(BytesIO(body), context, ledger)
            except SourceFormatError:
                return "refused"
            outcomes = [judge(parser, piece, context) for piece in parser.compose(ledger, context)]
        return "record set aside" if "record set aside" in outcomes else "read"

    return read


def _chain(
    parser: Parser, document: Mapping[str, str], options: Mapping[str, object]
) -> Callable[[bytes], str]:
    """Return the way of a document through parser, rules and encoding, as the parse worker goes it."""
    from syncd.sdk.errors import SourceFormatError
    from syncd.sdk.parsing import ParseContext

    judge = _judge()

    def read(body: bytes) -> str:
        context = ParseContext(options=options, document=document)
        outcome = "read"
        try:
            for piece in parser.cut(BytesIO(body), context):
                if judge(parser, piece, context) != "read":
                    outcome = "record set aside"
        except SourceFormatError:
            return "refused"
        return outcome

    return read


def _judge() -> Callable[[Parser | ComposingParser, Slice, ParseContext], str]:
    """Return what parses, normalises and encodes one piece."""
    from syncd.model.area import AreaKey
    from syncd.model.record import Scope
    from syncd.pipeline.codec import encode_claims
    from syncd.rules.areas import AreaIndex
    from syncd.rules.normalise import normalise
    from syncd.sdk.parsing import RecordRejected

    scope = Scope((AreaKey("00"),))
    areas = AreaIndex(frozenset({"00", "06", "06414", "064140000000"}))

    def judge(parser: Parser | ComposingParser, piece: Slice, context: ParseContext) -> str:
        try:
            record = parser.parse(piece, context)
        except RecordRejected:
            return "record set aside"
        result = normalise(record, source_id="s", scope=scope, areas=areas)
        if result.quarantined:
            return "record set aside"
        try:
            encode_claims(result.claims).decode()
        except (TypeError, UnicodeError):
            return "record set aside"
        return "read"

    return judge


_READERS: dict[str, Callable[[], list[Reader]]] = {
    "json": _json_readers,
    "csv": _csv_readers,
    "xml": _xml_readers,
    "xzufi": _xzufi_readers,
    "pvog_block": _pvog_readers,
    "infodienste": _infodienste_readers,
    "infodienste_xml": _infodienste_xml_readers,
}


def _print(found: list[Findings]) -> None:
    from bench._measure import table

    rows = [
        (
            one.format,
            one.documents,
            one.outcomes["read"],
            one.outcomes["refused"],
            one.outcomes["record set aside"] + one.outcomes["faulty record"],
            len(one.failures),
            one.slowest_s * 1_000,
            one.growth_mib,
            one.seconds,
        )
        for one in found
    ]
    table(
        (
            *("format", "documents", "read", "refused", "set aside", "FAILED", "slowest ms"),
            *("growth MiB", "seconds"),
        ),
        rows,
    )
    for one in found:
        for failure in one.failures:
            print(f"{one.format}: {failure}")


if __name__ == "__main__":
    main()
