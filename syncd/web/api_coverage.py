"""Routes of coverage figures and simulations."""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from syncd.errors import ConfigError
from syncd.model.evidence import Evidence
from syncd.pipeline.figures import By, FiguresQuery, figures
from syncd.pipeline.figures_shown import group_shown, plan_shown, simulation_shown
from syncd.pipeline.place import place_of
from syncd.pipeline.simulate import Adoption, TargetQuery, roll_outs, simulate
from syncd.rules.figure_words import SIMULATED
from syncd.web.api_registers import json_of
from syncd.web.coverage_documents import GroupFiguresDocument, SimulationBody, SimulationDocument
from syncd.web.documents import ReleaseListing, ReleaseSingle
from syncd.web.parameters import AsOf, Language, LineName, PagedAsOf, ServiceText, Text
from syncd.web.routes import Binding, Table

if TYPE_CHECKING:
    from syncd.pipeline.ask import ReleaseView
    from syncd.web.paging import Paging, Reply

table = Table()


class CoverageFilter(PagedAsOf):
    """Which cells are counted, and how they are grouped."""

    place: Text = Field("00", description="Area (code, ARS, AGS, unique name) or id of a cohort.")
    by: Literal["total", "area", "level", "service", "ozg", "situation", "theme"] = Field(
        "total",
        description="`area`: the next tier below, or the members of a cohort; "
        "`level`: every area of every level.",
    )
    obligation: list[Text] = Field(default_factory=list, max_length=20, description="Ids; default: all.")
    line: LineName | None = Field(None, description="Tier on which cells are counted.")
    service: list[ServiceText] = Field(
        default_factory=list, max_length=200, description="Service keys; default: all."
    )
    lang: Language = Field("en", description="Language of the rules.")


@table.get(
    "/v1/coverage",
    tag="coverage",
    summary="Coverage figures, each with its rule, numerator, denominator and what is unknown",
    binding=Binding.RELEASE,
    document=ReleaseListing[GroupFiguresDocument],
    parameters=CoverageFilter,
    configured=True,
)
def list_coverage(view: ReleaseView, query: CoverageFilter, paging: Paging) -> Reply:
    """Sorted by obligation, line and group."""
    asked = FiguresQuery(
        place=query.place,
        by=By(query.by),
        obligations=frozenset(query.obligation),
        line=query.line,
        services=frozenset(view.service(key).service_key for key in query.service),
    )
    after = (paging.text(0), paging.text(1), paging.text(2)) if paging.after else None
    found = tuple(islice(figures(view, asked, after=after, at_once=paging.limit + 1), paging.limit + 1))
    return paging.page(
        found,
        lambda one: json_of(GroupFiguresDocument.model_validate(group_shown(one, query.by, query.lang))),
        lambda one: one.position,
    )


@table.calculate(
    "/v1/simulations",
    tag="coverage",
    summary="What an adoption would bring, or which roll-outs reach a target; changes nothing",
    body=SimulationBody,
    document=ReleaseSingle[SimulationDocument],
    parameters=AsOf,
)
def run_simulation(view: ReleaseView, body: SimulationBody, paging: Paging) -> Reply:
    """Worked out on a copy of the cells."""
    query = FiguresQuery(place=body.place, obligations=frozenset(body.obligations), line=body.line)
    shown: dict[str, object] = {"outcomes": [], "not_counted": [], "plans": []}
    if body.adoption is not None:
        adoption = Adoption(
            services=frozenset(body.adoption.services),
            areas=tuple(body.adoption.areas),
            evidence=Evidence.from_label(body.adoption.evidence),
            each=body.adoption.each,
            by_on=_day(body.adoption.by_on),
        )
        shown |= simulation_shown(simulate(view, adoption, query), body.lang)
    elif body.target is not None:
        target = TargetQuery(
            target=body.target.share,
            units=frozenset(body.target.units),
            measure=body.target.measure,
            at_most=body.target.at_most,
        )
        shown["plans"] = [plan_shown(plan, body.lang) for plan in roll_outs(view, target, query)]
    document = {"place": place_of(view, body.place).name, "note": SIMULATED[body.lang]} | shown
    return paging.single(SimulationDocument.model_validate(document))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ConfigError(
            f"there is no day {text}", where="adoption.by_on", code="bad_parameter", fix="Write 2027-12-31."
        ) from error
