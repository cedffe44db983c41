"""What may be asked: parameters of every route, checked before anything is read.

One model per set of parameters; the same models make the parameters of the OpenAPI document. Texts are
bounded and free of control characters, numbers fit the database, anything unknown or repeated is refused by
name.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from syncd.web.problems import BadRequest, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_NUMBER = 2**31 - 1
MAX_LIMIT = 1000
DEFAULT_LIMIT = 100
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
_DIGITS = re.compile(r"[0-9]{1,10}")

GapState = Literal["own", "inherited", "offline", "dead", "missing", "unknown", "not_owed"]
Cause = Literal[
    "none",
    "not_described",
    "described_not_online",
    "solution_not_connected",
    "media_break",
    "dead_link",
    "no_authority",
    "conflict",
    "wrong_key",
    "stale",
    "no_source",
]
LineName = Literal["bund", "land", "kreis", "gemeinde"]
Language = Literal["de", "en"]


def _whole_number(value: object) -> object:
    if isinstance(value, str):
        if not _DIGITS.fullmatch(value):
            raise ValueError("must be a whole number without sign, blanks or separators")
        return int(value)
    return value


def _moment(value: object) -> object:
    """Read a day or an instant; a day means its end, so that everything published on it counts (UTC)."""
    if not isinstance(value, str):
        return value
    try:
        if len(value) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(value), time.max, UTC)
        # An unescaped plus sign arrives as a blank.
        found = datetime.fromisoformat(value.replace(" ", "+"))
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be a day such as 2026-01-31 or an instant with zone such as 2026-01-31T12:00:00Z")


# The bounds stand first: behind the validator pydantic would not write them into the schema.
Number = Annotated[int, Field(ge=1, le=MAX_NUMBER), BeforeValidator(_whole_number)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT), BeforeValidator(_whole_number)]
Percent = Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole_number)]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
    ),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_CONTROLS)]
ServiceText = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=_NO_CONTROLS)]
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[A-Za-z0-9_-]+$")]


class Parameters(BaseModel):
    """Base of all sets of parameters; also the set of a route that takes none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AsOf(Parameters):
    """Which release is read."""

    release: Number | None = Field(None, description="Number of a release; default: the current one.")
    at: Moment | None = Field(
        None, description="Read the release that was current at the end of a day (UTC) or at an instant."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> AsOf:
        if self.release is not None and self.at is not None:
            raise ValueError("give either release or at, not both")
        return self


class Paged(Parameters):
    """A part of a listing."""

    cursor: Cursor | None = Field(
        None,
        description="Where to go on, from `next` of the previous page; bound to its release and filters.",
    )
    limit: Limit = Field(DEFAULT_LIMIT, description="Items per page.")


class PagedAsOf(AsOf, Paged):
    """A part of a listing of a release."""


class SourcePath(Parameters):
    """One source."""

    source: Text = Field(description="Id of a source.")


class RunFilter(Paged):
    """Runs of one source, or of all."""

    source: Text | None = Field(None, description="Id of a source.")


class RunPath(Parameters):
    """One run."""

    run: Number = Field(description="Number of a run.")


class AreaFilter(PagedAsOf):
    """Areas by name or code."""

    q: Text | None = Field(None, description="Part of the name, or the beginning of the ARS.")


class AreaPath(AsOf):
    """One area."""

    area: Text = Field(description="Cut code, ARS (12 digits), AGS (8 digits) or unique name.")


class AreaCoverageParameters(AreaPath):
    """Coverage of one area."""

    obligation: Text | None = Field(None, description="Id of an obligation; default: all.")
    cells: Literal["true", "false"] = Field(
        "false", description="`true` adds the state of every owed service in the area's own cell."
    )


class CohortPath(AsOf):
    """One cohort."""

    cohort: Text = Field(description="Id of a cohort.")


class ServiceFilter(PagedAsOf):
    """Services by name or key."""

    q: Text | None = Field(None, description="Part of the key or of the name.")


class ServicePath(AsOf):
    """One service."""

    service: ServiceText = Field(description="Service key; dots and blanks are tolerated.")


class EntryFilter(PagedAsOf):
    """Entries of the merged catalogue."""

    service: ServiceText | None = Field(None, description="Service key.")
    area: Text | None = Field(
        None, description="Entries that hold in this area: its own and those of every area above it."
    )


class GapChoice(AsOf):
    """Cells that fall short."""

    area: Text | None = Field(None, description="The area and everything inside it.")
    service: ServiceText | None = Field(None, description="Service key.")
    obligation: Text | None = Field(None, description="Id of an obligation.")
    line: LineName | None = Field(None, description="Tier on which cells are counted.")
    state: list[GapState] = Field(
        default_factory=list,
        max_length=7,
        description="States to list, repeatable; default: offline, dead and missing. `unknown` is no gap and "
        "listed only when asked for.",
    )
    cause: list[Cause] = Field(
        default_factory=list, max_length=11, description="Causes to list, repeatable; default: all."
    )


class GapFilter(GapChoice, PagedAsOf):
    """A part of the cells that fall short."""


class ExplainParameters(AsOf):
    """One cell."""

    service: ServiceText = Field(description="Service key.")
    area: Text = Field(description="Cut code, ARS, AGS or unique name.")
    obligation: Text | None = Field(
        None, description="Id of an obligation; default: the first that owes the cell."
    )
    lang: Language = Field("en", description="Language of the sentences.")


class ReleasePath(Parameters):
    """One release."""

    release: Number = Field(description="Number of a release.")


class ReleaseChangesParameters(ReleasePath, Paged):
    """Changes of one release."""


class PageParameters(Parameters):
    """A page that always shows the present."""

    lang: Language = "de"


class ExplainPageParameters(AsOf):
    """The page that explains a cell; without service or area it is a form."""

    service: ServiceText | None = None
    area: Text | None = None
    obligation: Text | None = None
    lang: Language = "de"


class StyleParameters(Parameters):
    """A file of the pages; its address changes with its content."""

    v: Text = ""


_Parameters = TypeVar("_Parameters", bound=Parameters)


def read_parameters(
    model: type[_Parameters], query: Iterable[tuple[str, str]], path: Mapping[str, str]
) -> _Parameters:
    """Return the checked parameters; raises BadRequest naming what is wrong and what is known."""
    known = [name for name in model.model_fields if name not in path]
    given: dict[str, list[str]] = {}
    for name, value in query:
        given.setdefault(name, []).append(value)
    findings: list[Finding] = []
    values: dict[str, object] = dict(path)
    for name, texts in given.items():
        if name not in known:
            hint = ", ".join(known) or "none"
            findings.append(Finding(parameter=name[:80], message=f"is not known here (known: {hint})"))
        elif model.model_fields[name].default_factory is list:
            values[name] = texts
        elif len(texts) > 1:
            findings.append(Finding(parameter=name, message="may be given only once"))
        else:
            values[name] = texts[0]
    if not findings:
        try:
            return model.model_validate(values)
        except ValidationError as error:
            findings.extend(
                Finding(
                    parameter=str(problem["loc"][0]) if problem["loc"] else "",
                    message=problem["msg"].removeprefix("Value error, "),
                )
                for problem in error.errors(include_url=False, include_context=False)
            )
    raise BadRequest(findings)
