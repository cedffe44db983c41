"""Texts: what is taken out, what is only reported, what a date is, what is the same name."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.pvog_suchdienst import parse as suchdienst
from syncd.fetching.findings import writable
from syncd.model.area import AreaKey
from syncd.model.evidence import Channel, ChannelKind
from syncd.model.record import Claim, Record, Scope
from syncd.model.service import ServiceKey
from syncd.pipeline.codec import encode_claims
from syncd.rules.areas import AreaIndex
from syncd.rules.legible import comparable, looks_misread, tidy
from syncd.rules.merge import merge
from syncd.rules.names import fold_name as fold_area_name
from syncd.rules.normalise import Normalised, normalise
from syncd.rules.precedence import Precedence
from syncd.sdk.errors import SourceFormatError
from syncd.sdk.parsing import ParseContext, Slice
from syncd.sdk.text import (
    bound_or_none,
    decode,
    fold_name,
    german_instant_or_none,
    instant_or_none,
    link_or_none,
)

KEY = "99001001000000"


def read(**facts: object) -> Normalised:
    record = Record(**{"native_id": "1", "title": "T", "service_keys": (KEY,), "areas": ("00",), **facts})  # type: ignore[arg-type]
    return normalise(record, source_id="s", scope=Scope((AreaKey("00"),)), areas=AreaIndex(frozenset({"00"})))


def codes(result: Normalised) -> set[str]:
    return {issue.code for issue in result.issues}


# --- encodings ----------------------------------------------------------------------------------------
@pytest.mark.fault("F3")
@pytest.mark.parametrize(
    ("raw", "encoding", "text"),
    [
        ("grün €".encode(), "UTF-8", "grün €"),
        ("\ufeffgrün".encode(), "windows-1252", "grün"),
        ("grün".encode("latin-1"), "ISO-8859-1", "grün"),
        ("grün €".encode("iso-8859-15"), "iso_8859-15", "grün €"),
        ("grün €".encode("cp1252"), "Windows-1252", "grün €"),
        ("grün €".encode("utf-16"), "utf-16", "\ufeffgrün €"[1:]),
        ("grün €".encode("utf-16-be"), "UTF-16BE", "grün €"),
    ],
)
def test_encodings_that_are_read(raw: bytes, encoding: str, text: str) -> None:
    assert decode(raw, encoding) == text


@pytest.mark.fault("F3")
@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        ("grün".encode("latin-1"), "utf-8"),
        ("grün".encode("utf-16"), "utf-8"),
        ("gruen".encode("utf-16-le"), "utf-16"),
        ("gruen".encode("utf-16-le"), "utf-8"),
        (b"gr\x81n", "windows-1252"),
        (b"+APw-", "utf-7"),
        (b"gruen", "utf-32"),
        (b"gruen", "no-such"),
        (b"gruen", "rot13"),
        (b"gruen", "hex"),
        (b"gr\xc3", "utf-8"),
        (b"gr\xc0\xbcn", "utf-8"),
    ],
)
def test_encodings_that_are_not(raw: bytes, encoding: str) -> None:
    with pytest.raises(SourceFormatError):
        decode(raw, encoding)


@given(st.binary())
def test_no_character_is_ever_replaced(raw: bytes) -> None:
    for encoding, codec in (("utf-8", "utf-8"), ("windows-1252", "cp1252"), ("iso-8859-15", "iso-8859-15")):
        try:
            text = decode(raw, encoding)
        except SourceFormatError:
            continue
        assert text.encode("utf-8" if raw.startswith(b"\xef\xbb\xbf") else codec) == raw.removeprefix(
            b"\xef\xbb\xbf"
        )


@pytest.mark.fault("F4")
@pytest.mark.parametrize("good", ["München", "Straße", "Größe „100 €“", "Zürich – Übergang", "Ärztin’s"])
def test_misread_texts_are_taken_and_reported(good: str) -> None:
    for codec in ("latin-1", "cp1252"):
        try:
            bad = good.encode().decode(codec)
        except UnicodeDecodeError:
            continue
        result = read(title=bad, authority=bad)
        assert "mojibake" in codes(result), bad
        assert not result.quarantined
    assert codes(read(title=good, authority=good)) == set()


@pytest.mark.fault("F4")
def test_honest_foreign_texts_are_not_taken_for_misread() -> None:
    for text in (
        "Ça va",
        "Âge",
        "Çankaya",
        "SÃO Paulo",
        "â la carte",
        "Ãgueda",
        "\u039f Δήμος",
        "город",
        "İzmir",
    ):
        assert not looks_misread(text), text


# --- what nobody sees ---------------------------------------------------------------------------------
@pytest.mark.fault("F7")
@pytest.mark.parametrize(
    ("text", "kept", "code"),
    [
        ("Um\x00zug", "Umzug", "invisible_characters"),
        ("Um\x1b[31mzug", "Um[31mzug", "invisible_characters"),
        ("Um\u00adzug\ufeff", "Umzug", "invisible_characters"),
        ("Um\u200bzug", "Umzug", "invisible_characters"),
        ("Umzug \u202egnudlem\u202c", "Umzug gnudlem", "bidi_characters"),
        ("\u2067Umzug\u2069", "Umzug", "bidi_characters"),
        ("Um\x85zug\u2028melden\u00a0jetzt", "Um zug melden jetzt", None),
        ("  Umzug \t\n melden ", "Umzug melden", None),
        (
            "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc 👩\u200d💻 \U0010ffff",
            "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc 👩\u200d💻 \U0010ffff",
            None,
        ),
    ],
)
def test_what_nobody_sees_goes_before_anything_is_stored(text: str, kept: str, code: str | None) -> None:
    channel = Channel(ChannelKind.ONLINE_SERVICE, "https://a.example/", text, text)
    result = read(title=text, description=text, authority=text, authority_id=text, channels=(channel,))
    (claim,) = result.claims
    (stored,) = claim.channels
    texts = {claim.title, claim.description, claim.authority, claim.authority_id}
    assert texts | {stored.label, stored.native_id} == {kept}
    assert codes(result) == ({code} if code else set())
    if code:
        assert {issue.value for issue in result.issues} == {ascii(text)}


@pytest.mark.fault("F7")
def test_half_surrogate_pairs_cost_their_record() -> None:
    for field in ("title", "description", "authority", "authority_id"):
        result = read(**{field: "a\ud800b"})
        # Staging sets the record aside when it cannot be written; see the tests of the parse worker.
        with pytest.raises(TypeError, match="surrogates"):
            encode_claims(result.claims)


@pytest.mark.fault("F7")
@given(st.text())
def test_a_tidy_text_is_tidy_and_says_what_happened(text: str) -> None:
    kept, unseen = tidy(text)
    assert tidy(kept) == (kept, False)
    assert not any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in kept)
    if not unseen:
        assert kept == " ".join(text.split())


@pytest.mark.fault("F7", "P7")
@given(st.text(st.characters()))
def test_findings_move_no_cursor_and_turn_no_line(text: str) -> None:
    shown = writable(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown


# --- the same name ------------------------------------------------------------------------------------
@pytest.mark.fault("F19")
@pytest.mark.parametrize("name", ["Köln", "Bürgeramt Mülheim", "Straße", "Ångström", "Łódź"])
def test_both_unicode_forms_are_one_name_and_both_are_kept(name: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    assert comparable(composed) == comparable(decomposed)
    assert fold_area_name(composed) == fold_area_name(decomposed)
    assert fold_name(composed) == fold_name(decomposed)
    claims = [
        Claim(source, "1", ServiceKey(KEY), AreaKey("00"), form, authority=form)
        for source, form in (("a", composed), ("b", decomposed))
    ]
    (entry,) = merge(claims, Precedence())
    assert entry.conflicts == ()
    assert [statement.value for statement in entry.fields["title"]] == list(
        dict.fromkeys([composed, decomposed])
    )
    (claim,) = read(title=decomposed).claims
    assert claim.title == decomposed


# --- dates --------------------------------------------------------------------------------------------
@pytest.mark.fault("F15")
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-10-04T12:00:00Z", datetime(2026, 10, 4, 12, tzinfo=UTC)),
        ("2026-10-04T12:00:00.123456789+02:00", datetime(2026, 10, 4, 10, 0, 0, 123_456, tzinfo=UTC)),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("2026-10-04T24:00:00+00:00", None),
        ("2026-10-04 24:00:00+00:00", None),
        ("2026-02-31T00:00:00Z", None),
        ("2026-10-04T12:00:60Z", None),
        ("2026-10-04T12:00:00", None),
        ("1769472000000", None),
        ("1769472000", None),
        ("04.10.2026 12:00", None),
        ("2026-10-04", None),
        ("٢٠٢٦-10-04T12:00:00Z", None),
        ("2026-10-04T12:00:00+99:99", None),
        ("T" * 100_000, None),
    ],
)
def test_instants_have_a_zone_or_are_none(text: str, moment: datetime | None) -> None:
    assert instant_or_none(text) == moment


@pytest.mark.fault("F15")
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("04.10.2026 12:00", datetime(2026, 10, 4, 10, tzinfo=UTC)),
        # The hour that does not exist and the one that happens twice: defined, whatever they mean.
        ("29.03.2026 02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("25.10.2026 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("31.02.2026", None),
        ("31.12.9999 23:59", datetime(9999, 12, 31, 22, 59, tzinfo=UTC)),
        ("01.01.0001 00:00", None),
        ("00.00.0000", None),
        ("04.10.2026 24:00", None),
        ("04/10/2026", None),
        ("\u0660\u0664.\u0661\u0660.\u0662\u0660\u0662\u0666", None),
    ],
)
def test_german_instants_have_the_german_zone(text: str, moment: datetime | None) -> None:
    assert german_instant_or_none(text) == moment


@pytest.mark.fault("F15")
@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-10-04", date(2026, 10, 4)),
        ("2026-10-04T23:59:59+14:00", date(2026, 10, 4)),
        ("2026-02-31", None),
        ("0001-01-01", None),
        ("9999-12-31", None),
        ("20261004", None),
        ("2026-W01-1", None),
        ("2026-10-041", None),
        ("1769472000000", None),
        ("04.10.2026", None),
    ],
)
def test_days_are_days_of_the_calendar(text: str, day: date | None) -> None:
    assert bound_or_none(text) == day


@given(st.text() | st.from_regex(r"[0-9]{1,4}[-.][0-9]{1,2}[-.][0-9]{1,4}([T ][0-9:.+Z-]{0,20})?"))
def test_no_text_makes_a_date_raise(text: str) -> None:
    instant_or_none(text)
    german_instant_or_none(text)
    bound_or_none(text)


@pytest.mark.fault("F15")
@pytest.mark.parametrize(
    ("value", "reported"),
    [
        ("2026-10-04", False),
        ("2999-12-31", False),
        (None, False),
        ("", False),
        ("31.12.2026", True),
        ("2026-02-31", True),
        (1769472000000, True),
        ({"$date": 1}, True),
    ],
)
def test_a_bound_that_cannot_be_read_is_reported(value: object, reported: bool) -> None:
    context = ParseContext()
    body = orjson.dumps({"id": "S1.LB.1", "name": "Amt", "validTo": value})
    suchdienst.parse(Slice(b"detail 064140000000 plain\n" + body, "x"), context)
    assert [issue.code for issue in context.issues] == (["bad_date"] if reported else [])


# --- links --------------------------------------------------------------------------------------------
@pytest.mark.fault("F16")
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        " javascript:alert(1)",
        "data:text/html;base64,PHNjcmlwdD4=",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://a.example/",
        "//a.example/",
        "https:/a.example",
        "https://a.example/\u202eexe.fdp",
        "https://a.example/\x00",
        "https://a.example/\nx",
        "https://a.example/" + "x" * 2_000,
    ],
)
def test_only_web_addresses_are_kept(url: str) -> None:
    channel = Channel(ChannelKind.ONLINE_SERVICE, url)
    result = read(channels=(channel,), page_url=url)
    (claim,) = result.claims
    assert (claim.channels, claim.page_url) == ((), None)
    assert codes(result) == {"refused_link"}
    if len(url) < 2_000:
        context = ParseContext()
        assert link_or_none(url, context, "") is None
        assert [issue.code for issue in context.issues] == ["bad_url"]


@pytest.mark.fault("F16")
def test_markup_in_texts_is_text() -> None:
    # Nothing is cut out of it: pages and exports escape what they print (their own tests).
    markup = "<script>alert(1)</script> & <b>fett</b>"
    (claim,) = read(title=markup, authority=markup).claims
    assert (claim.title, claim.authority) == (markup, markup)
