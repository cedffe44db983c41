"""What a run says of itself, without the secrets of our own configuration.

A portal knows the key we sent and may quote it back in any part of an answer: a redirect, a content type, a
header row. Messages and findings quote answers, and everybody may read them on the public pages. Logs have
their own guard; this one stands before the run table. Must not know where secrets come from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from syncd.model.issue import Issue

HIDDEN = "[redacted]"
SHORTEST_SECRET = 4
"""Characters; shorter values would blank out ordinary words."""


@dataclass(frozen=True, slots=True)
class Concealment:
    """Replaces secrets in texts and findings; the longest first, so that none is cut in two."""

    secrets: tuple[str, ...]

    @classmethod
    def of(cls, secrets: Iterable[str]) -> Concealment:
        """Return the concealment of these values."""
        long_enough = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
        return cls(tuple(sorted(long_enough, key=lambda secret: (-len(secret), secret))))

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def issues(self, issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
        """Return findings without secrets."""
        if not self.secrets:
            return issues
        return tuple(
            replace(
                issue,
                message=self.text(issue.message),
                where=self.text(issue.where),
                value=self.text(issue.value),
                fix=self.text(issue.fix),
            )
            for issue in issues
        )
