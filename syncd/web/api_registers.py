"""Routes of sources, runs, areas, cohorts and services."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from syncd.errors import NotFound
from syncd.pipeline.gaps import cells_of_area
from syncd.web.documents import (
    AreaCoverageDocument,
    AreaDocument,
    CellDocument,
    CohortAreaDocument,
    CohortDetailDocument,
    CohortDocument,
    IssueDocument,
    Listing,
    ReleaseListing,
    ReleaseSingle,
    RunCountsDocument,
    RunDetailDocument,
    RunDocument,
    ScopeDocument,
    ServiceCoverageDocument,
    ServiceDocument,
    Single,
    SourceDetailDocument,
    SourceDocument,
    SummaryDocument,
)
from syncd.web.parameters import (
    AreaCoverageParameters,
    AreaFilter,
    AreaPath,
    CohortPath,
    Parameters,
    RunFilter,
    RunPath,
    ServiceFilter,
    ServicePath,
    SourcePath,
)
from syncd.web.reader import not_found
from syncd.web.routes import Binding, Table

if TYPE_CHECKING:
    from pydantic import BaseModel

    from syncd.model.coverage import Cohort
    from syncd.model.record import Scope
    from syncd.model.run import Run
    from syncd.pipeline.ask import Ask, ReleaseView
    from syncd.web.paging import Paging, Reply

table = Table()
_LAST_RUNS = 10


def json_of(document: BaseModel) -> bytes:
    """Return the JSON of a document."""
    return document.model_dump_json().encode()


# --- sources and runs -------------------------------------------------------------------------------------


@table.get(
    "/v1/sources",
    tag="sources",
    summary="All sources with the age of their data and how their last run ended",
    binding=Binding.NOW,
    document=Listing[SourceDocument],
)
def list_sources(ask: Ask, _query: Parameters, paging: Paging) -> Reply:
    """Sources are few: they are one page. Those whose file is gone stay as long as they hold data."""
    sources = ask.sources()
    return paging.whole(sources, lambda source: json_of(SourceDocument.model_validate(source)))


@table.get(
    "/v1/sources/{source}",
    tag="sources",
    summary="One source with its scope and last runs",
    binding=Binding.NOW,
    document=Single[SourceDetailDocument],
    parameters=SourcePath,
    missing=True,
)
def get_source(ask: Ask, query: SourcePath, paging: Paging) -> Reply:
    """Answers for the sources that the list names; without its file a source has no scope."""
    found = next((s for s in ask.sources() if s.source_id == query.source), None)
    if found is None:
        raise not_found("source", query.source, ", ".join(sorted(ask.registry.sources)), "unknown_source")
    plan = ask.registry.sources.get(found.source_id)
    runs = ask.store.runs(source_id=found.source_id, limit=_LAST_RUNS)
    return paging.single(
        SourceDetailDocument(
            **SourceDocument.model_validate(found).model_dump(),
            scope=_scope_document(plan.scope) if plan else None,
            stale_after_seconds=int(plan.stale_after.total_seconds()) if plan else None,
            runs=[run_document(run) for run in runs],
        )
    )


def _scope_document(scope: Scope) -> ScopeDocument:
    return ScopeDocument(
        areas=[area.code for area in scope.areas],
        services=None if scope.services is None else sorted(scope.services),
        silence_means_absence=scope.silence_means_absence,
    )


def run_document(run: Run) -> RunDocument:
    """Return the document of a run."""
    return RunDocument(
        run_id=run.run_id,
        source_id=run.source_id,
        started_at=run.started_at,
        ended_at=run.ended_at,
        outcome=run.outcome.value,
        code=run.code,
        reason=run.reason,
        fix=run.fix,
        trigger=run.trigger,
        counts=RunCountsDocument.model_validate(run.counts),
    )


@table.get(
    "/v1/runs",
    tag="sources",
    summary="Runs, newest first",
    binding=Binding.NOW,
    document=Listing[RunDocument],
    parameters=RunFilter,
    missing=True,
)
def list_runs(ask: Ask, query: RunFilter, paging: Paging) -> Reply:
    """A source that is no longer configured keeps its runs."""
    before = paging.after_number
    found = ask.store.runs(source_id=query.source, limit=paging.limit + 1, before=before)
    if query.source and not found and before is None and query.source not in ask.registry.sources:
        raise not_found("source", query.source, ", ".join(sorted(ask.registry.sources)), "unknown_source")
    return paging.page(found, lambda run: json_of(run_document(run)), lambda run: (run.run_id,))


@table.get(
    "/v1/runs/{run}",
    tag="sources",
    summary="One run with its findings",
    binding=Binding.NOW,
    document=Single[RunDetailDocument],
    parameters=RunPath,
    missing=True,
)
def get_run(ask: Ask, query: RunPath, paging: Paging) -> Reply:
    """Findings are kept up to a limit; their counts are complete."""
    run, details, issues, counts = ask.store.run(query.run)
    return paging.single(
        RunDetailDocument(
            **run_document(run).model_dump(),
            details=dict(details),
            issue_counts=dict(counts),
            issues=[
                IssueDocument(
                    code=issue.code,
                    message=issue.message,
                    where=issue.where,
                    value=issue.value,
                    severity=issue.severity.value,
                    fix=issue.fix,
                )
                for issue in issues
            ],
        )
    )


# --- areas and cohorts ------------------------------------------------------------------------------------


@table.get(
    "/v1/areas",
    tag="areas",
    summary="Areas of the register by name or code",
    binding=Binding.RELEASE,
    document=ReleaseListing[AreaDocument],
    parameters=AreaFilter,
)
def list_areas(view: ReleaseView, query: AreaFilter, paging: Paging) -> Reply:
    """Sorted by code."""
    after = paging.after_text
    later = (area for area in view.areas(query.q or "") if area.code > after)
    found = tuple(islice(later, paging.limit + 1))
    return paging.page(
        found,
        lambda area: json_of(AreaDocument.model_validate(view.area_view(area))),
        lambda area: (area.code,),
    )


@table.get(
    "/v1/areas/{area}",
    tag="areas",
    summary="One area",
    binding=Binding.RELEASE,
    document=ReleaseSingle[AreaDocument],
    parameters=AreaPath,
)
def get_area(view: ReleaseView, query: AreaPath, paging: Paging) -> Reply:
    """An ended area leads to the one that took over."""
    return paging.single(AreaDocument.model_validate(view.area_view(view.area(query.area))))


@table.get(
    "/v1/areas/{area}/coverage",
    tag="coverage",
    summary="Coverage of one area: states of its own cell and of the bodies inside it",
    binding=Binding.RELEASE,
    document=ReleaseSingle[AreaCoverageDocument],
    parameters=AreaCoverageParameters,
)
def get_area_coverage(view: ReleaseView, query: AreaCoverageParameters, paging: Paging) -> Reply:
    """Cells on demand: one per owed service."""
    check_obligation(view, query.obligation)
    area = view.area(query.area)
    cells = None
    if query.cells == "true":
        found = cells_of_area(view, area, obligation_id=query.obligation)
        cells = [CellDocument.model_validate(cell) for cell in found]
    return paging.single(
        AreaCoverageDocument(
            area=AreaDocument.model_validate(view.area_view(area)),
            summaries=[
                SummaryDocument.model_validate(s) for s in _summaries(view, area.code, query.obligation)
            ],
            cells=cells,
        )
    )


def _summaries(view: ReleaseView, code: str, obligation: str | None = None) -> list[dict[str, object]]:
    return [
        {
            "obligation_id": s.obligation_id,
            "line": s.line,
            "role": s.role,
            "bodies": s.bodies,
            "owed": s.owed,
            "counts": dict(s.counts),
        }
        for s in view.summaries(view.area(code), obligation)
    ]


def check_obligation(view: ReleaseView, obligation_id: str | None) -> None:
    """Raise NotFound for an obligation the release does not know."""
    known = [obligation.obligation_id for obligation in view.obligations]
    if obligation_id is not None and obligation_id not in known:
        raise not_found("obligation", obligation_id, ", ".join(known), "unknown_obligation")


@table.get(
    "/v1/cohorts",
    tag="areas",
    summary="Named groups of areas",
    binding=Binding.NOW,
    document=Listing[CohortDocument],
)
def list_cohorts(ask: Ask, _query: Parameters, paging: Paging) -> Reply:
    """Cohorts are few: they are one page."""
    cohorts = ask.registry.cohorts
    return paging.whole(cohorts, lambda cohort: json_of(CohortDocument.model_validate(cohort)))


@table.get(
    "/v1/cohorts/{cohort}",
    tag="coverage",
    summary="A cohort with the states of its areas",
    binding=Binding.RELEASE,
    document=ReleaseSingle[CohortDetailDocument],
    parameters=CohortPath,
    configured=True,
)
def get_cohort(view: ReleaseView, query: CohortPath, paging: Paging) -> Reply:
    """Every area with its own cell and the bodies inside it."""
    cohorts = {cohort.cohort_id: cohort for cohort in view.ask.registry.cohorts}
    cohort = cohorts.get(query.cohort)
    if cohort is None:
        raise not_found("cohort", query.cohort, ", ".join(sorted(cohorts)), "unknown_cohort")
    return paging.single(cohort_document(view, cohort))


def cohort_document(view: ReleaseView, cohort: Cohort) -> CohortDetailDocument:
    """Return a cohort as of a release; areas the release does not have stay, without figures."""
    areas = []
    for named in cohort.areas:
        try:
            area = view.area(named)
        except NotFound:
            areas.append(
                CohortAreaDocument(
                    named=named, title=cohort.titles.get(named, named), area=None, summaries=[]
                )
            )
            continue
        areas.append(
            CohortAreaDocument(
                named=named,
                title=cohort.titles.get(named, area.name),
                area=AreaDocument.model_validate(view.area_view(area)),
                summaries=[SummaryDocument.model_validate(s) for s in _summaries(view, area.code)],
            )
        )
    return CohortDetailDocument(cohort_id=cohort.cohort_id, title=cohort.title, areas=areas)


# --- services ---------------------------------------------------------------------------------------------


@table.get(
    "/v1/services",
    tag="services",
    summary="Services by key or name",
    binding=Binding.RELEASE,
    document=ReleaseListing[ServiceDocument],
    parameters=ServiceFilter,
)
def list_services(view: ReleaseView, query: ServiceFilter, paging: Paging) -> Reply:
    """Sorted by key."""
    found = tuple(
        view.store.partitions(
            view.release.number, after=paging.after_text, limit=paging.limit + 1, contains=query.q or ""
        )
    )
    return paging.page(
        found,
        lambda row: json_of(ServiceDocument.model_validate(view.service_view(row))),
        lambda row: (row.service_key,),
    )


@table.get(
    "/v1/services/{service}",
    tag="services",
    summary="One service",
    binding=Binding.RELEASE,
    document=ReleaseSingle[ServiceDocument],
    parameters=ServicePath,
)
def get_service(view: ReleaseView, query: ServicePath, paging: Paging) -> Reply:
    """With where its name and types come from."""
    return paging.single(ServiceDocument.model_validate(view.service(query.service)))


@table.get(
    "/v1/services/{service}/coverage",
    tag="coverage",
    summary="Coverage of one service per obligation and line",
    binding=Binding.RELEASE,
    document=ReleaseListing[ServiceCoverageDocument],
    parameters=ServicePath,
)
def get_service_coverage(view: ReleaseView, query: ServicePath, paging: Paging) -> Reply:
    """Figures always say which they are: area-wide, at least one, share of bodies or of inhabitants."""
    key = view.service(query.service).service_key
    rows = view.coverage_of_service(key)
    return paging.whole(rows, lambda row: json_of(ServiceCoverageDocument.model_validate(row)))
