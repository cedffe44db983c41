"""What a look at a link means: table tests of the verdict, and of when to look again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.evidence import Evidence, LinkState
from syncd.model.probe import LinkFacts, LinkVerdict, PageFacts, TargetKind
from syncd.rules.probe import CEILINGS, classify, effect, judge, recheck_at
from syncd.rules.probe_words import FINDINGS, words_of

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
URL = "https://stadt.example/dienst/antrag"


def page(url: str = URL, *, final: str | None = None, **facts: object) -> LinkFacts:
    hops = (url,) if final is None else (url, final)
    return LinkFacts(url, hops, 200, "text/html", page=PageFacts(**facts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "target", "rule"),
    [
        (LinkFacts(URL, (URL,), 404, "text/html"), TargetKind.GONE, "probe.status_gone"),
        (LinkFacts(URL, (URL,), 403, "text/html"), TargetKind.UNSEEN, "probe.status_refused"),
        (LinkFacts(URL, (URL,), 503, "text/html"), TargetKind.UNSEEN, "probe.status_error"),
        (LinkFacts(URL, code="timeout_total"), TargetKind.UNSEEN, "probe.no_answer"),
        (LinkFacts("stadt.example", code="bad_url"), TargetKind.UNSEEN, "probe.no_address"),
        (LinkFacts(URL, code="address_refused"), TargetKind.UNSEEN, "probe.private_address"),
        (LinkFacts(URL, code="dns_unknown_host"), TargetKind.UNSEEN, "probe.unknown_host"),
        (LinkFacts(URL, code="redirect_refused"), TargetKind.UNSEEN, "probe.endless_redirects"),
        (LinkFacts(URL, (URL,), 200, "application/pdf"), TargetKind.PDF, "probe.print_type"),
        (LinkFacts(URL, (URL,), 200, "image/png"), TargetKind.UNSEEN, "probe.no_page"),
        (page(title="fehler 404 - seite nicht gefunden"), TargetKind.GONE, "probe.gone_page"),
        (page(heading="dieses angebot ist nicht mehr verfügbar"), TargetKind.GONE, "probe.gone_page"),
        (page(final="https://stadt.example/"), TargetKind.GONE, "probe.redirected_home"),
        (page("https://stadt.example/"), TargetKind.HOME, "probe.start_page"),
        (
            page("https://portal.example/civ.public/start.html?oe=00.00.AB&mode=cc&cc_key=Meldung"),
            TargetKind.ONLINE_SERVICE,
            "probe.engine",
        ),
        (page(final="https://id.bund.de/anmeldung"), TargetKind.LOGIN, "probe.account_host"),
        (
            page(title="terminvereinbarung bürgerbüro", fields=4),
            TargetKind.APPOINTMENT,
            "probe.appointment_page",
        ),
        (page(title="antrag", fields=6, password_fields=1), TargetKind.LOGIN, "probe.password"),
        (page(title="wohnsitz anmelden", fields=8), TargetKind.FORM, "probe.form_fields"),
        (page(title="antrag", fields=2), TargetKind.PAGE, "probe.page"),
        (page(title="behördenwegweiser: suche", search_fields=1), TargetKind.SEARCH, "probe.search_form"),
        (
            page("https://stadt.example/termin/buchen", title="service"),
            TargetKind.APPOINTMENT,
            "address.appointment",
        ),
    ],
)
def test_what_a_link_leads_to(facts: LinkFacts, target: TargetKind, rule: str) -> None:
    assert classify(facts) == (rule, target)


def test_every_rule_has_words_in_both_languages() -> None:
    for rule, texts in FINDINGS.items():
        assert all(set(text) == {"de", "en"} and all(text.values()) for text in texts), rule
    assert words_of("address.appointment", "en")[0].startswith("The link leads to an appointment tool")


@pytest.mark.parametrize("code", ["bad_url", "address_refused", "dns_unknown_host", "redirect_refused"])
def test_why_nothing_came_is_said(code: str) -> None:
    rule, _ = classify(LinkFacts(URL, code=code))
    assert rule in FINDINGS
    assert "Nothing to do" not in words_of(rule, "en")[1]


def test_a_deep_link_with_a_title_about_terms_is_no_appointment() -> None:
    assert classify(page(title="terminologie der verwaltung"))[1] is TargetKind.PAGE


def looks(*facts: LinkFacts, every: timedelta) -> list[LinkVerdict]:
    verdicts: list[LinkVerdict] = []
    for number, one in enumerate(facts):
        before = verdicts[-1] if verdicts else None
        verdicts.append(judge(one, before, at=NOW + number * every))
    return verdicts


GONE = LinkFacts(URL, (URL,), 404)
DOWN = LinkFacts(URL, (URL,), 503)
FINE = page(title="antrag", fields=5)


def test_a_link_is_dead_at_the_second_finding_not_at_the_first() -> None:
    first, second = looks(GONE, GONE, every=timedelta(hours=21))
    assert (first.state, first.failures) == (LinkState.UNCHECKED, 1)
    assert (second.state, second.failures, second.failing_since) == (LinkState.DEAD, 2, NOW)


def test_two_looks_within_an_hour_are_one() -> None:
    assert looks(GONE, GONE, every=timedelta(hours=1))[-1].state is LinkState.UNCHECKED


def test_an_outage_takes_days_to_count() -> None:
    states = [verdict.state for verdict in looks(DOWN, DOWN, DOWN, DOWN, every=timedelta(hours=24))]
    assert states == [LinkState.UNCHECKED] * 3 + [LinkState.DEAD]


def test_what_worked_stays_alive_through_an_outage_and_returns_at_once() -> None:
    fine, down, back = looks(FINE, DOWN, FINE, every=timedelta(days=1))
    assert (fine.state, down.state, down.failures) == (LinkState.OK, LinkState.OK, 1)
    assert (back.state, back.failures, back.failing_since) == (LinkState.OK, 0, None)


def test_the_dead_are_back_at_the_first_good_look() -> None:
    assert looks(GONE, GONE, FINE, every=timedelta(days=1))[-1].state is LinkState.OK


def test_robots_change_nothing_that_was_known() -> None:
    excluded = LinkFacts(URL, (URL,), code="robots_excluded")
    *_, dead, after = looks(GONE, GONE, excluded, every=timedelta(days=1))
    assert after.state is dead.state is LinkState.DEAD
    assert judge(excluded, None, at=NOW).state is LinkState.UNCHECKED


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_refusal_changes_nothing_that_was_known(status: int) -> None:
    refused = LinkFacts(URL, (URL,), status, "text/html")
    *_, dead, after = looks(GONE, GONE, refused, every=timedelta(days=1))
    assert after.state is dead.state is LinkState.DEAD
    assert (after.failures, after.failing_since) == (dead.failures, dead.failing_since)
    assert judge(refused, None, at=NOW).state is LinkState.UNCHECKED
    assert looks(FINE, refused, every=timedelta(days=1))[-1].state is LinkState.OK


@given(st.text(max_size=60))
def test_the_next_look_is_spread_around_the_interval(tail: str) -> None:
    verdict = judge(page(f"https://stadt.example/{tail}", title="x"), None, at=NOW)
    pause = recheck_at(verdict) - NOW
    base = timedelta(days=1) if verdict.failures else timedelta(days=7)
    assert 0.9 * base <= pause <= 1.1 * base


def test_only_what_bounds_or_kills_has_an_effect() -> None:
    seen = judge(FINE, None, at=NOW)
    assert effect(None) == effect(seen)
    pdf = judge(LinkFacts(URL, (URL,), 200, "application/pdf"), None, at=NOW)
    assert effect(pdf) == (False, TargetKind.PDF, "probe.print_type")
    assert effect(looks(GONE, GONE, every=timedelta(days=1))[-1])[0]
    assert max(CEILINGS.values()) < Evidence.ONLINE_FORM


def test_what_was_seen_bounds_a_claim_while_nobody_can_look() -> None:
    pdf = LinkFacts(URL, (URL,), 200, "application/pdf")
    refused = LinkFacts(URL, (URL,), 403)
    excluded = LinkFacts(URL, (URL,), code="robots_excluded")
    for blind in (refused, excluded, DOWN):
        seen, after = looks(pdf, blind, every=timedelta(days=1))
        assert effect(after) == effect(seen) == (False, TargetKind.PDF, "probe.print_type")
        assert after.target is TargetKind.UNSEEN
    assert effect(looks(pdf, refused, FINE, every=timedelta(days=1))[-1]) == (False, None, "")
