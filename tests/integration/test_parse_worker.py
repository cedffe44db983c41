"""The parse worker: what it stages, what it skips, and how it dies."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import orjson
import psutil
import pytest

from syncd.errors import SourceFormatError, StorageError, SyncdError
from syncd.fetching.staging import SubprocessParseWorker, stage_in_process
from syncd.fetching.worker import WorkerLimits, write_job
from syncd.pipeline.codec import content_hash, decode_claims
from syncd.pipeline.ports import StagedSnapshot
from syncd.pipeline.workers import ParseJob, ParseWorker
from syncd.rules.areas import AreaIndex

KEY = "99001001000000"
AREA = "064140000000"
PARSER = "tests.support.line_parser"
# Quick to fail, generous enough for a shared machine.
WORKER: ParseWorker = SubprocessParseWorker(memory_limit_mb=512, time_limit_s=30)

T = TypeVar("T")
Lines = list[str] | bytes
MakeJob = Callable[..., ParseJob]


def line(native_id: str, title: str = "Titel", keys: str = KEY, areas: str = AREA) -> str:
    return f"{native_id};{title};{keys};{areas}"


@pytest.fixture
def make_job(tmp_path: Path) -> MakeJob:
    index = AreaIndex(frozenset({"00", "06", "06414", AREA, "064110000000"}))
    (tmp_path / "areas.json").write_bytes(index.to_json())
    count = iter(range(100))

    def make(
        *documents: Lines,
        known: list[bytes] | None = None,
        options: Mapping[str, object] | None = None,
        contexts: list[dict[str, str]] | None = None,
        parser: str = PARSER,
        default_area: str | None = None,
        services: list[str] | None = None,
        reparse: bool = False,
    ) -> ParseJob:
        workdir = tmp_path / f"job{next(count)}"
        workdir.mkdir()
        described = []
        for number, content in enumerate(documents):
            path = workdir / f"document{number}"
            path.write_bytes(
                content if isinstance(content, bytes) else "".join(f"{x}\n" for x in content).encode()
            )
            context = contexts[number] if contexts else {}
            described.append({"path": path, "name": f"doc{number}", "charset": None, "context": context})
        (workdir / "known").write_bytes(b"".join(sorted(known or [])))
        return ParseJob(
            source_id="city",
            parser=parser,
            documents=described,
            options=options or {},
            scope={"areas": ["06414"], "services": services, "default_area": default_area},
            known_hashes=workdir / "known",
            known_areas=tmp_path / "areas.json",
            workdir=workdir,
            reparse=reparse,
        )

    return make


def ids(snapshot: StagedSnapshot) -> list[str]:
    return [record.native_id for record in snapshot.records()]


def hashes(snapshot: StagedSnapshot) -> list[bytes]:
    return [record.raw_hash for record in snapshot.records()]


async def error_of(
    make_job: MakeJob, *lines: str, worker: ParseWorker = WORKER, **options: object
) -> SyncdError:
    job = make_job([line("1"), *lines], **options)
    before = {"document0", "known"}
    with pytest.raises(SyncdError) as caught:
        await worker.stage(job)
    assert {path.name for path in job.workdir.iterdir()} == before
    return caught.value


# --- what is staged ---------------------------------------------------------------------------------
async def test_new_records_are_staged_in_a_process_of_their_own(make_job: MakeJob) -> None:
    snapshot = await WORKER.stage(make_job([line("1"), line("2", "Ämter", keys=f"{KEY}, 99002002000000")]))
    first, second = snapshot.records()
    assert ids(snapshot) == ["1", "2"]
    assert first.service_keys == (KEY,)
    assert second.service_keys == (KEY, "99002002000000")
    claims = decode_claims("city", second.payload)
    assert {claim.title for claim in claims} == {"Ämter"}
    assert second.content_hash == content_hash(claims)
    assert (snapshot.received, snapshot.seen_hashes, snapshot.quarantined) == (2, 0, 0)
    assert snapshot.absent_hashes == b""
    assert snapshot.source_id == "city"
    assert snapshot.bytes_read == sum(
        len(f"{x}\n".encode()) for x in (line("1"), line("2", "Ämter", f"{KEY}, 99002002000000"))
    )
    assert snapshot.issues == ()


def test_in_place_it_gives_the_same(make_job: MakeJob) -> None:
    lines = [line(str(number)) for number in range(20)]
    job = make_job(lines)
    here = stage_in_process(job)
    there = asyncio.run(WORKER.stage(make_job(lines)))
    assert list(here.records()) == list(there.records())
    assert here.digest == there.digest


def test_known_records_are_neither_parsed_nor_staged(make_job: MakeJob) -> None:
    first = stage_in_process(make_job([line(str(number)) for number in range(10_000)]))
    known = hashes(first)
    lines = [line(str(number)) for number in range(9_990)] + [line("9990", "Neu"), line("neu")]
    second = stage_in_process(make_job(lines, known=known))
    assert second.seen_hashes == 9_990
    assert ids(second) == ["9990", "neu"]
    absent = {second.absent_hashes[at : at + 16] for at in range(0, len(second.absent_hashes), 16)}
    assert absent == set(known[9_990:])
    assert second.digest != first.digest


def test_known_garbage_is_not_parsed(make_job: MakeJob) -> None:
    # The crash proves that new lines are parsed, its absence that known ones are not.
    job = make_job([line("1"), "!reject"])
    first = stage_in_process(job)
    assert first.quarantined == 1
    crash = make_job([line("1"), "!raise"])
    with pytest.raises(SourceFormatError):
        stage_in_process(crash)
    unchanged = stage_in_process(make_job([line("1")], known=hashes(first)))
    assert (unchanged.seen_hashes, ids(unchanged), unchanged.absent_hashes) == (1, [], b"")


@pytest.mark.fault("S21")
def test_order_does_not_change_the_digest(make_job: MakeJob) -> None:
    lines = [line(str(number)) for number in range(500)]
    first = stage_in_process(make_job(lines))
    shuffled = random.Random(7).sample(lines, len(lines))
    assert stage_in_process(make_job(shuffled)).digest == first.digest
    assert stage_in_process(make_job(shuffled, known=hashes(first))).digest == first.digest
    assert stage_in_process(make_job(shuffled[:250], shuffled[250:])).digest == first.digest
    assert stage_in_process(make_job(lines[:-1])).digest != first.digest


def test_context_is_part_of_what_a_piece_means(make_job: MakeJob) -> None:
    plain = stage_in_process(make_job([line("1")]))
    other = stage_in_process(make_job([line("1")], contexts=[{"prefix": "Neu: "}], known=hashes(plain)))
    assert ids(other) == ["1"]
    assert len(other.absent_hashes) == 16


def test_reparsing_stages_known_records_too(make_job: MakeJob) -> None:
    lines = [line("1"), line("2", keys="99002002000000")]
    first = stage_in_process(make_job(lines))
    again = stage_in_process(make_job(lines, known=hashes(first), reparse=True))
    assert (again.seen_hashes, ids(again), again.absent_hashes) == (0, ["1", "2"], b"")
    assert again.digest == first.digest
    narrowed = stage_in_process(make_job(lines, known=hashes(first), reparse=True, services=[KEY]))
    assert ids(narrowed) == ["1"]
    assert narrowed.quarantined == 1
    assert narrowed.absent_hashes == hashes(first)[1], "what may no longer be said is absent"


@pytest.mark.fault("S11")
def test_doubles_are_settled_whatever_their_order(make_job: MakeJob) -> None:
    lines = [line("1", "A"), line("2"), line("1", "B"), line("2"), line("3")]
    forward = stage_in_process(make_job(lines))
    backward = stage_in_process(make_job(list(reversed(lines))))
    assert sorted(ids(forward)) == ["1", "2", "3"]
    assert sorted(hashes(forward)) == sorted(hashes(backward))
    assert forward.received == 5
    assert forward.issue_counts["duplicate_id"] == 2
    assert forward.digest == backward.digest


def test_a_large_listing_stays_whole(make_job: MakeJob) -> None:
    lines = [line(str(number), "x" * 900) for number in range(12_000)]
    snapshot = stage_in_process(make_job(lines))
    assert ids(snapshot) == [str(number) for number in range(12_000)]


# --- findings ---------------------------------------------------------------------------------------
@pytest.mark.fault("F12", "F17")
def test_one_bad_record_does_not_touch_its_neighbours(make_job: MakeJob) -> None:
    lines = [
        line("1"),
        "!reject",
        line("2", areas="999999999999"),
        line("3"),
        ";no id;;",
        f"{'x' * 2000};t;;{AREA}",
    ]
    job = make_job(lines)
    snapshot = stage_in_process(job)
    assert ids(snapshot) == ["1", "3"]
    assert snapshot.quarantined == 4
    assert snapshot.received == 6
    assert snapshot.issue_counts["bad_line"] == 1
    assert snapshot.issue_counts["bad_id"] == 2
    rejected = next(issue for issue in snapshot.issues if issue.code == "bad_line")
    assert (rejected.where, rejected.value, rejected.fix) == ("line 2", "x", "Correct it.")
    kept = [orjson.loads(row) for row in (job.workdir / "quarantine.ndjson").read_bytes().splitlines()]
    assert [row["raw"].strip() for row in kept] == [lines[1], lines[2], lines[4], lines[5]]


@pytest.mark.fault("F7")
def test_texts_that_are_none_are_set_aside(make_job: MakeJob) -> None:
    content = "\n".join([line("1"), line("2", "T\udcfcr"), line("b\udcfcd")]).encode(errors="surrogateescape")
    snapshot = stage_in_process(make_job(content))
    assert ids(snapshot)[0] == "1"
    assert snapshot.quarantined + len(ids(snapshot)) == 3
    assert "b\udcfcd" not in ids(snapshot)


@pytest.mark.fault("F11")
def test_findings_name_document_and_field(make_job: MakeJob) -> None:
    snapshot = stage_in_process(make_job([line("1") + ";more;"], [line("2") + ";more;"]))
    assert snapshot.issue_counts == {"odd_line": 2, "unknown_field": 1}
    places = {
        (issue.code, issue.where, issue.value) for issue in snapshot.issues if issue.code == "unknown_field"
    }
    assert places == {("unknown_field", "fifth", "2 times")}
    assert {issue.where for issue in snapshot.issues if issue.code == "odd_line"} == {
        "doc0: line 1",
        "doc1: line 1",
    }


@pytest.mark.fault("S16")
@pytest.mark.parametrize(
    ("documents", "declared", "reason"),
    [
        ([["#total 2", "1", "2"]], 2, ""),
        ([["#total 5", "1", "2"]], 5, ""),
        ([["#total 1", "1"], ["#total 2", "2"]], 3, ""),
        ([["#total 2", "1"], ["2"]], None, "doc0: the document announces 2 records and holds 1"),
        ([["1"], ["2"]], None, ""),
        ([["#incomplete page 2 is missing", "1"]], None, "page 2 is missing"),
    ],
)
def test_what_documents_say_of_themselves(
    make_job: MakeJob, documents: list[list[str]], declared: int | None, reason: str
) -> None:
    written = [[x if x.startswith("#") else line(x) for x in lines] for lines in documents]
    snapshot = stage_in_process(make_job(*written))
    assert snapshot.declared_total == declared
    assert snapshot.incomplete_reason == reason


# --- how it dies ------------------------------------------------------------------------------------
async def test_a_broken_document_is_the_parsers_own_error(make_job: MakeJob) -> None:
    error = await error_of(make_job, "#broken")
    assert isinstance(error, SourceFormatError)
    assert (error.code, error.message, error.where) == (
        "no_header",
        "the header is missing",
        "city/doc0: line 2",
    )


@pytest.mark.fault("P8", "F8")
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("#crash", "LookupError"),
        ("!raise", "ZeroDivisionError"),
        ("!exit", "SystemExit"),
        ("!base", "LikeAnInterruptError"),
        ("!recursion", "RecursionError"),
    ],
)
async def test_what_escapes_from_a_parser_is_named(make_job: MakeJob, kind: str, name: str) -> None:
    error = await error_of(make_job, kind)
    assert isinstance(error, SourceFormatError)
    assert error.code == "parser_crashed"
    assert name in error.message
    assert "line_parser.py:" in error.message


@pytest.mark.fault("P8")
@pytest.mark.parametrize(("code", "told"), [(0, "without a result"), (3, "exit code 3")])
async def test_a_parser_that_ends_its_process_is_noticed(make_job: MakeJob, code: int, told: str) -> None:
    error = await error_of(make_job, "!hard-exit", options={"code": code})
    assert error.code == "parser_crashed"
    assert told in error.message


@pytest.mark.fault("P2")
@pytest.mark.parametrize("kind", ["!memory", "!abort"])
async def test_memory_and_signals_end_the_worker_only(make_job: MakeJob, kind: str) -> None:
    error = await error_of(make_job, kind)
    assert isinstance(error, SourceFormatError)
    assert error.code == "parser_killed"


@pytest.mark.fault("P8")
@pytest.mark.parametrize("kind", ["!sleep", "!spin"])
async def test_time_is_limited(make_job: MakeJob, kind: str) -> None:
    worker = SubprocessParseWorker(time_limit_s=2)
    error = await error_of(make_job, kind, worker=worker)
    assert isinstance(error, SourceFormatError)
    assert error.code == "parser_timeout"


@pytest.mark.parametrize("parser", ["tests.support.no_such_module", "os"])
async def test_a_missing_parser_is_named(make_job: MakeJob, parser: str) -> None:
    error = await error_of(make_job, parser=parser)
    assert error.code == "parser_crashed"
    assert parser in error.message


async def test_missing_documents_are_not_the_parsers_fault(make_job: MakeJob) -> None:
    job = make_job([line("1")])
    (job.workdir / "document0").unlink()
    with pytest.raises(StorageError):
        await WORKER.stage(job)


async def test_cancelling_kills_the_worker(make_job: MakeJob) -> None:
    task = asyncio.create_task(WORKER.stage(make_job(["!sleep"])))
    await _eventually(_workers)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _workers() == []


async def test_a_worker_ends_with_its_parent(make_job: MakeJob) -> None:
    job = make_job(["!sleep"])
    script = (
        "import asyncio, sys, pathlib\n"
        "from syncd.fetching import staging, worker\n"
        "job, _ = worker._read_job(pathlib.Path(sys.argv[1]))\n"
        "asyncio.run(staging.SubprocessParseWorker().stage(job))\n"
    )
    path = write_job(job, WorkerLimits())
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(path), env=environment)
    worker = await _eventually(lambda: _workers(parent.pid))
    parent.kill()
    await parent.wait()
    await _eventually(lambda: [] if any(_lives(one) for one in worker) else [True])


async def test_noise_does_not_block_the_worker(make_job: MakeJob) -> None:
    snapshot = await WORKER.stage(make_job([line("1"), "!noise;t;;" + AREA]))
    assert snapshot.received == 2


@pytest.mark.fault("P6")
async def test_no_secret_of_the_environment_reaches_a_parser(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNCD_SECRET_TOKEN", "hush")
    snapshot = await WORKER.stage(make_job(["!environment"]))
    assert "SYNCD_SECRET_TOKEN" not in snapshot.issues[0].message
    assert "PYTHONPATH" in snapshot.issues[0].message


async def test_a_worker_starts_without_the_heavy_rooms(make_job: MakeJob, tmp_path: Path) -> None:
    spy = tmp_path / "spy_parser.py"
    spy.write_text(
        "import sys\n"
        "from syncd.sdk.errors import SourceFormatError\n"
        "def cut(document, context):\n"
        "    raise SourceFormatError(' '.join(sorted(name for name in sys.modules if '.' not in name)))\n"
        "def parse(piece, context): ...\n"
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(tmp_path)
        error = await error_of(make_job, parser="spy_parser")
    loaded = error.message.split()
    assert "numpy" in loaded
    assert not {"pydantic", "aiohttp", "sqlalchemy", "apscheduler", "structlog"} & set(loaded)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _workers(parent: int | None = None) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(parent).children(recursive=True)
        if _lives(child) and "syncd.fetching.worker" in " ".join(child.cmdline())
    ]


async def _eventually(look: Callable[[], list[T]]) -> list[T]:
    """Look until there is something to see; the test's own time limit ends the waiting."""
    while not (seen := look()):  # noqa: ASYNC110 - other processes set no events here
        await asyncio.sleep(0.05)
    return seen
