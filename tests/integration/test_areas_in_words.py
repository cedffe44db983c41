"""A source that names areas in words, from its portal into the catalogue: linked, or said why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.link_list.connector import SPEC
from syncd.errors import SourceFormatError
from syncd.fetching.staging import SubprocessParseWorker
from syncd.model.area import Area, AreaAlias, AreaKey, AreaKind
from syncd.model.run import RunOutcome
from syncd.pipeline.codec import decode_claims
from syncd.pipeline.field_decisions import entry_of
from syncd.pipeline.workers import ParseJob
from syncd.rules.accept import AcceptLimits
from syncd.rules.areas import AreaIndex
from syncd.rules.line import AreaLine
from syncd.sdk.loopback import Reply, Request
from tests.support.miniature import AUHEIM, GROSSSTADT, KREIS_AUE, OWN_FORM, make_registry
from tests.support.synced import Synced
from tests.support.tiny_germany import tiny_areas

HEADER = "leika,name,gebiet,url\n"
LIMITS = AcceptLimits(grace_runs=1, max_quarantined_percent=90.0)
# A second Auheim, in another Land, and a Landkreis called like the town in its midst.
NAMESAKES = (
    Area(AreaKey("095710003003"), "Auheim a. d. Ried", AreaKind.GEMEINDE, 500, ags="09571003"),
    Area(AreaKey("095710003"), "Auheim a. d. Ried", AreaKind.VERBAND, 500),
)


def listing(*areas: str) -> bytes:
    rows = "".join(
        f'{OWN_FORM},Musterwohnsitz anmelden,"{area}",https://portal.example/{number}\n'
        for number, area in enumerate(areas)
    )
    return (HEADER + rows).encode()


def source(folder: Path, body: bytes, *, areas: tuple[str, ...] = ("00",)) -> Synced:
    def respond(request: Request) -> Reply:
        return Reply(body, "text/csv; charset=utf-8")

    synced = Synced(SPEC, folder, {"path": "list.csv"}, respond, areas=areas, limits=LIMITS)
    know(synced)
    return synced


def know(
    synced: Synced,
    *,
    former: tuple[tuple[str, AreaKey], ...] = (),
    aliases: tuple[AreaAlias, ...] = (),
) -> None:
    """Give the register the namesakes, and these names beside the official ones."""
    everything = tuple(sorted((*tiny_areas(), *NAMESAKES), key=lambda area: area.code))
    index = AreaIndex.from_areas(everything, former=former, aliases=aliases)
    register = replace(make_registry().areas, areas=everything, index=index, line=AreaLine.build(everything))
    synced.registry = replace(synced.registry, areas=register)


def linked(synced: Synced) -> set[str]:
    return {
        claim.area.code
        for row in synced.store.source_records(synced.source_id)
        for claim in decode_claims(synced.source_id, row.payload)
    }


async def test_names_are_linked_within_the_scope_of_the_source(tmp_path: Path) -> None:
    body = listing("Gemeinde Auheim", "Stadt Großstadt", "Landkreis Aue", GROSSSTADT)
    synced = source(tmp_path, body, areas=("06",))
    run = await synced.sync()
    assert run.outcome is RunOutcome.ACCEPTED
    assert linked(synced) == {AUHEIM, GROSSSTADT, KREIS_AUE}
    assert synced.store.run(run.run_id)[3]["area_by_name"] == 3
    view = await synced.publish()
    for code in (AUHEIM, GROSSSTADT, KREIS_AUE):
        entry = entry_of(view, OWN_FORM, code)
        assert entry is not None
        assert entry.value("title") == "Musterwohnsitz anmelden"


async def test_a_name_of_two_kreise_is_never_chosen_and_both_are_named(tmp_path: Path) -> None:
    synced = source(tmp_path, listing("Auheim", "Auheim (Ried)", "Nirgendwo"))
    run = await synced.sync()
    closed, _, issues, counts = synced.store.run(run.run_id)
    assert closed.outcome is RunOutcome.ACCEPTED
    # Of the three only the one whose hint decides is linked.
    assert linked(synced) == {"095710003003"}
    assert (counts["ambiguous_area"], counts["unknown_area"], counts["area_by_name"]) == (1, 1, 1)
    (ambiguous,) = [issue for issue in issues if issue.code == "ambiguous_area"]
    assert "064310001001 Auheim" in ambiguous.message
    assert "095710003003 Auheim a. d. Ried" in ambiguous.message
    assert ambiguous.value == "Auheim"


async def test_an_alias_is_heeded_as_soon_as_it_is_entered(tmp_path: Path) -> None:
    """The same bytes mean something else then, so they are read again."""
    synced = source(tmp_path, listing("Auheim", "Altenberg", GROSSSTADT))
    await synced.sync()
    assert linked(synced) == {GROSSSTADT}
    know(
        synced,
        former=(("Altenberg", AreaKey("064325001001")),),
        aliases=(AreaAlias("Auheim", AUHEIM, "the portal means the one in the north"),),
    )
    run = await synced.sync()
    assert linked(synced) == {GROSSSTADT, AUHEIM, "064325001001"}
    assert "ambiguous_area" not in synced.store.run(run.run_id)[3]


async def test_the_names_reach_the_worker_in_its_own_process(tmp_path: Path) -> None:
    index = AreaIndex.from_areas((*tiny_areas(), *NAMESAKES))
    (tmp_path / "areas").write_bytes(index.to_json())
    (tmp_path / "known").write_bytes(b"")
    (tmp_path / "list").write_text(f"r1;Titel;{OWN_FORM};Gemeinde Auheim\nr2;Titel;{OWN_FORM};Riedstadt\n")
    job = ParseJob(
        source_id="city",
        parser="tests.support.line_parser",
        documents=[{"path": tmp_path / "list", "name": "list", "charset": None, "context": {}}],
        options={},
        scope={"areas": [KREIS_AUE], "services": None, "default_area": None},
        known_hashes=tmp_path / "known",
        known_areas=tmp_path / "areas",
        workdir=tmp_path,
    )
    worker = SubprocessParseWorker(memory_limit_mb=512, time_limit_s=30)
    staged = await worker.stage(job)
    (record,) = staged.records()
    (claim,) = decode_claims("city", record.payload)
    assert claim.area.code == AUHEIM
    # Riedstadt exists, but not where this source speaks.
    assert staged.issue_counts == {"area_by_name": 1, "unknown_area": 1}

    (tmp_path / "areas").write_bytes(index.to_json().replace(b"syncd-area-index/2", b"syncd-area-index/1"))
    with pytest.raises(SourceFormatError, match="syncd-area-index/1"):
        await worker.stage(job)
