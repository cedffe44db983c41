"""The settings of the table of case figures: how often a service is needed, and who says so."""

from __future__ import annotations

import tomllib
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError, model_validator

from syncd.errors import ConfigError
from syncd.rules.prioritise import CaseFigure
from syncd.settings.base import Line, Table
from syncd.settings.problems import Problem, from_validation

Key = Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]


class CaseTable(Table):
    """``[[case]]``: how often one service is needed."""

    service: Key = Field(description="Service key, 14 digits.")
    cases_per_1000: float = Field(
        gt=0, le=100_000, allow_inf_nan=False, description="Cases a year per 1,000 inhabitants."
    )
    year: int = Field(ge=1990, le=2100, description="Year the figure is of.")
    source: Line = Field(description="Who says so, so that somebody else finds it.")


class CasesFile(Table):
    """All of ``reference/cases.toml``."""

    case: tuple[CaseTable, ...] = Field((), strict=False)

    @model_validator(mode="after")
    def _each_service_once(self) -> CasesFile:
        keys = [case.service for case in self.case]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"services listed twice: {', '.join(twice)}")
        return self

    def to_figures(self) -> dict[str, CaseFigure]:
        """Return the figures by service key."""
        return {
            case.service: CaseFigure(case.service, case.cases_per_1000, case.year, case.source)
            for case in self.case
        }


def read_cases(text: str, name: str) -> tuple[dict[str, CaseFigure], list[Problem]]:
    """Return the figures of a table, or every problem of it; raises ConfigError for what is no TOML."""
    try:
        return CasesFile.model_validate(tomllib.loads(text)).to_figures(), []
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not valid TOML: {error}", fix="Correct the line or restore the file.") from error
    except ValidationError as error:
        return {}, from_validation(error, CasesFile, file=name)
