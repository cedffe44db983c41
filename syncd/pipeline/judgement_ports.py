"""The part of the store's port that keeps the log of judgements; plain calls, no technology."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.model.judgement import Judgement, JudgementKind


class JudgementStore(Protocol):
    """What deciding asks of a database. Nothing in the log is ever changed or removed."""

    def judge(self, judgements: Sequence[Judgement], *, dirty: Sequence[str] = ()) -> tuple[Judgement, ...]:
        """Append judgements and mark services for a rebuild, in one transaction; returns the new ones.

        A judgement whose uid is in the log already is left as it is, so that an import may be repeated.
        """

    def judgements(
        self,
        *,
        kinds: Sequence[JudgementKind] = (),
        subject: str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> tuple[tuple[int, Judgement], ...]:
        """Return (position, judgement) of the log, oldest position first, behind ``after``.

        ``kinds`` empty means all; name ``undo`` too where what holds is to be computed.
        """

    def judgement(self, uid: str) -> Judgement:
        """Return one judgement; raises NotFound."""

    def judgements_of(self, service_keys: Sequence[str]) -> Mapping[str, tuple[Judgement, ...]]:
        """Return the whole log of each of these services (undos included), oldest first."""

    def judged_services(self, kind: JudgementKind) -> tuple[str, ...]:
        """Return the service keys that judgements of a kind name, sorted, each once."""

    def last_judgement(self) -> int:
        """Return the position of the newest entry of the log, 0 for an empty one."""
