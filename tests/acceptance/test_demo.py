"""What somebody sees who just types ``./dev run``, and the questions they ask next."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from syncd.cli.main import main
from syncd.cli.parser import build_parser
from syncd.cli.reading import asking
from syncd.errors import NotFound
from tests.support.daemon import SYNCD, lay_out_demo, replayed_portals, run_syncd, until

PILOTS = {
    "Wiesbaden": 64,
    "Kassel": 64,
    "Hattersheim": 64,
    "Heuchelheim": 64,
}
STATES = ("own", "inherited", "offline", "dead", "missing", "unknown")


def test_the_demonstration_prints_addresses_and_a_summary_within_a_minute() -> None:
    done = run_syncd("demo", "--once", "--port", "0", "--replay-port", "0", timeout=60)
    assert done.returncode == 0, done.stderr
    for text in (
        "pages",
        "replayed portals",
        "--set-fault",
        "Wiesbaden",
        "Wetteraukreis",
        "everyday-64",
        "2019",
    ):
        assert text in done.stdout
    assert "Traceback" not in done.stderr


def test_the_summary_counts_every_owed_service_once() -> None:
    done = run_syncd("demo", "--once", "--json", "--port", "0", "--replay-port", "0")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert {s["source"]: s["records"] for s in summary["sources"]} == {"pvog-bund": 911, "pvog-wiesbaden": 46}
    rows = summary["pilots"]
    assert {row["area"] for row in rows} == {*PILOTS, "Rheingau-Taunus-Kreis", "Wetteraukreis"}
    for row in rows:
        assert sum(row[state] for state in STATES) == row["owed"] > 0, row
    everyday = {
        row["area"]: row for row in rows if row["obligation"] == "everyday-64" and "its" in row["what"]
    }
    for area, owed in PILOTS.items():
        assert everyday[area]["owed"] == owed
    # The list of Wiesbaden answers for all 64; nobody speaks for Kassel but the Bund.
    assert everyday["Wiesbaden"]["unknown"] == 0
    assert everyday["Wiesbaden"]["own"] > 0
    assert everyday["Wiesbaden"]["missing"] > 0
    assert everyday["Kassel"]["missing"] == 0
    assert everyday["Kassel"]["own"] == 0
    assert everyday["Kassel"]["unknown"] > 50
    assert everyday["Kassel"]["inherited"] == everyday["Heuchelheim"]["inherited"] > 0


def test_postgresql_by_one_url_is_all_the_same(postgres_url: str) -> None:
    ports = ("--port", "0", "--replay-port", "0")
    lite = json.loads(run_syncd("demo", "--once", "--json", *ports).stdout)
    done = run_syncd("demo", "--once", "--json", *ports, "--database", postgres_url)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pilots"] == lite["pilots"]


def test_ctrl_c_ends_it_quietly_and_leaves_nothing(tmp_path: Path) -> None:
    with DemoOnTerminal(tmp_path) as demo:
        until(lambda: "Release" in demo.said(), "the summary")
        # As a terminal does it: the whole group hears it, children included.
        os.killpg(demo.process.pid, signal.SIGINT)
        assert demo.process.wait(10) == 0
        assert "Traceback" not in demo.said()
        assert list((tmp_path / "tmp").iterdir()) == []


class DemoOnTerminal:
    """``syncd demo`` in a process group of its own, with its temporary files in a known place."""

    def __init__(self, folder: Path) -> None:
        self._output = folder / "output"
        self._temporary = folder / "tmp"
        self._temporary.mkdir()

    def __enter__(self) -> Self:
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [*SYNCD, "demo", "--port", "0", "--replay-port", "0"],
                env={**os.environ, "TMPDIR": str(self._temporary)},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def said(self) -> str:
        return self._output.read_text(errors="replace")


def test_a_broken_portal_is_said_and_the_rest_goes_on() -> None:
    done = run_syncd(
        "demo", "--once", "--json", "--port", "0", "--replay-port", "0", "--fault", "pvog-wiesbaden=html"
    )
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    outcomes = {s["source"]: s["outcome"] for s in summary["sources"]}
    assert outcomes["pvog-bund"] in {"accepted", "unchanged"}
    assert outcomes["pvog-wiesbaden"] == "failed"
    everyday = next(
        r for r in summary["pilots"] if (r["area"], r["obligation"]) == ("Wiesbaden", "everyday-64")
    )
    assert (everyday["own"], everyday["missing"]) == (0, 0)


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A configuration whose sources were brought up to date once."""
    folder = tmp_path_factory.mktemp("synced")
    with replayed_portals() as portals:
        config = lay_out_demo(folder, portals)
        done = run_syncd("sync", "--all", "--config", str(config))
        assert done.returncode == 0, done.stderr
        yield config


def gap(config: Path, area: str, state: str) -> dict[str, object]:
    done = run_syncd(
        "gaps", "--area", area, "--obligation", "everyday-64", "--line", "gemeinde", "--state", state,
        "--limit", "1", "--json", "--config", str(config),
    )  # fmt: skip
    assert done.returncode == 1
    found: dict[str, object] = json.loads(done.stdout)[0]
    return found


def explained(config: Path, service: object, area: str, language: str) -> dict[str, object]:
    done = run_syncd("explain", str(service), area, "--lang", language, "--json", "--config", str(config))
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    assert found["steps"]
    return found


