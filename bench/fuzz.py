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
from dataclasses import dataclass, field
from typing import NoReturn

from bench import _profile_readers
from bench._readers import READERS

COMPOSED = (
    *("xzufi", "pvog_block", "infodienste", "infodienste_xml"),
    *("open_pvog_csv", "open_pvog_json", "fim_portal"),
    *_profile_readers.FORMATS,
)
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
_BITS["open_pvog_csv"] = [*_BITS["csv"], b"064140000000", b"064140000001", b"nicht ok", b"leikaKey", b",,"]
_BITS["open_pvog_json"] = [*_BITS["json"], b'"ars":"064140000000"', b'"content":', b'"aktiv":"nein"']
_BITS["fim_portal"] = [*_BITS["json"], b'"items":', b'"leistungsschluessel":[', b'"ozg":{}', b"urn:", b"\\t"]
_DRIFTING = frozenset(
    {"json", "infodienste", "open_pvog_json", "fim_portal", "profile_json", "profile_jsonld"}
)
"""Formats in which values also change their type or shape."""
_BITS["profile_json"] = _BITS["profile_ndjson"] = _BITS["json"]
_BITS["profile_jsonld"] = _BITS["profile_html"] = [
    *_BITS["json"],
    *(
        b'"@id":"#1"',
        b'{"@id":"#2"}',
        b'"@type":',
        b'"@graph":[',
        b"<!--",
        b"</script>",
        b"<script",
        b"</html>",
    ),
]
_BITS["profile_xml"] = _BITS["xml"]
_BITS["profile_csv"] = _BITS["csv"]
_BITS["profile_xlsx"] = [
    *_BITS["xml"],
    b'r="XFD1"',
    b't="s"',
    b't="b"',
    b"<v>1e999</v>",
    b's="1"',
    b"PK\x03\x04",
]
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
    readers = READERS[name]()
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
