"""Findings of one staging: all are counted, the first ones of each kind are kept.

A broken feed can have a finding per record; neither memory nor the run list may grow with them, and one noisy
kind may not hide the others. Must not know what the findings are about.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from syncd.model.issue import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

KEPT = 1_000
KEPT_PER_CODE = 200
_NAMES = 500


def writable(text: str) -> str:
    """Return the text with everything escaped that nobody sees or that is no text.

    Findings are read in terminals, logs and databases: no feed may move a cursor, turn a line around or
    abort a batch there.
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()


class Findings:
    """Collects issues; ``counts`` is complete, ``kept`` is bounded."""

    def __init__(self) -> None:
        self.kept: list[Issue] = []
        self.counts: Counter[str] = Counter()
        self._fields: Counter[str] = Counter()

    def add(self, issue: Issue) -> None:
        """Count an issue and keep it if there is room."""
        self.counts[issue.code] += 1
        if len(self.kept) < KEPT and self.counts[issue.code] <= KEPT_PER_CODE:
            self.kept.append(issue)

    def extend(self, issues: Iterable[Issue]) -> None:
        """Add several issues."""
        for issue in issues:
            self.add(issue)

    def count_fields(self, fields: dict[str, int]) -> None:
        """Count occurrences of fields a connector does not know; names beyond a bound share one name."""
        for name, count in fields.items():
            known = name in self._fields or len(self._fields) < _NAMES
            self._fields[name if known else "(further names)"] += count

    def close(self) -> None:
        """Turn the counted fields into one issue per name."""
        for name, count in sorted(self._fields.items()):
            self.add(
                Issue(
                    "unknown_field",
                    "The portal sends a field the connector does not know.",
                    where=name[:120],
                    value=f"{count} times",
                    severity=Severity.NOTE,
                    fix="Compare with the connector's README; a new field may be worth reading.",
                )
            )
        self._fields.clear()
