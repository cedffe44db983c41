"""The grammar of what plans a roll-out: uniformity, reuse, blueprint, priorities, media breaks, adoption."""

from __future__ import annotations

import argparse
from typing import Final

from syncd.cli.grammar import AREA, Parsers, at_least_one, command, count, limited, of_release, with_config

_PLACE: Final = f"{AREA}; or the id of a cohort, such as pilots"


def add_planning(commands: Parsers) -> None:
    """Add the commands that plan a roll-out."""
    _uniformity(commands)
    _reuse(commands)
    _blueprint(commands)
    _priorities(commands)
    _media_breaks(commands)
    _adoption(commands)


def _uniformity(commands: Parsers) -> None:
    uniformity = with_config(
        command(
            commands,
            "uniformity",
            "uniformity:uniformity",
            "count the different procedures of each service, and say who deviates",
        )
    )
    uniformity.add_argument("--area", metavar="AREA", help=f"{AREA}; only bodies in it")
    uniformity.add_argument("--service", metavar="KEY")
    how = uniformity.add_mutually_exclusive_group()
    how.add_argument("--procedures", action="store_true", help="one line per procedure in use")
    how.add_argument("--deviations", action="store_true", help="one line per body that deviates")
    how.add_argument(
        "--summary", action="store_true", help="how far the area (or each area of the cohorts) deviates"
    )
    of_release(uniformity)
    limited(uniformity)


def _reuse(commands: Parsers) -> None:
    reuse = with_config(
        command(
            commands,
            "reuse",
            "planning:reuse",
            "list solutions that run elsewhere for each gap, best fit first",
        )
    )
    reuse.add_argument("area", metavar="AREA", help=f"{AREA}; with all that lies in it")
    reuse.add_argument("--service", metavar="KEY")
    reuse.add_argument("--obligation", metavar="ID")
    reuse.add_argument(
        "--state", action="append", default=[], metavar="STATE", help="repeatable; also unknown"
    )
    reuse.add_argument(
        "--best", type=at_least_one, metavar="N", default=3, help="solutions per gap (default: 3)"
    )
    of_release(reuse)
    limited(reuse)


def _blueprint(commands: Parsers) -> None:
    blueprint = with_config(
        command(
            commands, "blueprint", "planning:blueprint", "list what one place would need to equal another"
        )
    )
    blueprint.add_argument("place", metavar="FROM", help=_PLACE)
    blueprint.add_argument("model", metavar="TO", help=_PLACE)
    blueprint.add_argument("--obligation", metavar="ID")
    blueprint.add_argument("--all", action="store_true", help="also where nothing is needed")
    of_release(blueprint)
    limited(blueprint)


def _priorities(commands: Parsers) -> None:
    priorities = with_config(
        command(
            commands,
            "priorities",
            "planning:priorities",
            "list what to close first in a place, by a printed formula",
        )
    )
    priorities.add_argument("place", metavar="PLACE", help=_PLACE)
    priorities.add_argument("--obligation", metavar="ID")
    of_release(priorities)
    limited(priorities)


def _media_breaks(commands: Parsers) -> None:
    breaks = with_config(
        command(
            commands,
            "media-breaks",
            "media_breaks:media_breaks",
            "list channels that break the digital path or are not what is claimed; exit code 1 if any",
        )
    )
    breaks.add_argument("--area", metavar="AREA", help=f"{AREA}; with all that lies in it or holds in it")
    breaks.add_argument("--service", metavar="KEY")
    breaks.add_argument(
        "--finding",
        action="append",
        default=[],
        choices=(
            "contradicted_by_probe",
            "contradicted_by_address",
            "contradicted_by_operator",
            "no_link",
            "dead_link",
            "other_act",
            "parent_key",
            "media_break",
            "none",
        ),
        help="repeatable; without it all but none",
    )
    of_release(breaks)
    limited(breaks)


def _adoption(commands: Parsers) -> None:
    adoption = with_config(
        command(
            commands,
            "adoption",
            "adoption:adoption",
            "show how fast a service spreads and when targets are reached, or list all that stalled",
        )
    )
    adoption.add_argument(
        "service", nargs="?", metavar="SERVICE", help="service key; without it all services that stalled"
    )
    adoption.add_argument("--area", metavar="AREA", help=f"{AREA}; default: all of Germany")
    adoption.add_argument("--obligation", metavar="ID")
    adoption.add_argument(
        "--target",
        type=_percent,
        action="append",
        default=[],
        metavar="PERCENT",
        help="share of the people to foretell; repeatable (default: 50, 80, 95)",
    )
    adoption.add_argument("--weeks", action="store_true", help="one line per week instead of the forecasts")
    of_release(adoption)
    limited(adoption)


def _percent(text: str) -> float:
    number = count(text)
    if not 1 <= number <= 100:  # noqa: PLR2004 - per cent
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100")
    return number / 100
