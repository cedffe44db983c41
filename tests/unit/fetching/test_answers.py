"""Heads of answers: types, charsets, encodings, waits."""

from __future__ import annotations

import email.utils
import time

import pytest

from syncd.errors import SourceFormatError, SourceRejectedUs, SourceUnavailable, SyncdError
from syncd.fetching.answers import content_encoding, read_head, retry_after, sniff
from syncd.fetching.failures import status_failure

HTML = b"<!DOCTYPE html><html><head><title>Wartung</title>"


def sniffed(content_type: str, start: bytes, *accept: str) -> str:
    head = read_head({"Content-Type": content_type} if content_type else {}, where="test")
    try:
        sniff(head, start, accept, where="test")
    except SourceFormatError as error:
        return error.code
    return ""


@pytest.mark.fault("N14", "T15")
@pytest.mark.parametrize(
    ("content_type", "start", "accept", "code"),
    [
        ("text/csv; charset=utf-8", b"a;b", ("text/csv",), ""),
        ("TEXT/CSV", b"a;b", ("text/csv",), ""),
        ("application/json", b"[]", ("text/csv", "application/*"), ""),
        ("application/pdf", b"%PDF", ("text/csv",), "unexpected_content_type"),
        ("text/html", b"a;b", ("text/csv",), "html_instead_of_data"),
        ("text/csv", HTML, ("text/csv",), "html_instead_of_data"),
        ("text/csv", b"\xef\xbb\xbf\n " + HTML.lower(), ("text/csv",), "html_instead_of_data"),
        ("", HTML, ("text/csv",), "html_instead_of_data"),
        ("", b"a;b", ("text/csv",), ""),
        ("text/html", HTML, (), ""),
        ("text/html", HTML, ("text/html",), ""),
        ("text/html", HTML, ("*/*",), "html_instead_of_data"),
        ("text/csv", b"<header>;b", ("text/csv",), ""),
    ],
)
def test_a_web_page_is_not_data(content_type: str, start: bytes, accept: tuple[str, ...], code: str) -> None:
    assert sniffed(content_type, start, *accept) == code


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "iso-8859-1", "latin1", "windows-1252", "ISO-8859-15"])
def test_common_charsets_are_taken(charset: str) -> None:
    assert (
        read_head({"Content-Type": f"text/csv; charset={charset}"}, where="test").charset == charset.lower()
    )


@pytest.mark.fault("F3")
@pytest.mark.parametrize("charset", ["utf-7", "bogus", "rot13", "idna", "cp037"])
def test_other_charsets_are_refused(charset: str) -> None:
    with pytest.raises(SourceFormatError, match="character set"):
        read_head({"Content-Type": f"text/csv; charset={charset}"}, where="test")


def test_a_head_tells_whether_completeness_can_be_proven() -> None:
    assert read_head({"Content-Length": "3"}, where="t").framed
    assert read_head({"Transfer-Encoding": "chunked"}, where="t").framed
    assert not read_head({}, where="t").framed


def test_absurd_validators_are_not_kept() -> None:
    assert read_head({"ETag": "x" * 2000}, where="t").etag is None


@pytest.mark.fault("T5")
@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "deflate", "zstd", "gzip,identity"])
def test_only_gzip_is_taken(encoding: str) -> None:
    assert content_encoding({"Content-Encoding": "GZip"}, where="t")
    assert not content_encoding({}, where="t")
    with pytest.raises(SourceFormatError, match="only gzip"):
        content_encoding({"Content-Encoding": encoding}, where="t")


@pytest.mark.fault("N13")
def test_waits_are_read_as_seconds_or_date() -> None:
    later = email.utils.formatdate(time.time() + 100, usegmt=True)
    earlier = email.utils.formatdate(time.time() - 100, usegmt=True)
    assert retry_after({"Retry-After": "7"}) == 7.0
    assert 90 <= (retry_after({"Retry-After": later}) or 0) <= 101
    assert retry_after({"Retry-After": earlier}) == 0.0
    for text in ("", "-5", "soon", "9" * 400):
        wait = retry_after({"Retry-After": text})
        assert wait is None or wait > 0


@pytest.mark.fault("T16", "P5")
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, SourceRejectedUs),
        (403, SourceRejectedUs),
        (404, SourceFormatError),
        (410, SourceFormatError),
        (418, SourceFormatError),
        (204, SourceFormatError),
        (206, SourceFormatError),
        (429, SourceUnavailable),
        (500, SourceUnavailable),
        (503, SourceUnavailable),
        (599, SourceUnavailable),
    ],
)
def test_each_status_names_who_must_act(status: int, kind: type[SyncdError]) -> None:
    error = status_failure(status, where="s/d", url="https://portal.example/x")
    assert type(error) is kind
    assert error.code == f"http_{status}"
    assert error.fix
