"""The registers we ship, read once per test process."""

from __future__ import annotations

import gzip
import tomllib
from datetime import date
from functools import cache

from syncd.model.area import Area, Succession
from syncd.model.service import Service
from syncd.rules.editions import effective_areas
from syncd.rules.gv100ad import Edition, decode_gv100ad, parse_gv100ad
from syncd.rules.line import AreaLine
from syncd.rules.services import parse_catalogue_2019
from tests.support.paths import REPOSITORY

REFERENCE = REPOSITORY / "config" / "reference"
HANAU_DAY = date(2026, 1, 1)


@cache
def shipped_register_bytes() -> bytes:
    """Return the GV100AD file as Destatis publishes it."""
    return gzip.decompress((REFERENCE / "gv100ad-2025-11-30.txt.gz").read_bytes())


@cache
def shipped_edition() -> Edition:
    """Return the shipped edition of the area register."""
    return parse_gv100ad(decode_gv100ad(shipped_register_bytes()))


@cache
def shipped_successions() -> tuple[Succession, ...]:
    """Return the shipped table of successions."""
    table = tomllib.loads((REFERENCE / "successions.toml").read_text(encoding="utf-8"))["succession"]
    return tuple(Succession(row["from"], row["to"], row["on"], row["reason"]) for row in table)


@cache
def areas_with_hanau() -> tuple[Area, ...]:
    """Return the register in force since Hanau left its Kreis."""
    return effective_areas(shipped_edition().areas, shipped_successions(), HANAU_DAY)


@cache
def line_with_hanau() -> AreaLine:
    """Return the line of that register."""
    return AreaLine.build(areas_with_hanau())


@cache
def shipped_catalogue_text() -> str:
    """Return the shipped service catalogue as CSV."""
    return gzip.decompress((REFERENCE / "ozg-leika-2019-10.csv.gz").read_bytes()).decode()


@cache
def shipped_services() -> dict[str, Service]:
    """Return the shipped service register by key."""
    return {service.key.value: service for service in parse_catalogue_2019(shipped_catalogue_text())}
