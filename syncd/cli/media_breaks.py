"""The command that lists channels with their rung and what contradicts their claim."""

from __future__ import annotations

import argparse

from syncd.cli.output import print_rows
from syncd.cli.reading import asking, view_of
from syncd.pipeline.planned import channel_shown

_COLUMNS = {
    "service_key": "key",
    "title": "service",
    "area_name": "area",
    "finding": "finding",
    "claimed": "claimed",
    "evidence": "rung",
    "reason": "why",
    "url": "link",
    "source_id": "source",
}


def media_breaks(arguments: argparse.Namespace) -> int:
    """List channels with a finding (or those asked for); 1 if a finding is among them."""
    from syncd.pipeline.media_breaks import FINDINGS, channels
    from syncd.rules.media_breaks import Finding

    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        wanted = frozenset(map(Finding, arguments.finding)) or FINDINGS
        found = channels(
            view,
            area=view.area(arguments.area) if arguments.area else None,
            service_key=view.service(arguments.service).service_key if arguments.service else None,
            findings=wanted,
        )
        count = print_rows(
            arguments, (channel_shown(one, arguments.lang) for one in found), _COLUMNS, none="no media break"
        )
        return 1 if count and wanted != {Finding.NONE} else 0
