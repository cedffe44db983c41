"""The grammar of the commands by which people decide what belongs together and what holds."""

from __future__ import annotations

import argparse

from syncd.cli.grammar import AREA, Parsers, command, limited, with_config


def add_judging(commands: Parsers) -> None:
    """Add ``review``, ``judge``, ``conflicts`` and ``pin``."""
    review = with_config(
        command(
            commands,
            "review",
            "review:review",
            "ask, one record after the other, which service it is about; --json prints the queue",
        )
    )
    review.add_argument("--source", metavar="SOURCE", help="only records of this source")
    review.add_argument(
        "--lines", action="store_true", help="read answers line by line, also without a terminal"
    )
    review.add_argument(
        "--out-of-scope",
        action="store_true",
        help="list the links a source's scope refuses instead; 1 if there are any",
    )
    _signed(review)
    limited(review)
    judge = with_config(
        command(
            commands,
            "judge",
            "judge:judge",
            "say whether two are the same, or look at what was said; list, show, undo, export, import",
        )
    )
    judge.add_argument(
        "words",
        nargs="+",
        metavar="WORD",
        help="ONE OTHER same|different|unsure, each SOURCE/ID of a record or a service key; or: list; "
        "show UID; undo UID; export [DIR]; import [DIR]",
    )
    judge.add_argument("--reason", metavar="TEXT", default="", help="why; kept for good")
    judge.add_argument("--service", metavar="KEY", help="with list: only judgements on this service")
    judge.add_argument(
        "--kind",
        action="append",
        default=[],
        choices=("link", "conflict", "pin", "gap", "undo"),
        help="with list; repeatable",
    )
    judge.add_argument("--all", action="store_true", help="with list: also what no longer holds")
    _signed(judge)
    limited(judge)
    _conflicts(commands)
    _pin(commands)


def _signed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", metavar="NAME", default="", help="who decides (default: the user logged in)")


def _conflicts(commands: Parsers) -> None:
    conflicts = with_config(
        command(
            commands,
            "conflicts",
            "conflicts:conflicts",
            "list where sources contradict each other, with both sides, or decide on one",
        )
    )
    conflicts.add_argument("words", nargs="*", metavar="WORD", help="nothing; or: decide ID")
    conflicts.add_argument("--area", metavar="AREA", help=AREA)
    conflicts.add_argument("--service", metavar="KEY")
    conflicts.add_argument("--source", metavar="SOURCE", help="one of the sides")
    conflicts.add_argument("--state", choices=("open", "decided", "returned"), help="default: all")
    verdict = conflicts.add_mutually_exclusive_group()
    verdict.add_argument("--choose", metavar="SOURCE", help="with decide: this source is right")
    verdict.add_argument("--both", action="store_true", help="with decide: both are right")
    conflicts.add_argument("--reason", metavar="TEXT", default="", help="with decide: why; kept for good")
    _signed(conflicts)
    limited(conflicts)


def _pin(commands: Parsers) -> None:
    pin = with_config(
        command(
            commands, "pin", "conflicts:pin", "hold a field of an entry at a value until a day; list, remove"
        )
    )
    pin.add_argument(
        "words",
        nargs="+",
        metavar="WORD",
        help="SERVICE AREA FIELD VALUE; or: list; or: remove SERVICE AREA FIELD",
    )
    pin.add_argument("--reason", metavar="TEXT", default="", help="why; kept for good")
    pin.add_argument("--until", metavar="DATE", help="last day on which it holds; a pin needs one")
    _signed(pin)
    limited(pin)
