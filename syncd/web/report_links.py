"""Where the reports of a place are: the present one in every form, and those kept from before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from syncd.rules.words import day_text
from syncd.web.texts import text

if TYPE_CHECKING:
    from syncd.pipeline.ask import ReleaseView

FORMS: Final = ("html", "xlsx", "md", "json")
_KEPT: Final = 12


@dataclass(frozen=True, slots=True)
class ReportLinks:
    """Links as (address, words); ``kept`` newest first, of other releases than the one shown."""

    forms: list[tuple[str, str]]
    kept: list[tuple[str, str]]


def report_links(view: ReleaseView, subject: str, language: str) -> ReportLinks:
    """Return the links of a place; ``subject`` is the code of an area or the id of a cohort."""
    current = view.store.published_at(view.release.number + 1) is None
    pinned = {} if current else {"release": str(view.release.number)}
    base = f"/v1/reports/{quote(subject, safe='')}"
    forms = [
        (
            f"{base}?{urlencode({'format': form, 'lang': language, **pinned})}",
            text(f"report_{form}", language),
        )
        for form in FORMS
    ]
    kept = [
        (
            f"/v1/kept-reports/{one.report_id}",
            text(
                "kept_line",
                language,
                period=f"{one.mark.period}: " if one.mark.period else "",
                release=one.mark.release,
                day=day_text(one.mark.published_at.date(), language),
                form=text(f"report_{one.order.form}", language),
            ),
        )
        for one in view.store.kept_reports(subject, limit=4 * _KEPT, names=False)
        if one.order.language == language and one.mark.release != view.release.number
    ]
    return ReportLinks(forms, kept[:_KEPT])
