"""The part of the store's port that keeps links of records to services; plain calls, no technology.

Links are derived: whatever is lost here is computed again from records, register and judgements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from syncd.model.linkage import Linkage, LinkState


@dataclass(frozen=True, slots=True)
class LinkBasis:
    """What the stored links were computed from.

    ``digest`` stands for register, thresholds and rules; ``judged_up_to`` is a position in the log.
    """

    digest: str = ""
    judged_up_to: int = 0


@dataclass(frozen=True, slots=True)
class Peer:
    """Another live record that shares an id with this one, and the official keys it states."""

    token: str
    source_id: str
    native_id: str
    service_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkInput:
    """One record as linking reads it. ``live`` False: a tombstone, which has no links.

    ``service_keys`` are those it states (or its local one), ``tokens`` its declared ids, both sorted.
    """

    record_id: int
    source_id: str
    native_id: str
    live: bool
    payload: bytes
    service_keys: tuple[str, ...]
    tokens: tuple[str, ...] = ()
    peers: tuple[Peer, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkResult:
    """What linking found about one record.

    ``linkage`` None: it is what it states and nothing else. ``keys`` are (service key, kind, method) with the
    kinds ``linked`` and ``removed``, sorted: how its partitions differ from what it states.
    """

    record_id: int
    linkage: Linkage | None = None
    keys: tuple[tuple[str, str, str], ...] = ()


LINKED = "linked"
REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class StoredLink:
    """The link of one live record; ``since`` is when it became what it is."""

    source_id: str
    native_id: str
    payload: bytes
    linkage: Linkage
    since: datetime


@dataclass(frozen=True, slots=True)
class StoredMove:
    """A record that probably continues another one of its source under a new id; seen in run ``run_id``."""

    source_id: str
    old_id: str
    new_id: str
    run_id: int
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class RecordFace:
    """A record that exists or existed: what a person recognises it by. ``withdrawn_at`` None: it is live."""

    source_id: str
    native_id: str
    payload: bytes
    first_seen_at: datetime
    withdrawn_at: datetime | None


class LinkStore(Protocol):
    """What linking and reviewing ask of a database."""

    # --- for linking --------------------------------------------------------------------------------
    def link_basis(self) -> LinkBasis:
        """Return what the stored links were computed from."""

    def links_due(self) -> tuple[int, tuple[int, ...]]:
        """Return the highest mark and the ids of the records to link anew, sorted."""

    def linkable_ids(self) -> tuple[int, ...]:
        """Return the ids of all records that may be more than what they state, sorted."""

    def ids_of(self, records: Iterable[tuple[str, str]]) -> tuple[int, ...]:
        """Return the ids of records (source id, native id) and of all that share an id with one of them."""

    def link_inputs(self, record_ids: Sequence[int]) -> Iterator[LinkInput]:
        """Yield these records, sorted by id; raises StorageError at one that does not match its hash."""

    def keep_links(self, results: Sequence[LinkResult], *, now: datetime) -> int:
        """Store results and mark the partitions whose records changed, in one transaction.

        Returns how many records changed; a result that is stored already changes nothing.
        """

    def links_done(self, mark: int, basis: LinkBasis) -> None:
        """Forget marks up to ``mark`` and remember what the links are computed from."""

    def links_kept(self, record_ids: Sequence[int]) -> Mapping[int, LinkResult]:
        """Return what is stored of these records."""

    # --- for reviewing ------------------------------------------------------------------------------
    def links(
        self,
        state: LinkState,
        *,
        source_id: str | None = None,
        after: tuple[str, str] | None = None,
        limit: int | None = None,
    ) -> tuple[StoredLink, ...]:
        """Return the links of live records in a state, by source and native id, those behind ``after``."""

    def link_of(self, source_id: str, native_id: str) -> StoredLink | None:
        """Return the link of a live record; None where it is what it states."""

    def link_counts(self) -> Mapping[tuple[str, str, str], int]:
        """Return the number of live records per (source id, state, method)."""

    def moves(self, *, source_id: str | None = None) -> tuple[StoredMove, ...]:
        """Return the proposed moves of live records, by source and new id."""

    def record_face(self, source_id: str, native_id: str) -> RecordFace | None:
        """Return a record, withdrawn ones included, or None where there never was one."""
