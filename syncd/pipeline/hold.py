"""Whether a release may be published: not while it turns the report over and nobody has said why.

The published release stays until an operator accepts the upheaval with a reason, until the data turns back,
or until the hold has lasted its time: one source must not keep everybody else's news away for long (ADR
0011). What is published in spite of an upheaval carries a mark. Must not know how partitions are built.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from syncd.rules.upheaval import UpheavalLimits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.entry import Release
    from syncd.rules.upheaval import Turnover

HOLD_FOR = timedelta(hours=24)
_CONFIGURED = ("areas", "services", "obligations", "field_precedence")
_SHOWN = 20
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """A hold: since when, on which published release, and the shifts beyond the limits as phrases."""

    since: datetime
    release: int
    shifts: tuple[str, ...]


class HoldBook(Protocol):
    """Remembers the hold beyond the end of the process."""

    def load(self) -> Held | None:
        """Return the hold, or None."""

    def save(self, held: Held | None) -> None:
        """Remember the hold, or forget it."""


class Notepad:
    """A book that lasts as long as the process."""

    _held: Held | None = None

    def load(self) -> Held | None:
        """Return the hold, or None."""
        return self._held

    def save(self, held: Held | None) -> None:
        """Remember the hold, or forget it."""
        self._held = held


@dataclass(frozen=True, slots=True)
class Verdict:
    """``held``: keep the published release. ``mark`` goes into the inputs of a release that is published."""

    held: bool = False
    mark: Mapping[str, Any] | None = None


@dataclass(slots=True)
class ReleaseGate:
    """Judges releases. ``hold_for`` zero holds nothing, but marks."""

    book: HoldBook = field(default_factory=Notepad)
    hold_for: timedelta = HOLD_FOR
    limits: UpheavalLimits = field(default_factory=UpheavalLimits)
    _tried: tuple[int, str] | None = None

    def waits(self, attempt: tuple[int, str], now: datetime) -> bool:
        """Tell whether building would end in the same hold; ``attempt`` is (dirty mark, inputs digest)."""
        held = self.book.load()
        return held is not None and self._tried == attempt and not self._over(held, now)

    def judge(
        self,
        turnover: Turnover,
        *,
        current: Release | None,
        inputs: Mapping[str, Any],
        now: datetime,
        attempt: tuple[int, str],
        accepted: Mapping[str, str] | None = None,
    ) -> Verdict:
        """Decide on a built release. ``accepted`` holds an operator's ``reason`` and name (``by``)."""
        if current is None:
            return Verdict()
        explained = _silence_changed(current.inputs, inputs)
        shifts = tuple(str(one) for one in turnover.beyond(self.limits, unknown_explained=explained)[:_SHOWN])
        if not shifts:
            return Verdict()
        mark: dict[str, Any] = {"shifts": list(shifts)}
        if accepted is not None:
            return Verdict(mark=mark | {"why": "accepted", **accepted})
        if _configuration_changed(current.inputs, inputs):
            return Verdict(mark=mark | {"why": "configuration_changed"})
        held = self.book.load()
        if held is None or held.release != current.number:
            held = Held(now, current.number, shifts)
        if self._over(held, now):
            return Verdict(mark=mark | {"why": "held_long_enough", "held_since": held.since.isoformat()})
        self.book.save(Held(held.since, held.release, shifts))
        self._tried = attempt
        _log.error(
            "release_held",
            release=current.number,
            shifts=list(shifts),
            since=held.since.isoformat(),
            until=(held.since + self.hold_for).isoformat(),
            fix="If the shifts are real: syncd rebuild --accept 'reason'. If not, find their cause.",
        )
        return Verdict(held=True)

    def passed(self, release: Release | None) -> None:
        """Forget the hold: something was published, or nothing is different any more."""
        self._tried = None
        if self.book.load() is not None:
            self.book.save(None)
        mark = release.inputs.get("upheaval") if release else None
        if release is not None and mark:
            _log.warning("release_marked", release=release.number, **mark)

    def _over(self, held: Held, now: datetime) -> bool:
        # A clock that was set back must not lengthen the hold for years.
        return not timedelta(0) <= now - held.since < self.hold_for


def _silence_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether a source fell silent or speaks again: alarms of their own tell about that."""
    old, new = before.get("sources", {}), after["sources"]
    return any(old[name]["fresh"] != new[name]["fresh"] for name in old.keys() & new.keys())


def _configuration_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether a person changed what is owed, who may speak, or added a source that has now spoken."""
    return any(before.get(name) != after[name] for name in _CONFIGURED) or _without_age(
        before.get("sources", {})
    ) != _without_age(after["sources"])


def _without_age(sources: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        name: {key: value for key, value in facts.items() if key not in {"fresh", "title"}}
        for name, facts in sources.items()
    }
