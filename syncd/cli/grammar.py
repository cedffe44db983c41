"""What all commands have in common on the command line: options, numbers, and how a command is added.

Must not import anything heavy: ``syncd --help`` runs often.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any, Final

Parsers = Any
"""The private type argparse gives for a group of subcommands."""

Handler = Callable[[argparse.Namespace], int]
"""What a handler is: arguments in, exit code out."""

AREA: Final = "ARS, AGS or the name of one area, such as Wiesbaden"


def command(commands: Parsers, name: str, handler: str, text: str) -> argparse.ArgumentParser:
    """Add a command with what every command takes; ``handler`` is ``module:function`` in this room."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text[:1].upper() + text[1:] + ".", allow_abbrev=False
    )
    parser.set_defaults(handler=handler)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--lang",
        choices=("de", "en"),
        default=_language_of_this_person(),
        help="language of tables, errors and explanations (default: that of the locale)",
    )
    return parser


def _language_of_this_person() -> str:
    """Return the language the locale asks for; POSIX: the first of these that is set decides."""
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "de" if next(filter(None, named), "").lower().startswith("de") else "en"


def with_config(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the configuration; returns the parser."""
    parser.add_argument(
        "--config",
        metavar="DIR",
        help="configuration directory (default: $SYNCD_CONFIG, ./config, /etc/syncd, the shipped one)",
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="overrides",
        help="override one setting, such as web.port=9090 or sources.pvog-bund.enabled=false; repeatable",
    )
    return parser


def of_release(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a release."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--release", type=int, metavar="N", help="as of this release")
    which.add_argument("--at", metavar="DATE", help="as of this day or instant, such as 2026-11-22")


def limited(parser: argparse.ArgumentParser) -> None:
    """Add the limit of a list."""
    parser.add_argument(
        "--limit",
        type=count,
        metavar="N",
        help="most lines; 0 for all (default: 100 in a terminal, else all)",
    )


def _number(text: str, *, lowest: int, highest: int) -> int:
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {lowest} to {highest}")
    return int(text)


def port(text: str) -> int:
    """Return a port; raises argparse's error for anything else."""
    return _number(text, lowest=0, highest=65_535)


def at_least_one(text: str) -> int:
    """Return a number above zero; raises argparse's error for anything else."""
    return _number(text, lowest=1, highest=1_000_000_000)


def count(text: str) -> int:
    """Return a number that is not negative; raises argparse's error for anything else."""
    return _number(text, lowest=0, highest=1_000_000_000)
