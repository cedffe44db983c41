"""The grammar of the commands about gaps: list them, take them to a spreadsheet and back, decide on one."""

from __future__ import annotations

import argparse

from syncd.cli.grammar import AREA, Parsers, command, limited, of_release, with_config


def add_gaps(commands: Parsers) -> None:
    """Add ``gaps`` and ``gap``."""
    gaps = with_config(
        command(
            commands,
            "gaps",
            "gap_work:gaps",
            "list what is missing where, and why, or read an edited list back; exit code 1 if anything is",
        )
    )
    gaps.add_argument("words", nargs="*", metavar="WORD", help="nothing; or: import FILE (CSV or XLSX)")
    gaps.add_argument("--area", metavar="AREA", help=f"{AREA}; with all that lies in it")
    gaps.add_argument("--service", metavar="KEY")
    gaps.add_argument("--obligation", metavar="ID")
    gaps.add_argument("--line", choices=("gemeinde", "kreis"))
    for name, text in (
        ("state", "repeatable; also unknown"),
        ("cause", "repeatable"),
        ("status", "repeatable: open, acknowledged, waived, disputed, reopened, unknown"),
        ("responsible", "whose turn it is, repeatable: municipality, land_editorial_office, …"),
    ):
        gaps.add_argument(f"--{name}", action="append", default=[], metavar=name.upper(), help=text)
    whose = gaps.add_mutually_exclusive_group()
    whose.add_argument("--assignee", metavar="NAME", help="assigned to this person or team")
    whose.add_argument("--unassigned", action="store_const", const="", dest="assignee", help="to nobody")
    gaps.add_argument("--overdue", action="store_true", help="only those whose due date has passed")
    shape = gaps.add_mutually_exclusive_group()
    shape.add_argument("--summary", action="store_true", help="only count, per obligation and area")
    shape.add_argument("--csv", metavar="FILE", help="write a table for spreadsheets; - for standard output")
    shape.add_argument("--xlsx", metavar="FILE", help="write a workbook")
    how = gaps.add_mutually_exclusive_group()
    how.add_argument(
        "--preview", action="store_true", help="with import: only show what would change (the default)"
    )
    how.add_argument("--apply", action="store_true", help="with import: decide what the rows say")
    gaps.add_argument("--partial", action="store_true", help="with --apply: even if some rows are refused")
    _signed(gaps, "with import: why, for rows that give no reason")
    of_release(gaps)
    limited(gaps)
    gap = with_config(
        command(commands, "gap", "gap_work:gap", "look at one gap with its history, or decide on it")
    )
    gap.add_argument("gap", metavar="ID", help="obligation/line/service/area, as 'syncd gaps --json' has it")
    gap.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="nothing; or one of: acknowledge, waive DATE, dispute, reopen, assign NAME, release, due DATE, "
        "no-due; or: text (whom to ask, in words)",
    )
    _signed(gap, "with a decision: why; kept for good")
    of_release(gap)


def _signed(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--reason", metavar="TEXT", default="", help=text)
    parser.add_argument("--by", metavar="NAME", default="", help="who decides (default: the user logged in)")
