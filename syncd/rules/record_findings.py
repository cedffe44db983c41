"""Findings about one record, each with the record's id as its place. Must not know what is looked for."""

from __future__ import annotations

from syncd.model.issue import Issue, Severity
from syncd.rules.legible import looks_misread, tidy, turns_direction


class RecordFindings:
    """Issues of one record."""

    def __init__(self, native_id: str) -> None:
        """Start with none."""
        self.native_id = native_id
        self.issues: list[Issue] = []

    def warn(self, code: str, message: str, value: str = "", fix: str = "") -> None:
        """Report what does not cost the record."""
        self.issues.append(Issue(code, message, self.native_id, value[:120], Severity.WARNING, fix))

    def note(self, code: str, message: str, value: str = "", fix: str = "") -> None:
        """Report what is worth knowing."""
        self.issues.append(Issue(code, message, self.native_id, value[:120], Severity.NOTE, fix))

    def text(self, field: str, value: str | None) -> str:
        """Return the text as it is kept, and report what was taken out and what looks wrong."""
        kept, unseen = tidy(value)
        if unseen and value is not None:
            turned = turns_direction(value)
            self.warn(
                "bidi_characters" if turned else "invisible_characters",
                f"Invisible characters were taken out of the {field}"
                + (", among them marks that turn the reading direction." if turned else "."),
                ascii(value),
                "Remove the invisible characters at the source.",
            )
        # Before anything was taken out: half of such a pair is a control character.
        if value is not None and looks_misread(value):
            self.warn(
                "mojibake",
                f"The {field} looks like UTF-8 that was read in another encoding.",
                kept,
                "Correct the encoding where the text was copied or exported.",
            )
        return kept

    def error(self, code: str, message: str, value: str = "", fix: str = "") -> None:
        """Report what cannot be used."""
        self.issues.append(Issue(code, message, self.native_id, value[:120], Severity.ERROR, fix))
