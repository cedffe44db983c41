"""What a look at a link means: does it work, and what does it lead to?

A look is a small thing: one answer to one GET without scripts. So it may take a claim down ("online" that
leads to a PDF) but never up, and a broken link counts as dead only when it was found so more than once. What
is decided here: state, target, rule, and when to look again. Must not know how a page is fetched.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from syncd.model.evidence import Evidence, LinkState
from syncd.model.probe import LinkVerdict, PageFacts, TargetKind
from syncd.rules.evidence import address_rule
from syncd.rules.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from syncd.model.probe import LinkFacts

ROBOTS_EXCLUDED: Final = "robots_excluded"

GONE_STATUSES: Final = frozenset({404, 410})
GONE_CODES: Final = frozenset({"dns_unknown_host", "redirect_refused", "bad_url"})
"""What a portal does not do by accident for an hour: believed at the second look."""
DEAD_AFTER_LOOKS, DEAD_AFTER = 2, timedelta(hours=20)
TRANSIENT_LOOKS, TRANSIENT_AFTER = 4, timedelta(hours=72)
"""Everything else that fails (no answer, 5xx, TLS) may be an outage."""

RECHECK: Final = timedelta(days=7)
RECHECK_BROKEN: Final = timedelta(days=1)
RECHECK_EXCLUDED: Final = timedelta(days=30)

CEILINGS: Final = {
    TargetKind.PDF: Evidence.PDF_FORM,
    TargetKind.APPOINTMENT: Evidence.APPOINTMENT,
    TargetKind.SEARCH: Evidence.CONTACT,
    TargetKind.CONTACT: Evidence.CONTACT,
    TargetKind.HOME: Evidence.CONTACT,
}
"""What a target reaches at most. Targets that are not named take nothing away."""

_PRINT_TYPES = re.compile(r"application/(pdf|msword|rtf|vnd\.(oasis|openxmlformats|ms-)\S*)")
_GONE_WORDS = re.compile(
    r"\b404\b|nicht gefunden|not found|existiert nicht|nicht (mehr )?(vorhanden|verfügbar)"
    r"|no longer (available|exists)"
)
_APPOINTMENT_WORDS = re.compile(r"\btermin(e|vergabe|vereinbar\w*|buch\w*|reservier\w*)?\b|\bappointment\b")
_LOGIN_WORDS = re.compile(r"\b(anmelden|anmeldung|login|log in|sign in|einloggen)\b")
_LOGIN_HOSTS = re.compile(r"(^|\.)(id\.bund\.de|mein-unternehmenskonto\.de|elster\.de)$|(^|\.)bundid\.")
_HOME_PATH = re.compile(r"^/?(index\.\w+|startseite(\.\w+)?|start|home|[a-z]{2})?/?$")
_FORM_FIELDS = 3
_SUCCESS, _SERVER_ERROR = 2, 500
_REFUSED = "probe.status_refused"
_RULE_OF_CODE = {
    "bad_url": "probe.no_address",
    "address_refused": "probe.private_address",
    "dns_unknown_host": "probe.unknown_host",
    "redirect_refused": "probe.endless_redirects",
}
"""Failures whose cause lies in the link itself; waiting does not mend them."""
_TARGET_OF_ADDRESS = {
    "address.print_document": TargetKind.PDF,
    "address.appointment": TargetKind.APPOINTMENT,
    "address.search_page": TargetKind.SEARCH,
    "address.contact": TargetKind.CONTACT,
    "address.content_page": TargetKind.PAGE,
}


@dataclass(frozen=True, slots=True)
class _Row:
    rule: str
    holds: Callable[[LinkFacts, PageFacts, str], bool]
    target: TargetKind


def _lost_its_way(facts: LinkFacts, _page: PageFacts, final: str) -> bool:
    """A deep link that ends on the start page of the same site has lost what it pointed to."""
    return final != facts.url and _is_home(final) and not _is_home(facts.url) and len(facts.hops) > 1


_ROWS: Final = (
    _Row(
        "probe.gone_page",
        lambda _f, p, _u: bool(_GONE_WORDS.search(f"{p.title} {p.heading}")),
        TargetKind.GONE,
    ),
    _Row("probe.redirected_home", _lost_its_way, TargetKind.GONE),
    _Row(
        "probe.engine",
        lambda _f, _p, u: bool((found := fingerprint(u)) and found.engine),
        TargetKind.ONLINE_SERVICE,
    ),
    _Row("probe.account_host", lambda _f, _p, u: bool(_LOGIN_HOSTS.search(_host(u))), TargetKind.LOGIN),
    _Row(
        "probe.appointment_page",
        lambda _f, p, _u: bool(_APPOINTMENT_WORDS.search(f"{p.title} {p.heading}")) and not p.file_fields,
        TargetKind.APPOINTMENT,
    ),
    _Row("probe.password", lambda _f, p, _u: p.password_fields > 0, TargetKind.LOGIN),
    _Row("probe.form_fields", lambda _f, p, _u: p.fields >= _FORM_FIELDS, TargetKind.FORM),
    _Row(
        "probe.login_page",
        lambda _f, p, _u: bool(_LOGIN_WORDS.search(f"{p.title} {p.heading}")),
        TargetKind.LOGIN,
    ),
    _Row("probe.start_page", lambda _f, _p, u: _is_home(u), TargetKind.HOME),
    _Row(
        "probe.search_form",
        lambda _f, p, _u: p.search_fields > 0 and bool(re.search(r"such|finde|search", p.title)),
        TargetKind.SEARCH,
    ),
)
"""First match wins; what matches none is a page."""


def judge(facts: LinkFacts, before: LinkVerdict | None, *, at: datetime) -> LinkVerdict:
    """Return what is now held of a link, given what was held before."""
    verdict = _judged(facts, before, at)
    if verdict.target is not TargetKind.UNSEEN:
        return replace(verdict, seen=verdict.target, seen_by=verdict.rule)
    return replace(verdict, seen=before.seen, seen_by=before.seen_by) if before else verdict


def _judged(facts: LinkFacts, before: LinkVerdict | None, at: datetime) -> LinkVerdict:
    final = facts.hops[-1] if facts.hops else facts.url
    # Compared by hops, not by text: secrets in addresses are blacked out.
    shown = final if len(facts.hops) > 1 else ""
    if facts.code == ROBOTS_EXCLUDED:
        # Not to be looked at is no fault: what was known before stays as it is.
        known = before.state if before else LinkState.UNCHECKED
        return LinkVerdict(facts.url, known, TargetKind.UNSEEN, "probe.robots", at)
    rule, target = classify(facts)
    broken = _broken(facts, target)
    if rule == _REFUSED and before is not None:
        # What a machine is told says nothing of what a person meets: a dead link is not alive by it.
        return replace(before, target=target, rule=rule, checked_at=at, status=facts.status, final_url=shown)
    if rule == _REFUSED:
        return LinkVerdict(facts.url, LinkState.UNCHECKED, target, rule, at, facts.status, shown)
    if not broken:
        return LinkVerdict(facts.url, LinkState.OK, target, rule, at, facts.status, shown)
    failures = (before.failures if before else 0) + 1
    since = (before.failing_since if before and before.failing_since else None) or at
    looks, after = (
        (DEAD_AFTER_LOOKS, DEAD_AFTER) if broken == "for_good" else (TRANSIENT_LOOKS, TRANSIENT_AFTER)
    )
    if (failures >= looks and at - since >= after) or (before and before.state is LinkState.DEAD):
        state = LinkState.DEAD
    else:
        state = before.state if before else LinkState.UNCHECKED
    return LinkVerdict(facts.url, state, target, rule, at, facts.status, shown, failures, since)


def classify(facts: LinkFacts) -> tuple[str, TargetKind]:
    """Return the rule that says what a link leads to, and its target."""
    rule = _without_page(facts)
    if rule is not None:
        return rule
    page = facts.page or PageFacts()
    final = facts.hops[-1] if facts.hops else facts.url
    for row in _ROWS:
        if row.holds(facts, page, final):
            return row.rule, row.target
    by_address = address_rule(final)
    if by_address is not None:
        return by_address.rule_id, _TARGET_OF_ADDRESS.get(by_address.rule_id, TargetKind.PAGE)
    return "probe.page", TargetKind.PAGE


def _without_page(facts: LinkFacts) -> tuple[str, TargetKind] | None:
    """Return rule and target where no page has to be looked at."""
    if facts.code:
        return _RULE_OF_CODE.get(facts.code, "probe.no_answer"), TargetKind.UNSEEN
    if facts.status in GONE_STATUSES:
        return "probe.status_gone", TargetKind.GONE
    if facts.status // 100 != _SUCCESS:
        return "probe.status_error" if facts.status >= _SERVER_ERROR else _REFUSED, TargetKind.UNSEEN
    if _PRINT_TYPES.match(facts.content_type):
        return "probe.print_type", TargetKind.PDF
    return None if facts.page is not None else ("probe.no_page", TargetKind.UNSEEN)


def _broken(facts: LinkFacts, target: TargetKind) -> str:
    """Return ``for_good``, ``for_now`` or nothing."""
    if target is TargetKind.GONE or facts.code in GONE_CODES:
        return "for_good"
    # 401, 403 and 429 are said to machines: a person may well get in.
    if facts.code or facts.status >= _SERVER_ERROR:
        return "for_now"
    return ""


def recheck_at(verdict: LinkVerdict) -> datetime:
    """Return when to look again; spread, so that one host is not asked for all of its links at once."""
    if verdict.rule == "probe.robots":
        pause = RECHECK_EXCLUDED
    elif verdict.failures:
        pause = RECHECK_BROKEN
    else:
        pause = RECHECK
    spread = int.from_bytes(hashlib.sha256(verdict.url.encode()).digest()[:2]) / 65_536
    return verdict.checked_at + pause * (0.9 + 0.2 * spread)


def effect(verdict: LinkVerdict | None) -> tuple[bool, TargetKind | None, str]:
    """Return what a verdict means for the catalogue: dead or not, and the target that bounds the evidence.

    The catalogue has to be computed anew only where this changes.
    """
    if verdict is None:
        return False, None, ""
    bounded = verdict.seen in CEILINGS
    return (
        verdict.state is LinkState.DEAD,
        verdict.seen if bounded else None,
        verdict.seen_by if bounded else "",
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_home(url: str) -> bool:
    try:
        parts = urlsplit(url.lower())
    except ValueError:
        return False
    return not parts.query and not parts.fragment and bool(_HOME_PATH.match(parts.path))
