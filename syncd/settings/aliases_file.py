"""The operator's table of further names of areas, checked against the codes of the register."""

from __future__ import annotations

import tomllib
from collections.abc import Container
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError, model_validator

from syncd.errors import ConfigError
from syncd.model.area import AreaAlias
from syncd.rules.names import plain
from syncd.settings.base import Line, Table
from syncd.settings.problems import Problem, from_validation

Name = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,12}$")]


class AliasTable(Table):
    """``[[alias]]``: a name that portals use for an area and the register does not have."""

    name: Name = Field(description="The name as it is written.")
    area: Code = Field(description="Code of the area, cut to its level: 12 digits for a Gemeinde.")
    reason: Line = Field(description="Why this name means that area.")


class AliasesFile(Table):
    """All of ``reference/area-aliases.toml``."""

    alias: tuple[AliasTable, ...] = Field((), strict=False)

    @model_validator(mode="after")
    def _each_name_once(self) -> AliasesFile:
        named = [(plain(alias.name), alias.area) for alias in self.alias]
        if empty := [alias.name for alias in self.alias if not any(c.isalpha() for c in alias.name)]:
            raise ValueError(f"no name: {empty[0]!r}")
        if twice := sorted({name for name, area in named if named.count((name, area)) > 1}):
            raise ValueError(f"listed twice for the same area: {', '.join(twice)}")
        return self


def read_aliases(
    text: str, name: str, known: Container[str], *, strict: bool
) -> tuple[tuple[AreaAlias, ...], list[Problem]]:
    """Return the aliases of a table, or every problem of it; raises ConfigError for what is no TOML.

    ``known`` are the codes the register and its successions have. A code that is not among them is a problem
    of the operator's own table (``strict``); of the shipped one it is left out, because a register of one's
    own need not have the area.
    """
    try:
        table = AliasesFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not valid TOML: {error}", fix="Correct the line or restore the file.") from error
    except ValidationError as error:
        return (), from_validation(error, AliasesFile, file=name)
    problems = [
        Problem(
            name,
            f"alias.{number}.area",
            f"{alias.area!r} is no area of the register",
            "look it up with 'syncd areas NAME'",
        )
        for number, alias in enumerate(table.alias)
        if strict and alias.area not in known
    ]
    return tuple(AreaAlias(a.name, a.area, a.reason) for a in table.alias if a.area in known), problems
