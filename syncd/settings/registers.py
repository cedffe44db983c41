"""Reading the registers of areas and services that the configuration names, or the ones we ship.

An edition of the area register holds on the day it was made; successions say what became of areas since. So
the register in force is asked for by day. This module must not know what sources say.
"""

from __future__ import annotations

import gzip
import lzma
import tomllib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from io import BufferedIOBase
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from syncd.errors import ConfigError, SyncdError
from syncd.model.area import Area, AreaAlias, AreaKey, Succession
from syncd.model.service import Service
from syncd.pipeline.codec import canonical_json, short_hash
from syncd.pipeline.registry import AreaRegister
from syncd.rules.areas import AreaIndex
from syncd.rules.editions import check_successions, effective_areas, map_codes
from syncd.rules.gv100ad import Edition, decode_gv100ad, parse_gv100ad
from syncd.rules.line import AreaLine
from syncd.rules.prioritise import CaseFigure
from syncd.rules.services import parse_catalogue_2019
from syncd.settings.aliases_file import read_aliases
from syncd.settings.base import Table
from syncd.settings.cases_file import read_cases
from syncd.settings.daemon_file import RegistersTable
from syncd.settings.problems import Problem, from_validation
from syncd.settings.shipped import shipped_directory

SERVICES_LABEL = "OZG/LeiKa-Katalog, Stand Oktober 2019"
_LARGEST = 200_000_000
_T = TypeVar("_T")


class SuccessionTable(Table):
    """``[[succession]]``: one area ends and another takes over."""

    from_code: str = Field(alias="from")
    to_code: str = Field(alias="to")
    on: date
    reason: str = Field(min_length=1)


class SuccessionsFile(Table):
    """All of the table of successions."""

    succession: tuple[SuccessionTable, ...] = Field((), strict=False)


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers as read. ``services`` by key; areas as of any day through :meth:`area_register`."""

    edition: Edition
    successions: tuple[Succession, ...]
    services: Mapping[str, Service]
    services_label: str = SERVICES_LABEL
    cases: Mapping[str, CaseFigure] = field(default_factory=dict)
    aliases: tuple[AreaAlias, ...] = ()
    _in_force: dict[int, AreaRegister] = field(default_factory=dict, repr=False, compare=False)

    def area_register(self, on: date) -> AreaRegister:
        """Return the area register in force on a day."""
        applied = sum(1 for s in self.successions if s.on <= on)
        if (known := self._in_force.get(applied)) is None:
            known = build_area_register(self.edition, self.successions, on, self.aliases)
            self._in_force[applied] = known
        return known


def build_area_register(
    edition: Edition, successions: tuple[Succession, ...], on: date, aliases: tuple[AreaAlias, ...] = ()
) -> AreaRegister:
    """Return the register of an edition with the successions up to a day applied.

    Areas that have ended stay known by name, and so do aliases of theirs: as names of who took over.
    """
    areas = effective_areas(edition.areas, successions, on)
    past = tuple(s for s in successions if s.on <= on)
    moved = map_codes(past, on)
    codes = {area.code for area in areas}
    former = [
        (area.name, AreaKey(moved[area.code]))
        for area in edition.areas
        if area.code not in codes and moved.get(area.code) in codes
    ]
    known = [replace(alias, code=moved.get(alias.code, alias.code)) for alias in aliases]
    return AreaRegister(
        label=f"GV100AD {edition.stated_on:%d.%m.%Y}",
        digest=short_hash(canonical_json([_row(area) for area in areas])).hex(),
        areas=areas,
        index=AreaIndex.from_areas(
            areas, past, former=former, aliases=[alias for alias in known if alias.code in codes]
        ),
        line=AreaLine.build(areas),
        moved={old: AreaKey(new) for old, new in moved.items()},
        successions=past,
    )


def read_registers(directory: Path, table: RegistersTable) -> tuple[Registers | None, list[Problem]]:
    """Read the files; the registers are None when one of them cannot be used."""
    problems: list[Problem] = []

    def take(key: str, read: Callable[[bytes, str], _T]) -> _T | None:
        name = getattr(table, key)
        try:
            return read(read_packed(reference_file(directory, name)), name)
        except SyncdError as error:
            problems.append(Problem("syncd.toml", f"registers.{key}", f"{name}: {error.message}", error.fix))
        except _RefusedError as refused:
            problems.extend(refused.problems)
        return None

    edition = take("areas", lambda raw, _: parse_gv100ad(decode_gv100ad(raw)))
    services = take("services", lambda raw, _: parse_catalogue_2019(_utf8(raw)))
    successions = take("successions", read_successions)
    cases = take("cases", _read_cases)
    if edition is None or services is None or successions is None or cases is None:
        return None, problems
    codes = {area.code for area in edition.areas}.union(*((s.from_code, s.to_code) for s in successions))
    own = (directory / table.area_aliases).is_file()
    aliases = take("area_aliases", lambda raw, name: _read_aliases(raw, name, codes, strict=own))
    if aliases is None:
        return None, problems
    by_key = {s.key.value: s for s in services}
    return Registers(edition, successions, by_key, cases=cases, aliases=aliases), []


def reference_file(directory: Path, name: str) -> Path:
    """Return the file in the configuration directory or, where it is absent, the shipped one."""
    own = directory / name
    if own.is_file():
        return own
    if not Path(name).is_absolute() and (shipped := shipped_directory() / name).is_file():
        return shipped
    raise ConfigError("there is no such file", where=str(own), fix="Correct the name or leave the key out.")


def read_packed(path: Path) -> bytes:
    """Return the content of a plain, gzip or xz file; raises ConfigError."""
    try:
        with _opened(path) as stream:
            raw = stream.read(_LARGEST + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ConfigError(
            f"cannot be read: {error}", where=str(path), fix="Restore the shipped file."
        ) from error
    if len(raw) > _LARGEST:
        raise ConfigError(f"is larger than {_LARGEST} bytes", where=str(path), fix="Use the official file.")
    return raw


def _opened(path: Path) -> BufferedIOBase:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")
    return lzma.open(path, "rb") if path.suffix == ".xz" else path.open("rb")


def read_successions(raw: bytes, name: str) -> tuple[Succession, ...]:
    """Return the table of successions, checked against itself."""
    try:
        table = SuccessionsFile.model_validate(tomllib.loads(_utf8(raw)))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not valid TOML: {error}") from error
    except ValidationError as error:
        raise _RefusedError(from_validation(error, SuccessionsFile, file=name)) from error
    return check_successions(Succession(s.from_code, s.to_code, s.on, s.reason) for s in table.succession)


def _read_aliases(raw: bytes, name: str, codes: set[str], *, strict: bool) -> tuple[AreaAlias, ...]:
    aliases, problems = read_aliases(_utf8(raw), name, codes, strict=strict)
    if problems:
        raise _RefusedError(problems)
    return aliases


def _read_cases(raw: bytes, name: str) -> dict[str, CaseFigure]:
    figures, problems = read_cases(_utf8(raw), name)
    if problems:
        raise _RefusedError(problems)
    return figures


class _RefusedError(Exception):
    """Carries the problems of one file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"is not UTF-8 at byte {error.start}", fix="Save it as UTF-8.") from error


def _row(area: Area) -> list[Any]:
    return [
        area.code,
        area.name,
        area.kind.value,
        area.population,
        area.ags,
        area.seat_postcode,
        area.valid_from.isoformat() if area.valid_from else None,
    ]
