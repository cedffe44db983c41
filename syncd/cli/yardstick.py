"""The command that holds our coverage against the official yardstick."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from syncd.cli.german import remark
from syncd.cli.output import print_rows, say
from syncd.cli.reading import asking, view_of
from syncd.errors import NotFound
from syncd.rules.words import STATES
from syncd.rules.words import say as words_of
from syncd.rules.yardstick import Verdict
from syncd.rules.yardstick_words import RULES, THEIRS, VERDICTS

if TYPE_CHECKING:
    from syncd.pipeline.yardstick import Compared

_NOTHING = "nothing was compared: no yardstick has told of these cells yet; see 'syncd sources'"
_COLUMNS = {
    "verdict": "verdict",
    "service_key": "key",
    "service_name": "service",
    "area_name": "area",
    "ours": "here",
    "theirs": "there",
    "coverage_class": "class there",
    "reason": "why",
    "source_id": "yardstick",
    "stated_on": "of",
}


def yardstick(arguments: argparse.Namespace) -> int:
    """List where we and the official yardstick differ, or with --summary count all cells."""
    from syncd.pipeline.yardstick import DIFFERENCES, YardstickQuery, compared, yardsticks

    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        if not yardsticks(view):
            raise NotFound(
                "no source is a yardstick",
                code="no_yardstick",
                fix="Configure a source with 'connector = \"open_pvog\"' and let it run.",
            )
        query = YardstickQuery(
            area=view.area(arguments.area) if arguments.area else None,
            service_key=view.service(arguments.service).service_key if arguments.service else None,
        )
        wanted = frozenset(map(Verdict, arguments.verdict)) or DIFFERENCES
        cells = compared(view, query)
        if arguments.summary:
            _print_summary(arguments, Counter((cell.source_id, cell.verdict, cell.rule) for cell in cells))
            return 0
        counts = Counter[str]()
        rows = _rows(cells, wanted, counts, arguments.lang)
        print_rows(arguments, rows, _COLUMNS, none="no difference found")
        if not arguments.json and not counts:
            say(remark(_NOTHING, arguments.lang))
        elif not arguments.json:
            told = ", ".join(
                f"{words_of(VERDICTS, code, arguments.lang)} {counts[code]}"
                for code in Verdict
                if counts[code]
            )
            say(f"{remark('cells looked at', arguments.lang)}: {told}")
    return 0


def _rows(
    cells: Iterator[Compared], wanted: frozenset[Verdict], counts: Counter[str], language: str
) -> Iterator[dict[str, object]]:
    for cell in cells:
        counts[cell.verdict] += 1
        if cell.verdict in wanted:
            yield row_of(cell, language)


def row_of(cell: Compared, language: str) -> dict[str, object]:
    """Return a cell with its words in a language."""
    row: dict[str, object] = asdict(cell)
    del row["place"]
    here = words_of(STATES, cell.state, language) if cell.state else f"{cell.online}/{cell.bodies}"
    because = f" ({cell.not_counted_because})" if cell.not_counted_because else ""
    return row | {
        "verdict_text": words_of(VERDICTS, cell.verdict, language),
        "ours": here,
        "theirs": words_of(THEIRS, cell.they_say, language),
        "reason": words_of(RULES, cell.rule, language) + because,
    }


def _print_summary(arguments: argparse.Namespace, counts: Counter[tuple[str, str, str]]) -> None:
    rows = [
        {
            "source_id": source_id,
            "verdict": verdict,
            "verdict_text": words_of(VERDICTS, verdict, arguments.lang),
            "rule": rule,
            "reason": words_of(RULES, rule, arguments.lang),
            "cells": number,
        }
        for (source_id, verdict, rule), number in sorted(counts.items())
    ]
    columns = {"source_id": "yardstick", "verdict_text": "verdict", "cells": "cells", "reason": "why"}
    print_rows(arguments, rows, columns, none="nothing to compare")
