"""What a page shows at first sight."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncd.fetching.page import page_facts

FORM = b"""<!doctype html><html><head><title> Hund
 anmelden </title><meta charset=utf-8></head><body><h1>Hundesteuer <b>online</b></h1><h1>zweite</h1>
<script>var a = "<input name=x>";</script><style>h1 {}</style>
<form><input type=hidden name=t><input name=q><input type="search"><input name="name"><select></select>
<textarea></textarea><input type=FILE><input type=password><input type=submit></form></body>"""


def test_a_form() -> None:
    facts = page_facts(FORM, None, cut=False)
    assert (facts.title, facts.heading) == ("hund anmelden", "hundesteuer online")
    assert (facts.fields, facts.search_fields, facts.password_fields, facts.file_fields) == (4, 2, 1, 1)


def test_a_refresh_and_an_odd_charset() -> None:
    body = "<meta http-equiv=Refresh content=\"0; URL='/neu'\"><title>größe</title>".encode("latin-1")
    facts = page_facts(body, "iso-8859-1", cut=True)
    assert (facts.refresh, facts.title, facts.cut) == ("/neu", "größe", True)
    assert page_facts(b"<title>x</title>", "no-such-charset", cut=False).title == "x"
    assert page_facts(b"<meta http-equiv=refresh>", None, cut=False).refresh == ""


@given(st.binary(max_size=2_000))
def test_no_bytes_make_it_fail(body: bytes) -> None:
    page_facts(body, "utf-8", cut=True)
    page_facts(b"<h1><input <![CDATA[<!x" + body, None, cut=True)
