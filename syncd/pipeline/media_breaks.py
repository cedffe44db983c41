"""Use case: every channel with its rung and what contradicts its claim, entry by entry.

The rung is ours and never called a Reifegrad. Must not know words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.area import BUND_CODE
from syncd.pipeline.entry_codec import decode_channels
from syncd.rules.media_breaks import Finding, judged_channels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.model.area import Area
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.ports import EntryRow
    from syncd.rules.media_breaks import Judged

LOOKED_AT: Final = 20_000
"""Most entries one page looks at: some tenths of a second."""
_BEHIND_ALL: Final = 2**31 - 1
"""Place in an entry behind all its channels."""
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
    within: tuple[str, ...] | None = None,
    after: tuple[str, str, int] | None = None,
) -> Iterator[ChannelView]:
    """Yield the channels with one of the findings, by service key, area and place in the entry.

    With an area: those of its own entries, of all inside it and of those above that hold in it; ``within``
    leaves of these only areas whose code begins with one of these texts.
    """
    codes = _around(view, area)
    if within is not None:
        every = view.line.areas if codes is None else codes
        codes = sorted(code for code in every if code.startswith(within))
    for _, found in _by_entry(view, codes, service_key, findings, after):
        yield from found


def channel_page(
    view: ReleaseView,
    limit: int,
    *,
    area: Area | None = None,
    service_key: str | None = None,
    findings: frozenset[Finding] = FINDINGS,
    after: tuple[str, str, int] | None = None,
) -> tuple[list[ChannelView], tuple[str, str, int] | None]:
    """Return at most ``limit`` of them, and behind which position to go on; None at the end.

    Rare findings are looked for in so many entries only, so that a page may be short.
    """
    page: list[ChannelView] = []
    for looked_at, (row, found) in enumerate(
        _by_entry(view, _around(view, area), service_key, findings, after), 1
    ):
        page += found
        if len(page) > limit:
            last = page[limit - 1]
            return page[:limit], (last.service_key, last.area_code, last.number)
        if looked_at == LOOKED_AT:
            return page, (row.service_key, row.area_code, _BEHIND_ALL)
    return page, None


def _by_entry(
    view: ReleaseView,
    area_codes: list[str] | None,
    service_key: str | None,
    findings: frozenset[Finding],
    after: tuple[str, str, int] | None,
) -> Iterator[tuple[EntryRow, list[ChannelView]]]:
    # One character less: the entry itself may have channels left.
    start = (after[0], after[1] if after[2] == _BEHIND_ALL else after[1][:-1]) if after else None
    rows = view.store.entries(
        view.release.number, service_key=service_key, area_codes=area_codes, after=start
    )
    for row in rows:
        title, said = decode_channels(row.payload)
        yield (
            row,
            [
                _shown(view, row, title, number, judged)
                for number, judged in enumerate(judged_channels(said), 1)
                if judged.finding in findings
                and (after is None or (row.service_key, row.area_code, number) > after)
            ],
        )


def _shown(view: ReleaseView, row: EntryRow, title: str, number: int, judged: Judged) -> ChannelView:
    channel, place = judged.graded.channel, view.line.area(row.area_code)
    return ChannelView(
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
