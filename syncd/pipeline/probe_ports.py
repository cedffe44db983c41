"""The part of the store's port that keeps what probes found; plain calls, no technology."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """What is kept of one probed subject: a link (kind ``link``) or a service in an area (``route``).

    ``state`` is ``new`` until the first look; ``body`` holds the verdict in plain JSON values
    (:mod:`syncd.pipeline.probing`).
    """

    kind: str
    subject: str
    state: str
    due_at: datetime
    checked_at: datetime | None = None
    body: Mapping[str, Any] = field(default_factory=dict)


class ProbeStore(Protocol):
    """What probing asks of a database. Instants are aware UTC."""

    def keys_changed_since(self, release: int) -> Iterator[str]:
        """Yield the service keys with entries that came or went after a release, sorted."""

    def use_probes(self, kind: str, uses: Mapping[str, Sequence[str]], *, now: datetime) -> None:
        """Set which subjects of a kind each named service key uses; new ones are due at once."""

    def due_probes(self, kind: str, *, now: datetime, limit: int) -> tuple[ProbeRow, ...]:
        """Return the subjects in use that are due, the longest waiting first."""

    def probes(
        self, kind: str, *, state: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[ProbeRow, ...]:
        """Return subjects in use, sorted; ``after`` is an exclusive subject for paging."""

    def probe_subjects(self, kind: str, subjects: Sequence[str]) -> Mapping[str, ProbeRow]:
        """Return what is kept of these subjects."""

    def keep_probes(self, rows: Sequence[ProbeRow], *, dirty: Sequence[str]) -> None:
        """Store verdicts, and mark the services that use the subjects named in ``dirty`` for a rebuild."""

    def probes_of(self, service_keys: Sequence[str]) -> Mapping[str, tuple[ProbeRow, ...]]:
        """Return the looked-at subjects each of these services uses, sorted by kind and subject."""

    def probe_counts(self, kind: str) -> Mapping[str, int]:
        """Return how many subjects in use there are, by state."""
