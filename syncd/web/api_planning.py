"""Routes that plan a roll-out: uniformity, reuse, blueprint, priorities, media breaks, adoption."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING

from pydantic import Field

from syncd.errors import NotFound, StorageError
from syncd.pipeline.adoption import TARGETS, adoption, stalls
from syncd.pipeline.blueprint import blueprint
from syncd.pipeline.gaps import GapQuery
from syncd.pipeline.media_breaks import FINDINGS, channel_page
from syncd.pipeline.place import place_of
from syncd.pipeline.planned import (
    channel_shown,
    curve_shown,
    difference_shown,
    priority_shown,
    reuse_shown,
    uniformity_shown,
    unknown_cases,
)
from syncd.pipeline.priorities import priorities
from syncd.pipeline.reuse import GapReuse, reuse
from syncd.pipeline.uniformity import deviation_page, uniformities
from syncd.rules.blueprint import NEEDED, Step
from syncd.rules.media_breaks import Finding
from syncd.rules.plan_words import FORMULA
from syncd.web.api_registers import check_obligation, json_of
from syncd.web.documents import Listing, ReleaseListing, ReleaseSingle
from syncd.web.parameters import (
    AsOf,
    GapState,
    Language,
    Limit,
    Moment,
    Paged,
    PagedAsOf,
    Percent,
    ServiceText,
    Text,
)
from syncd.web.planning_documents import (
    AdoptionDocument,
    ChannelFindingDocument,
    DeviationDocument,
    DifferenceDocument,
    FindingName,
    GapReuseDocument,
    PrioritiesDocument,
    StallDocument,
    StepName,
    UniformityDocument,
)
from syncd.web.routes import Binding, Table

if TYPE_CHECKING:
    from datetime import datetime

    from syncd.model.area import Area
    from syncd.pipeline.ask import Ask, ReleaseView
    from syncd.web.paging import Paging, Reply

table = Table()
SERVICES_PER_PAGE = 25
"""Services one request for reuse looks at: for each of them all offers of the country are read."""


class UniformityFilter(PagedAsOf):
    """Services, counted in an area."""

    area: Text | None = Field(None, description="Only bodies of this area; default: all of Germany.")
    service: ServiceText | None = Field(None, description="Service key.")


class ReuseFilter(PagedAsOf):
    """Gaps of an area."""

    area: Text = Field(description="The area and everything inside it.")
    service: ServiceText | None = Field(None, description="Service key.")
    obligation: Text | None = Field(None, description="Id of an obligation.")
    state: list[GapState] = Field(
        default_factory=list, max_length=7, description="States, repeatable; default: the gaps proper."
    )
    lang: Language = Field("en", description="Language of the reasons.")


class BlueprintFilter(PagedAsOf):
    """Two places."""

    place: Text = Field(description="Area, or id of a cohort, that would like to equal the model.")
    model: Text = Field(description="Area, or id of a cohort, to equal.")
    obligation: Text | None = Field(None, description="Id of an obligation.")
    step: list[StepName] = Field(
        default_factory=list,
        max_length=7,
        description="Steps to list, repeatable; default: adopt, connect and find_out.",
    )
    lang: Language = Field("en", description="Language of the steps.")


class PrioritiesFilter(AsOf):
    """One place."""

    place: Text = Field(description="Area, or id of a cohort.")
    obligation: Text | None = Field(None, description="Id of an obligation.")
    most: Limit = Field(100, description="How many to list, from the top.")
    lang: Language = Field("en", description="Language of formula and reasons.")


class MediaBreakFilter(PagedAsOf):
    """Channels."""

    area: Text | None = Field(None, description="Entries of this area, of all inside it and of those above.")
    service: ServiceText | None = Field(None, description="Service key.")
    finding: list[FindingName] = Field(
        default_factory=list, max_length=8, description="Findings, repeatable; default: all but `none`."
    )
    lang: Language = Field("en", description="Language of the reasons.")


class StallFilter(Paged):
    """Services of an area."""

    at: Moment | None = Field(None, description="As of the end of a day (UTC) or an instant; default: now.")
    area: Text | None = Field(None, description="Default: all of Germany.")
    obligation: Text | None = Field(None, description="Id of an obligation.")


class AdoptionFilter(AsOf):
    """One service."""

    service: ServiceText = Field(description="Service key.")
    area: Text | None = Field(None, description="Default: all of Germany.")
    obligation: Text | None = Field(None, description="Id of an obligation.")
    target: list[Percent] = Field(
        default_factory=list,
        max_length=10,
        description="Shares of the people to foretell in per cent, repeatable; default: 50, 80 and 95.",
    )
    lang: Language = Field("en", description="Language of the forecasts.")


@table.get(
    "/v1/uniformity",
    tag="planning",
    summary="How many different procedures do the same task, service by service",
    binding=Binding.RELEASE,
    document=ReleaseListing[UniformityDocument],
    parameters=UniformityFilter,
)
def list_uniformity(view: ReleaseView, query: UniformityFilter, paging: Paging) -> Reply:
    """Sorted by service key; services without any digital procedure are left out."""
    services = uniformities(
        view, service_key=_key(view, query.service), area=_area(view, query.area), after=paging.after_text
    )
    return paging.page(
        tuple(islice(services, paging.limit + 1)),
        lambda one: json_of(UniformityDocument.model_validate(uniformity_shown(one))),
        lambda one: (one.service_key,),
    )


@table.get(
    "/v1/uniformity/deviations",
    tag="planning",
    summary="Bodies that use another procedure than the one that leads",
    binding=Binding.RELEASE,
    document=ReleaseListing[DeviationDocument],
    parameters=UniformityFilter,
)
def list_deviations(view: ReleaseView, query: UniformityFilter, paging: Paging) -> Reply:
    """Sorted by service key and area. A page may be short: follow `next`."""
    found, last = deviation_page(
        view,
        paging.limit,
        service_key=_key(view, query.service),
        area=_area(view, query.area),
        after=(paging.text(0), paging.text(1)) if paging.after else None,
    )
    return paging.part(found, lambda one: json_of(DeviationDocument.model_validate(asdict(one))), last)


@table.get(
    "/v1/reuse",
    tag="planning",
    summary="Gaps with the solutions that already run elsewhere, best fit first",
    binding=Binding.RELEASE,
    document=ReleaseListing[GapReuseDocument],
    parameters=ReuseFilter,
)
def list_reuse(view: ReleaseView, query: ReuseFilter, paging: Paging) -> Reply:
    """In the order of gaps, at most five solutions each. A page may be short: follow `next`."""
    check_obligation(view, query.obligation)
    question = GapQuery(
        area=view.area(query.area),
        service_key=_key(view, query.service),
        obligation_id=query.obligation,
        states=tuple(query.state),
    )
    found: list[GapReuse] = []
    services: set[str] = set()
    last: tuple[str] | None = None
    for one in reuse(view, question, after=paging.after_text):
        services.add(one.gap.service_key)
        if len(found) == paging.limit or len(services) > SERVICES_PER_PAGE:
            last = (found[-1].gap.gap_id,)
            break
        found.append(one)
    return paging.part(
        found, lambda one: json_of(GapReuseDocument.model_validate(reuse_shown(one, query.lang))), last
    )


@table.get(
    "/v1/blueprint",
    tag="planning",
    summary="What one place would need to equal another",
    binding=Binding.RELEASE,
    document=ReleaseListing[DifferenceDocument],
    parameters=BlueprintFilter,
    configured=True,
)
def list_blueprint(view: ReleaseView, query: BlueprintFilter, paging: Paging) -> Reply:
    """Sorted by obligation, line and service key."""
    check_obligation(view, query.obligation)
    found = blueprint(
        view,
        place_of(view, query.place),
        place_of(view, query.model),
        obligation_id=query.obligation,
        steps=frozenset(map(Step, query.step)) or NEEDED,
        after=(paging.text(0), paging.text(1), paging.text(2)) if paging.after else None,
    )
    return paging.page(
        tuple(islice(found, paging.limit + 1)),
        lambda one: json_of(DifferenceDocument.model_validate(difference_shown(one, query.lang))),
        lambda one: (one.obligation_id, one.line, one.service_key),
    )


@table.get(
    "/v1/priorities",
    tag="planning",
    summary="What to close first in a place, with the formula",
    binding=Binding.RELEASE,
    document=ReleaseSingle[PrioritiesDocument],
    parameters=PrioritiesFilter,
    configured=True,
    in_turn=True,
)
def get_priorities(view: ReleaseView, query: PrioritiesFilter, paging: Paging) -> Reply:
    """People without the service × weight × readiness; unknown cells count as no gap."""
    check_obligation(view, query.obligation)
    place = place_of(view, query.place)
    found = priorities(view, place, obligation_id=query.obligation)
    return paging.single(
        PrioritiesDocument.model_validate(
            {
                "place": place.name,
                "formula": FORMULA[query.lang],
                "cases": unknown_cases(found, query.lang),
                "total": len(found),
                "items": [priority_shown(one, query.lang) for one in found[: query.most]],
            }
        )
    )


@table.get(
    "/v1/media-breaks",
    tag="planning",
    summary="Channels that break the digital path or are not what is claimed",
    binding=Binding.RELEASE,
    document=ReleaseListing[ChannelFindingDocument],
    parameters=MediaBreakFilter,
)
def list_media_breaks(view: ReleaseView, query: MediaBreakFilter, paging: Paging) -> Reply:
    """Sorted by service key, area and place in the entry. A page may be short: follow `next`."""
    found, last = channel_page(
        view,
        paging.limit,
        area=_area(view, query.area),
        service_key=_key(view, query.service),
        findings=frozenset(map(Finding, query.finding)) or FINDINGS,
        after=(paging.text(0), paging.text(1), paging.number(2)) if paging.after else None,
    )
    return paging.part(
        found,
        lambda one: json_of(ChannelFindingDocument.model_validate(channel_shown(one, query.lang))),
        last,
    )


@table.get(
    "/v1/adoption",
    tag="planning",
    summary="How fast a service spreads, and when targets are reached",
    # Time goes by without a release where nothing changes, and exactly that is a stall.
    binding=Binding.NOW,
    document=Listing[AdoptionDocument],
    parameters=AdoptionFilter,
    missing=True,
)
def list_adoption(ask: Ask, query: AdoptionFilter, paging: Paging) -> Reply:
    """One curve per obligation and line, read from the releases up to the present one or that of a day."""
    view = _present(ask, release=query.release, at=query.at)
    check_obligation(view, query.obligation)
    curves = adoption(
        view,
        view.service(query.service).service_key,
        area=_area(view, query.area),
        obligation_id=query.obligation,
        targets=tuple(sorted({percent / 100 for percent in query.target})) or TARGETS,
        until=query.at,
    )
    return paging.whole(
        curves, lambda one: json_of(AdoptionDocument.model_validate(curve_shown(one, query.lang)))
    )


@table.get(
    "/v1/adoption/stalls",
    tag="planning",
    summary="Services whose roll-out had begun and stands still",
    binding=Binding.NOW,
    document=Listing[StallDocument],
    parameters=StallFilter,
    missing=True,
)
def list_stalls(ask: Ask, query: StallFilter, paging: Paging) -> Reply:
    """Sorted by obligation, line and service key: known gaps, and nothing new for eight weeks."""
    view = _present(ask, at=query.at)
    check_obligation(view, query.obligation)
    found = stalls(
        view,
        area=_area(view, query.area),
        obligation_id=query.obligation,
        until=query.at,
        after=(paging.text(0), paging.text(1), paging.text(2)) if paging.after else None,
    )
    return paging.page(
        tuple(islice(found, paging.limit + 1)),
        lambda one: json_of(StallDocument.model_validate(one)),
        lambda one: (one.obligation_id, one.line, one.service_key),
    )


def _present(ask: Ask, *, release: int | None = None, at: datetime | None = None) -> ReleaseView:
    try:
        return ask.view(release=release, at=at)
    except NotFound as error:
        if release is not None or at is not None:
            raise
        # As for every other route: nothing is wrong with the request.
        raise StorageError(error.message, code="no_release") from error


def _area(view: ReleaseView, text: str | None) -> Area | None:
    return view.area(text) if text else None


def _key(view: ReleaseView, text: str | None) -> str | None:
    return view.service(text).service_key if text else None
