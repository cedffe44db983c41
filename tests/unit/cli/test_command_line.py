"""The grammar, the printing and the manners of the command line."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd.cli.main import exit_code, main
from syncd.cli.output import age, as_json, print_rows
from syncd.cli.parser import build_parser
from syncd.cli.reading import parse_instant
from syncd.errors import ConfigError, NotFound, SnapshotRefused, SourceUnavailable, StorageError, SyncdError
from syncd.model.area import Succession
from tests.support.paths import REPOSITORY

HELP_BUDGET_S = 0.3
SHIPPED = str(REPOSITORY / "config")


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom syncd.cli.parser import build_parser\nbuild_parser().format_help()\n"
        "slow = {'sqlalchemy', 'aiohttp', 'pydantic', 'numpy', 'rich', 'structlog', 'orjson'}\n"
        "heavy = slow & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


def test_help_is_quick() -> None:
    def once() -> float:
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "syncd.cli", "--help"], capture_output=True, check=True, timeout=30
        )
        return time.perf_counter() - began

    # The best of a few: other tests share the processor.
    assert min(once() for _ in range(5)) < HELP_BUDGET_S


def test_every_command_has_help_and_a_handler_that_exists() -> None:
    parser = build_parser()
    commands = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    for name, command in commands.choices.items():
        module, _, function = command.get_default("handler").partition(":")
        script = (REPOSITORY / "syncd" / "cli" / f"{module}.py").read_text()
        assert f"def {function}(" in script, name
        assert command.description
        assert {"--json"} <= set(command._option_string_actions), name


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["sync", "--al"],
        ["gaps", "--release", "x"],
        ["replay", "--port", "70000"],
        ["runs", "--limit", "-1"],
    ],
)
def test_wrong_arguments_are_usage_errors(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: syncd" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (NotFound("x"), 2),
        (NotFound("x", code="no_release"), 1),
        (StorageError("x"), 3),
        (SourceUnavailable("x"), 1),
        (SnapshotRefused("x"), 1),
        (SyncdError("x"), 1),
    ],
)
def test_exit_codes(error: SyncdError, code: int) -> None:
    assert exit_code(error) == code


def test_defects_print_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("syncd.settings.shipped.find_directory", broken)
    assert main(["check"]) == 4
    said = capsys.readouterr().err
    assert "RuntimeError: boom" in said
    assert "SYNCD_DEBUG=1" in said
    assert "Traceback" not in said
    monkeypatch.setenv("SYNCD_DEBUG", "1")
    with pytest.raises(RuntimeError):
        main(["check"])


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m syncd.cli areas --config {SHIPPED} | head -1"
    pipe = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert pipe.stdout.startswith("code\t")
    assert "Traceback" not in pipe.stderr
    assert "BrokenPipe" not in pipe.stderr


def rows(arguments: dict[str, object], capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    values = [
        {"n": number, "at": datetime(2026, 11, 22, tzinfo=UTC), "t": "a\tb\x1b[2J"} for number in range(3)
    ]
    columns = {"n": "number", "t": "text", "at": "when"}
    print_rows(argparse.Namespace(**{"json": False, "limit": None, **arguments}), values, columns)
    said = capsys.readouterr()
    return said.out, said.err


def test_pipes_get_plain_lines_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = rows({}, capsys)
    assert out.splitlines() == ["number\ttext\twhen"] + [
        f"{number}\ta b [2J\t2026-11-22T00:00:00+00:00" for number in range(3)
    ]
    assert err == ""


def test_a_limit_says_that_there_is_more(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = rows({"limit": 2}, capsys)
    assert len(out.splitlines()) == 3
    assert "--limit 0" in err
    assert rows({"limit": 3}, capsys)[1] == ""


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = rows({"json": True}, capsys)
    assert [row["n"] for row in json.loads(out)] == [0, 1, 2]
    assert (
        json.loads(as_json({"s": Succession("06", "07", datetime(2026, 1, 1, tzinfo=UTC).date(), "r")}))["s"][
            "on"
        ]
        == "2026-01-01"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "never"), (0, "0 s"), (59, "59 s"), (3_725, "1 h 2 min"), (90_000, "1 d 1 h")],
)
def test_ages(seconds: int | None, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22", "2026-11-22T22:59:59.999999+00:00"),
        ("2026-07-01", "2026-07-01T21:59:59.999999+00:00"),
        ("2026-11-22T14:30", "2026-11-22T13:30:00+00:00"),
        ("2026-11-22T14:30Z", "2026-11-22T14:30:00+00:00"),
    ],
)
def test_days_end_where_the_reader_lives(text: str, instant: str) -> None:
    assert parse_instant(text, "Europe/Berlin").isoformat() == instant


def test_init_lays_out_a_working_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new"
    assert main(["init", str(target)]) == 0
    assert main(["check", str(target)]) == 0
    assert {"syncd.toml", "sources", "obligations", "decisions", "reference", "schema"} <= {
        path.name for path in target.iterdir()
    }
    assert 'host = "127.0.0.1"' in (target / "syncd.toml").read_text()
    assert main(["init", str(target)]) == 2
    assert "not an empty directory" in capsys.readouterr().err


def test_schema_writes_what_check_then_finds_up_to_date(tmp_path: Path) -> None:
    main(["init", str(tmp_path / "new")])
    where = ["--config", str(tmp_path / "new")]
    (tmp_path / "new" / "schema" / "source.json").write_text("{}")
    assert main(["schema", "--check", *where]) == 1
    assert main(["schema", *where]) == 0
    assert main(["schema", "--check", *where]) == 0


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("06414000", ["064140000000"]),
        ("064360005005", ["064360005005"]),
        ("Heuchelheim a. d. Lahn", ["065310007007"]),
        ("06439", None),
        ("Nirgendwo", []),
    ],
)
def test_areas_are_found_by_key_and_name(
    query: str, codes: list[str] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["areas", query, "--json", "--config", SHIPPED])
    found = [area["code"] for area in json.loads(capsys.readouterr().out)]
    assert code == (0 if found else 1)
    if codes is None:
        assert found[0] == "06439"
        assert len(found) > 17
    else:
        assert [c for c in found if len(c) == 12] == codes


def test_health_of_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["health", "--url", "http://127.0.0.1:9", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
    assert main(["health", "--url", "ftp://127.0.0.1"]) == 2
