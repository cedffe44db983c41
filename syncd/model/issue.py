"""Issues: trouble with a single record, kept as data so that its neighbours are not affected."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Weight of an issue: ``note`` is counted, ``warning`` is shown, ``error`` quarantines the record."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, order=True, slots=True)
class Issue:
    """One finding about one record or document.

    ``code`` is stable (e.g. ``unknown_area``); ``where`` names record, line or field; ``value`` is the
    offending text, shortened; ``fix`` says what the owner of the data should do.
    """

    code: str
    message: str
    where: str = ""
    value: str = ""
    severity: Severity = Severity.WARNING
    fix: str = ""
