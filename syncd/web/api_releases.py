"""Routes of the catalogue, explanations and releases."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from syncd.pipeline.explain import explain
from syncd.web.api_registers import check_obligation, json_of
from syncd.web.documents import (
    ChangeDocument,
    DutyDocument,
    ExplanationDocument,
    Listing,
    ObligationDocument,
    ReadSourceDocument,
    ReleaseDetailDocument,
    ReleaseDocument,
    ReleaseListing,
    ReleaseSingle,
    ReleaseStamp,
)
from syncd.web.entry_documents import EntryDocument
from syncd.web.paging import Reply
from syncd.web.parameters import (
    AsOf,
    EntryFilter,
    ExplainParameters,
    Paged,
    Parameters,
    ReleaseChangesParameters,
    ReleasePath,
)
from syncd.web.routes import Binding, Table

if TYPE_CHECKING:
    from syncd.pipeline.ask import Ask, ReleaseView
    from syncd.pipeline.ports import ChangeRow
    from syncd.web.paging import Paging

table = Table()


@table.get(
    "/v1/catalogue",
    tag="catalogue",
    summary="Entries of the merged catalogue",
    binding=Binding.RELEASE,
    document=ReleaseListing[EntryDocument],
    parameters=EntryFilter,
)
def list_entries(view: ReleaseView, query: EntryFilter, paging: Paging) -> Reply:
    """Sorted by service key and area. The stored bytes are joined, not encoded anew."""
    found = tuple(
        view.store.entries(
            view.release.number,
            service_key=view.service(query.service).service_key if query.service else None,
            area_codes=_holding_in(view, query.area),
            after=(paging.text(0), paging.text(1)) if paging.after else None,
            limit=paging.limit + 1,
        )
    )
    return paging.page(found, lambda row: row.payload, lambda row: (row.service_key, row.area_code))


def _holding_in(view: ReleaseView, area: str | None) -> tuple[str, ...] | None:
    if area is None:
        return None
    code = view.area(area).code
    return (code, *view.line.chain(code))


@table.get(
    "/v1/explain",
    tag="coverage",
    summary="The full derivation of one cell, in words",
    binding=Binding.RELEASE,
    document=ReleaseSingle[ExplanationDocument],
    parameters=ExplainParameters,
)
def explain_cell(view: ReleaseView, query: ExplainParameters, paging: Paging) -> Reply:
    """Duty, offers, silence of the other sources, result."""
    check_obligation(view, query.obligation)
    found = explain(
        view,
        query.service,
        view.area(query.area),
        obligation_id=query.obligation,
        language=query.lang,
    )
    return paging.single(ExplanationDocument.model_validate(asdict(found)))


# --- releases ---------------------------------------------------------------------------------------------


@table.get(
    "/v1/releases",
    tag="releases",
    summary="Published states, newest first",
    binding=Binding.NOW,
    document=Listing[ReleaseDocument],
    parameters=Paged,
)
def list_releases(ask: Ask, _query: Parameters, paging: Paging) -> Reply:
    """Numbers grow by one."""
    found = ask.store.releases(limit=paging.limit + 1, before=paging.after_number)
    return paging.page(
        found, lambda r: json_of(ReleaseDocument.model_validate(r)), lambda release: (release.number,)
    )


@table.get(
    "/v1/releases/current",
    tag="releases",
    summary="The published state and what it was made from",
    binding=Binding.RELEASE,
    document=ReleaseSingle[ReleaseDetailDocument],
    parameters=AsOf,
)
def get_current_release(view: ReleaseView, _query: AsOf, paging: Paging) -> Reply:
    """With `at`: the one that was current then."""
    return paging.single(release_document(view))


@table.get(
    "/v1/releases/{release}",
    tag="releases",
    summary="One published state and what it was made from",
    binding=Binding.RELEASE,
    document=ReleaseSingle[ReleaseDetailDocument],
    parameters=ReleasePath,
)
def get_release(view: ReleaseView, _query: ReleasePath, paging: Paging) -> Reply:
    """Registers, obligations and what was known of the sources."""
    return paging.single(release_document(view))


def release_document(view: ReleaseView) -> ReleaseDetailDocument:
    """Return a release with its inputs."""
    inputs = view.release.inputs
    read = inputs.get("read", {})
    return ReleaseDetailDocument(
        **ReleaseStamp.model_validate(view.release).model_dump(),
        counts=dict(view.release.counts),
        areas_label=inputs["areas_label"],
        services_label=inputs["services_label"],
        upheaval=inputs.get("upheaval", {}).get("shifts", []),
        obligations=[
            ObligationDocument(
                obligation_id=obligation.obligation_id,
                title=obligation.title,
                note=obligation.note,
                duties=[
                    DutyDocument.model_validate(
                        {
                            "name": duty.name,
                            "line": duty.line.value,
                            "owed_by": duty.owed_by.value,
                            "minimum": duty.minimum.label,
                            "from_on": duty.from_on,
                            "legal_ground": duty.legal_ground,
                            "services": len(duty.services),
                        }
                    )
                    for duty in obligation.duties
                ],
            )
            for obligation in view.obligations
        ],
        sources=[
            ReadSourceDocument(
                source_id=source_id,
                title=facts["title"],
                last_good_at=read.get(source_id, {}).get("last_good_at"),
                fresh=facts["fresh"],
                spoken=facts["spoken"],
            )
            for source_id, facts in sorted(inputs["sources"].items())
        ],
    )


@table.get(
    "/v1/releases/{release}/changes",
    tag="releases",
    summary="What a release changed in the catalogue",
    binding=Binding.RELEASE,
    document=ReleaseListing[ChangeDocument],
    parameters=ReleaseChangesParameters,
)
def list_changes(view: ReleaseView, _query: ReleaseChangesParameters, paging: Paging) -> Reply:
    """Entries added, changed or removed since the release before, by service key and area."""
    offset = paging.after_number or 0
    rows = view.store.changes(view.release.number, limit=paging.limit + 1, offset=offset)
    numbered: tuple[tuple[int, ChangeRow], ...] = tuple(enumerate(rows, start=offset + 1))
    return paging.page(
        numbered, lambda row: json_of(ChangeDocument.model_validate(row[1])), lambda row: (row[0],)
    )
