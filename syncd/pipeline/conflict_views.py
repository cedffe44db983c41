"""Shapes of conflicts, pins and explained fields as the doors show them; plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from syncd.pipeline.views import Step


class ConflictState(StrEnum):
    """``open``: nobody decided. ``returned``: what sources say changed since. ``decided``: settled."""

    OPEN = "open"
    RETURNED = "returned"
    DECIDED = "decided"


class PinState(StrEnum):
    """``in_force``: the catalogue shows it. ``returned``: it does, but the source's value changed since.

    ``waiting``: the catalogue does not show it: it waits for the next release, another pin goes before it, or
    nothing is offered there. ``expired``: its last day has passed.
    """

    IN_FORCE = "in_force"
    RETURNED = "returned"
    WAITING = "waiting"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class RulingView:
    """A judgement that took effect on a field. ``said`` is what sources said when it was made."""

    judgement: str
    answer: str
    value: str
    said: tuple[str, ...]
    reason: str
    decided_by: str
    decided_at: datetime
    until: date | None
    returned: bool


@dataclass(frozen=True, slots=True)
class SayingView:
    """One record that says something, and when.

    ``read_at``: when its source was last read well; it still said so then, unless ``withdrawn_at`` is set.
    ``changed_at`` and ``run_id``: when the record last changed, and in which run; None once it is gone.
    """

    source_id: str
    source_title: str
    native_id: str
    fresh: bool
    read_at: datetime | None
    first_seen_at: datetime | None
    changed_at: datetime | None
    run_id: int | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConflictSide:
    """One side of a conflict; ``chosen``: an operator decided that it is right."""

    value: str
    said_by: tuple[SayingView, ...]
    chosen: bool


@dataclass(frozen=True, slots=True)
class ConflictView:
    """Sources contradict each other about a field of an entry; the side that wins stands first.

    ``conflict_id`` is stable over releases. ``since_release`` is the first kept release that has it.
    """

    conflict_id: str
    service_key: str
    service_name: str
    area_code: str
    area_name: str
    field: str
    state: ConflictState
    sides: tuple[ConflictSide, ...]
    since_release: int
    since_at: datetime | None
    ruling: RulingView | None


@dataclass(frozen=True, slots=True)
class PinView:
    """A pinned value. ``source_value`` is what the sources' winner says now; None where nobody speaks."""

    pin_id: str
    service_key: str
    service_name: str
    area_code: str
    area_name: str
    field: str
    value: str
    source_value: str | None
    state: PinState
    ruling: RulingView


@dataclass(frozen=True, slots=True)
class FieldSaying:
    """One statement about a field with its place and why it stands there.

    ``why`` are sentences in the asked language, ``codes`` their stable names. ``rank`` is the configured rank
    of the source for this field, None for what an operator pinned.
    """

    value: str
    wins: bool
    rank: int | None
    said_by: SayingView | None
    codes: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldExplanation:
    """Why a field of an entry has its value: the winner first, then the losers in order.

    ``since_release`` is the first kept release in a row with this value. ``steps`` tell the same in
    sentences.
    """

    service_key: str
    service_name: str
    area_code: str
    area_name: str
    field: str
    release: int
    value: str | None
    sayings: tuple[FieldSaying, ...]
    since_release: int | None
    since_at: datetime | None
    pin: RulingView | None
    conflict: ConflictView | None
    steps: tuple[Step, ...]
