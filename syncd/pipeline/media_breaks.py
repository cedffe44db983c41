"""Use case: every channel with its rung and what contradicts its claim, entry by entry.

The rung is ours and never called a Reifegrad. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.model.area import BUND_CODE
from syncd.pipeline.entry_codec import decode_channels
from syncd.rules.media_breaks import Finding, judged_channels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.model.area import Area
    from syncd.pipeline.ask import ReleaseView

FINDINGS = frozenset(Finding) - {Finding.NONE}


@dataclass(frozen=True, slots=True)
class ChannelView:
    """One channel of an entry. ``claimed`` is what the source calls it, ``evidence`` its rung by our ladder.

    ``number`` is its place in the entry, ``best`` the rung the whole offer reaches.
    """

    service_key: str
    title: str
    area_code: str
    area_name: str
    number: int
    finding: str
    claimed: str
    evidence: str
    best: str
    rule: str
    url: str
    label: str
    link_state: str
    source_id: str
    record: str


def channels(
    view: ReleaseView,
    *,
    area: Area | None = None,
    service_key: str | None = None,
    findings: frozenset[Finding] = FINDINGS,
    after: tuple[str, str, int] | None = None,
) -> Iterator[ChannelView]:
    """Yield the channels with one of the findings, by service key, area and place in the entry.

    With an area: those of its own entries, of all inside it and of those above that hold in it.
    """
    start = (after[0], after[1][:-1]) if after else None
    for row in view.store.entries(
        view.release.number, service_key=service_key, area_codes=_around(view, area), after=start
    ):
        title, said = decode_channels(row.payload)
        for number, judged in enumerate(judged_channels(said), 1):
            if judged.finding not in findings:
                continue
            if after is not None and (row.service_key, row.area_code, number) <= after:
                continue
            channel, place = judged.graded.channel, view.line.area(row.area_code)
            yield ChannelView(
                row.service_key,
                title,
                row.area_code,
                place.name if place else row.area_code,
                number,
                judged.finding.value,
                channel.kind.value,
                judged.graded.evidence.label,
                judged.best.label,
                judged.graded.rule,
                channel.url or "",
                channel.label or "",
                channel.link_state.value,
                judged.source_id,
                judged.native_id,
            )


def _around(view: ReleaseView, area: Area | None) -> list[str] | None:
    """Return the area, what lies in it and what lies above it; None for everything."""
    if area is None or area.code == BUND_CODE:
        return None
    inside = {code for code in view.line.areas if code.startswith(area.code)}
    return sorted(inside | {area.code, *view.line.chain(area.code)})
