"""The grammar of coverage figures and simulations."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Final

from syncd.cli.grammar import AREA, Parsers, at_least_one, command, limited, with_config
from syncd.model.evidence import Evidence

_PLACE: Final = f"{AREA}; or the id of a cohort, such as pilots (default: all of Germany)"


def add_coverage(commands: Parsers) -> None:
    """Add the commands that count and foresee coverage."""
    coverage = with_config(
        command(commands, "coverage", "coverage:coverage", "show coverage figures, each with its rule")
    )
    coverage.add_argument("place", nargs="?", default="00", metavar="PLACE", help=_PLACE)
    coverage.add_argument(
        "--by",
        choices=("total", "area", "level", "service", "ozg", "situation", "theme"),
        default="total",
        help="break down: by area (the next tier below, or the members of a cohort), level (every area of "
        "every level), service, OZG service, Lage or Themenfeld",
    )
    _cells(coverage)
    _as_of(coverage)
    limited(coverage)
    _simulate(commands)


def _simulate(commands: Parsers) -> None:
    simulate = with_config(
        command(
            commands,
            "simulate",
            "coverage:simulate",
            "work out on a copy what an adoption would bring, or which roll-outs reach a target",
        )
    )
    simulate.add_argument("place", nargs="?", default="00", metavar="PLACE", help=_PLACE)
    simulate.add_argument(
        "--service", action="append", default=[], metavar="KEY", help="adopt this; repeatable"
    )
    simulate.add_argument(
        "--in",
        action="append",
        default=[],
        dest="areas",
        metavar="AREA",
        help="adopted by this area or cohort, for all that lies in it; repeatable",
    )
    simulate.add_argument("--each", action="store_true", help="every body in it offers the service itself")
    simulate.add_argument(
        "--evidence",
        choices=tuple(rung.label for rung in Evidence if rung),
        default=Evidence.ONLINE_SERVICE.label,
        help="how far the solution carries (default: online_service)",
    )
    simulate.add_argument(
        "--until", type=_day, metavar="DATE", help="when it is done; names duties that are new by then"
    )
    simulate.add_argument(
        "--target", type=_percent, metavar="PERCENT", help="instead: which few roll-outs reach this share"
    )
    simulate.add_argument(
        "--unit",
        action="append",
        choices=("service", "gemeinde", "kreis", "land"),
        help="with --target, what one roll-out is: a service in all bodies, or an area that takes on all "
        "that is lacking in it; repeatable (default: service)",
    )
    simulate.add_argument(
        "--measure", choices=("people", "bodies"), default="people", help="with --target: share of what"
    )
    simulate.add_argument(
        "--most", type=at_least_one, default=1_000, metavar="N", help="with --target: at most N roll-outs"
    )
    simulate.add_argument("--obligation", action="append", default=[], metavar="ID", help="repeatable")
    simulate.add_argument("--line", choices=("gemeinde", "kreis"))
    _as_of(simulate)
    limited(simulate)


def _cells(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--obligation", action="append", default=[], metavar="ID", help="repeatable")
    parser.add_argument("--service", action="append", default=[], metavar="KEY", help="repeatable")
    parser.add_argument("--line", choices=("gemeinde", "kreis"))


def _as_of(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--release", type=int, metavar="N", help="as of this release")
    which.add_argument(
        "--at", "--as-of", metavar="DATE", help="as of this day or instant, such as 2026-11-22"
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2027-12-31") from error


def _percent(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 100:  # noqa: PLR2004 - per cent
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 up to 100")
    return number / 100
