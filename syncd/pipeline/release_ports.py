"""The part of the store's port that publishes releases and reads them; plain calls, no technology."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from syncd.model.entry import Release
    from syncd.pipeline.ports import (
        ChangeRow,
        CoverageRow,
        EntryRow,
        PartitionRow,
        ReleaseDraft,
        TotalsRow,
    )


class ReleaseStore(Protocol):
    """What publishing and reading ask of a database. Instants are aware UTC."""

    # --- T2 and releases ----------------------------------------------------------------------------
    def publish(self, draft: ReleaseDraft) -> Release | None:
        """T2: publish release n+1 and flip the pointer in one transaction.

        Returns None, and only clears the dirty marks, when neither a partition nor the inputs changed.
        """

    def current_release(self) -> Release | None:
        """Return the published release, or None before the first."""

    def release(self, number: int) -> Release:
        """Return one release; raises NotFound."""

    def published_at(self, number: int) -> datetime | None:
        """Return when a release was published, even if it is no longer kept; None if there was none."""

    def release_at(self, at: datetime) -> Release | None:
        """Return the release that was current at an instant."""

    def releases(self, *, limit: int = 50, before: int | None = None) -> tuple[Release, ...]:
        """Return releases, newest first."""

    def changes(self, number: int, *, limit: int, offset: int = 0) -> tuple[ChangeRow, ...]:
        """Return the change list of a release, sorted by service key and area."""

    # --- reading a release --------------------------------------------------------------------------
    def partitions(
        self, release: int, *, after: str = "", limit: int | None = None, contains: str = ""
    ) -> Iterator[PartitionRow]:
        """Yield partitions as of a release, by key; ``contains`` filters on key or name, case-insensitive."""

    def partition(self, release: int, service_key: str) -> PartitionRow | None:
        """Return one partition as of a release."""

    def entries(
        self,
        release: int,
        *,
        service_key: str | None = None,
        area_codes: Sequence[str] | None = None,
        attention: int = 0,
        minimum: int = 0,
        ended_by: int | None = None,
        after: tuple[str, str] | None = None,
        limit: int | None = None,
    ) -> Iterator[EntryRow]:
        """Yield entries as of a release, sorted by (service key, area code).

        ``attention``: only those with one of these bits (:class:`~syncd.model.entry.Attention`);
        ``minimum``: only those of this rung (:class:`~syncd.model.evidence.Evidence`) or a higher one;
        ``ended_by``: only those that a later release has no longer.
        """

    def coverage(
        self,
        release: int,
        *,
        obligation_id: str | None = None,
        line: str | None = None,
        service_key: str | None = None,
        after: tuple[str, str, str] | None = None,
        limit: int | None = None,
    ) -> Iterator[CoverageRow]:
        """Yield coverage rows as of a release, sorted by (obligation, line, service key)."""

    def totals(self, release: int) -> tuple[TotalsRow, ...]:
        """Return the per-area totals as of a release."""
