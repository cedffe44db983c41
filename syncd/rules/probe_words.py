"""What a look at a link found, and what to do about it, in German and English; nothing here decides."""

from __future__ import annotations

from typing import Final

from syncd.rules.words import GRADING, Text, say

_REPLACE: Final[Text] = {
    "de": "Link in der Redaktion ersetzen oder entfernen.",
    "en": "Replace or remove the link in the editorial system.",
}
_RIGHT_KIND: Final[Text] = {
    "de": "Den Link als das führen, was er ist, oder den Onlinedienst selbst verlinken.",
    "en": "Enter the link as what it is, or link the online service itself.",
}
_WAIT: Final[Text] = {
    "de": "Nichts zu tun; es wird wieder nachgesehen. Bleibt es so, den Betreiber der Seite fragen.",
    "en": "Nothing to do; it is looked at again. If it stays, ask the site's operator.",
}
_NOTHING: Final[Text] = {"de": "Nichts zu tun.", "en": "Nothing to do."}

FINDINGS: Final[dict[str, tuple[Text, Text]]] = {
    "probe.gone_page": (
        {
            "de": "Die Seite sagt selbst, dass es hier nichts gibt, antwortet aber mit Erfolg.",
            "en": "The page itself says that there is nothing here, yet answers with success.",
        },
        _REPLACE,
    ),
    "probe.redirected_home": (
        {
            "de": "Der Link wird auf die Startseite umgeleitet; sein Ziel gibt es nicht mehr.",
            "en": "The link is redirected to the start page; what it pointed to is gone.",
        },
        _REPLACE,
    ),
    "probe.engine": (
        {
            "de": "Der Link startet ein Online-Verfahren einer bekannten Antragsplattform.",
            "en": "The link starts an online procedure of a known application platform.",
        },
        _NOTHING,
    ),
    "probe.account_host": (
        {
            "de": "Der Link führt zur Anmeldung mit einem Nutzerkonto; dahinter ist nichts zu sehen.",
            "en": "The link leads to the sign-in of a user account; what lies behind cannot be seen.",
        },
        _NOTHING,
    ),
    "probe.appointment_page": (
        {"de": "Der Link führt zu einer Terminvereinbarung.", "en": "The link leads to an appointment tool."},
        _RIGHT_KIND,
    ),
    "probe.password": (
        {
            "de": "Die Seite verlangt eine Anmeldung; was dahinter liegt, sieht niemand von außen.",
            "en": "The page asks for a sign-in; what lies behind cannot be seen.",
        },
        _NOTHING,
    ),
    "probe.login_page": (
        {
            "de": "Die Seite verlangt eine Anmeldung; was dahinter liegt, sieht niemand von außen.",
            "en": "The page asks for a sign-in; what lies behind cannot be seen.",
        },
        _NOTHING,
    ),
    "probe.form_fields": (
        {"de": "Die Seite enthält ein Formular zum Ausfüllen.", "en": "The page has a form to fill in."},
        _NOTHING,
    ),
    "probe.start_page": (
        {
            "de": "Der Link führt auf die Startseite eines Auftritts, nicht zu einem Verfahren.",
            "en": "The link leads to a site's start page, not to a procedure.",
        },
        _RIGHT_KIND,
    ),
    "probe.search_form": (
        {
            "de": "Der Link führt zu einer Suchseite, nicht zu einem Verfahren.",
            "en": "The link leads to a search page, not to a procedure.",
        },
        _RIGHT_KIND,
    ),
    "probe.print_type": (
        {
            "de": "Der Link liefert ein Dokument zum Ausdrucken oder Ausfüllen.",
            "en": "The link delivers a document to print or fill in.",
        },
        _RIGHT_KIND,
    ),
    "probe.status_gone": (
        {
            "de": "Die Adresse gibt es nicht mehr (404 oder 410).",
            "en": "The address no longer exists (404 or 410).",
        },
        _REPLACE,
    ),
    "probe.status_refused": (
        {
            "de": "Die Seite lässt Programme nicht ein; ob sie Menschen dient, ist offen.",
            "en": "The site does not let programs in; whether it serves people is open.",
        },
        {
            "de": "Den Link einmal von Hand öffnen.",
            "en": "Open the link by hand once.",
        },
    ),
    "probe.status_error": (
        {"de": "Der Server meldet einen Fehler.", "en": "The server reports an error."},
        _WAIT,
    ),
    "probe.no_answer": (
        {"de": "Es kam keine Antwort.", "en": "No answer came."},
        _WAIT,
    ),
    "probe.no_address": (
        {
            "de": "Das ist keine Webadresse; sie beginnt mit http:// oder https:// und nennt einen Server.",
            "en": "This is no web address; one begins with http:// or https:// and names a server.",
        },
        _REPLACE,
    ),
    "probe.private_address": (
        {
            "de": "Die Adresse führt in ein privates Netz; von außen ist sie nicht zu erreichen.",
            "en": "The address leads into a private network; it cannot be reached from outside.",
        },
        {
            "de": "Link in der Redaktion ersetzen; in einem Testnetz erlaubt es probe.allow_private = true.",
            "en": "Replace the link in the editorial system; a test network sets probe.allow_private = true.",
        },
    ),
    "probe.unknown_host": (
        {
            "de": "Den Server, den die Adresse nennt, kennt kein Namensdienst.",
            "en": "No name service knows the server that the address names.",
        },
        _REPLACE,
    ),
    "probe.endless_redirects": (
        {
            "de": "Die Adresse leitet im Kreis oder zu oft weiter.",
            "en": "The address redirects in a circle, or too often.",
        },
        _REPLACE,
    ),
    "probe.no_page": (
        {
            "de": "Die Antwort ist weder Seite noch Dokument; sie sagt nichts aus.",
            "en": "The answer is neither page nor document; it says nothing.",
        },
        {"de": "Den Link einmal von Hand öffnen.", "en": "Open the link by hand once."},
    ),
    "probe.robots": (
        {
            "de": "robots.txt der Seite schließt Programme aus; es wurde nicht nachgesehen.",
            "en": "The site's robots.txt keeps programs out; nobody looked.",
        },
        {
            "de": "Den Link von Hand prüfen oder den Betreiber um Erlaubnis bitten.",
            "en": "Check the link by hand, or ask the operator for permission.",
        },
    ),
    "probe.page": (
        {
            "de": "Der Link führt zu einer Seite, die nicht zeigt, ob hier ein Verfahren beginnt.",
            "en": "The link leads to a page that does not show whether a procedure starts here.",
        },
        {"de": "Den Link einmal von Hand öffnen.", "en": "Open the link by hand once."},
    ),
    "probe.delivery_route": (
        {
            "de": "Für diese Leistung und diesen Ort gibt es einen elektronischen Zustellweg (FIT-Connect).",
            "en": "There is an electronic delivery route for this service and place (FIT-Connect).",
        },
        _NOTHING,
    ),
}
"""Rule id → (summary, suggested fix)."""


def words_of(rule: str, language: str) -> tuple[str, str]:
    """Return summary and suggested fix of a verdict's rule; the rules for addresses are among them."""
    if rule in FINDINGS:
        summary, fix = FINDINGS[rule]
        return summary[language], fix[language]
    return say(GRADING, rule, language), _RIGHT_KIND[language]