def test_explain_a_bund_service_in_heuchelheim(synced: Path) -> None:
    owed = run_syncd(
        "gaps", "--area", "Heuchelheim a. d. Lahn", "--obligation", "everyday-64", "--state", "inherited",
        "--json", "--config", str(synced),
    )  # fmt: skip
    inherited = [row["service_key"] for row in json.loads(owed.stdout)]
    assert inherited
    found = explained(synced, inherited[0], "Heuchelheim a. d. Lahn", "en")
    assert found["state"] == "inherited"
    german = explained(synced, inherited[0], "065310007007", "de")
    assert german["state"] == "inherited"
    assert german["steps"] != found["steps"]


def test_explain_a_missing_one_in_wiesbaden(synced: Path) -> None:
    missing = gap(synced, "Wiesbaden", "missing")
    found = explained(synced, missing["service_key"], "Wiesbaden", "en")
    assert found["state"] == "missing"
    assert found["cause"] == missing["cause"]


def test_explain_an_unknown_one_in_kassel(synced: Path) -> None:
    unknown = gap(synced, "066110000000", "unknown")
    found = explained(synced, unknown["service_key"], "066110000000", "de")
    assert found["state"] == "unknown"
    assert found["cause"] in {"no_source", "stale"}


def test_backup_and_restore_bring_everything_back(synced: Path, tmp_path: Path) -> None:
    where = ("--config", str(synced))
    before = json.loads(run_syncd("release", "1", "--json", *where).stdout)
    done = run_syncd("backup", str(tmp_path / "copy.sqlite3"), *where)
    assert done.returncode == 0, done.stderr
    other = ("--set", f"daemon.data_dir={tmp_path / 'elsewhere'}")
    done = run_syncd("restore", str(tmp_path / "copy.sqlite3"), *where, *other)
    assert done.returncode == 0, done.stderr
    assert json.loads(run_syncd("release", "1", "--json", *where, *other).stdout) == before
    assert run_syncd("rebuild", "--check", *where, *other).returncode == 0


def test_areas_are_called_as_an_operator_calls_them(synced: Path) -> None:
    """Of many Heuchelheim the configured cohort says which; "Berg" is said of several and none is chosen."""
    arguments = build_parser().parse_args(["coverage", "--config", str(synced)])
    with asking(arguments) as (_, ask):
        view = ask.view()
        for name, code in (
            ("Deutschland", "00"),
            ("Land Hessen", "06"),
            ("Regierungsbezirk Darmstadt", "064"),
            ("Landkreis Kassel", "06633"),
            ("Kassel", "066110000000"),
            ("Heuchelheim", "065310007007"),
        ):
            assert view.area(name).code == code
        for name in ("Berg", "Atlantis", "Landkreis"):
            with pytest.raises(NotFound) as caught:
                view.area(name)
            assert caught.value.code == "unknown_area"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("gaps", "--at", "yesterday"), 2, "[bad_parameter]"),
        (("report", "pilots", "--since", "yesterday"), 2, "--since: 'yesterday'"),
        (("gaps", "--at", "2020-01-01"), 1, "Give a later day; the first release is of"),
        (("gaps", "--obligation", "everyday"), 2, "known: everyday-64, typed"),
        (("gaps", "--summary", "--obligation", "everyday"), 2, "unknown_obligation"),
        (("reuse", "Wiesbaden", "--obligation", "everyday"), 2, "unknown_obligation"),
        (("priorities", "Wiesbaden", "--obligation", "everyday"), 2, "unknown_obligation"),
        (("adoption", "--obligation", "everyday"), 2, "unknown_obligation"),
        (("adoption", "99036020001000", "--obligation", "everyday"), 2, "unknown_obligation"),
        (("reuse", "Wiesbaden", "--best", "0"), 2, "not a number from 1"),
        (("simulate", "Wiesbaden", "--target", "80", "--most", "0"), 2, "not a number from 1"),
    ],
)
def test_slips_are_told_and_never_answered_with_good_news(
    synced: Path, words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: object
    try:
        ended = main([*words, "--lang", "en", "--config", str(synced)])
    except SystemExit as usage:
        ended = usage.code
    assert (ended, said in capsys.readouterr().err) == (code, True)


def test_commands_fail_with_words_and_codes(synced: Path, tmp_path: Path) -> None:
    where = ("--config", str(synced))
    for arguments, code, words in (
        (("explain", "99999999999999", "Wiesbaden", *where), 2, "unknown_service"),
        (("explain", "99036020001000", "Nirgendwo", *where), 2, "unknown_area"),
        (("sync", "nobody", *where), 2, "unknown_source"),
        (("sync", *where), 2, "--all"),
        (("runs", "99999", *where), 2, "no run"),
        (("gaps", "--state", "gone", *where), 2, "unknown_state"),
        (("gaps", "--at", "yesterday", *where), 2, "neither a day"),
        (("gaps", "--at", "2020-01-01", *where), 1, "no_release"),
        (("sources", *where, "--set", f"daemon.data_dir={tmp_path}"), 3, "storage"),
        (("restore", str(tmp_path / "none"), *where), 2, "no file"),
        (("check", str(tmp_path)), 2, "syncd.toml"),
        (("check", str(tmp_path / "none")), 2, "no such"),
    ):
        done = run_syncd(*arguments)
        said = done.stdout + done.stderr
        assert (done.returncode, words in said) == (code, True), (arguments, said)
        assert "Traceback" not in said
        as_json = run_syncd(*arguments, "--json")
        assert as_json.returncode == code
        if arguments[0] != "check" or "none" in arguments[1]:
            assert json.loads(as_json.stderr)["error"]["message"]
