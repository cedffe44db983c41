"""What `syncd check` says is missing in source files, and that it changes no exit status by itself."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from syncd.cli.main import main
from syncd.rules.areas import AreaIndex
from syncd.sdk.settings import ClientCredentials, SecretRef, SourceSettings
from syncd.settings.load import load_config
from syncd.settings.readiness import Readiness, readiness
from syncd.settings.shipped import shipped_directory

ON = date(2026, 11, 22)
PILOTS = ("hattersheim", "heuchelheim", "kassel", "rheingau-taunus", "wetterau", "wiesbaden")
WIESBADEN = "hessen-finder-wiesbaden"
KEY = "HESSEN_FINDER_KEY_WIESBADEN"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for pilot in PILOTS:
        monkeypatch.delenv(f"HESSEN_FINDER_KEY_{pilot.upper().replace('-', '_')}", raising=False)
    folder = tmp_path / "config"
    shutil.copytree(shipped_directory(), folder)
    return folder


def of(folder: Path, source_id: str, on: date = ON) -> Readiness:
    (found,) = [one for one in readiness(load_config(folder), on) if one.source_id == source_id]
    return found


def write(folder: Path, source_id: str, **changes: str) -> None:
    """Replace the last line of each of these keys, which is the permission's, as an operator does."""
    path = folder / "sources" / f"{source_id}.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    for key, value in changes.items():
        *_, at = [n for n, line in enumerate(lines) if line.lstrip("# ").startswith(f"{key} = ")]
        lines[at] = f"{key} = {value}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("pilot", PILOTS)
def test_each_pilot_has_a_file_that_waits_for_its_key(config: Path, pilot: str) -> None:
    found = of(config, f"hessen-finder-{pilot}")
    assert (found.enabled, found.ready, found.verified_live) == (False, False, False)
    assert [step.key for step in found.steps] == [
        "settings.api_key",
        "settings.permission.purpose",
        "settings.permission.areas",
        "connector",
        "enabled",
    ]
    text = (config / found.file).read_text(encoding="utf-8").splitlines()
    for step in found.steps:
        assert text[step.line - 1].startswith(f"{step.key.rpartition('.')[2]} = ")
        assert step.fix


def test_pilots_are_those_of_the_cohort_with_all_their_municipalities(config: Path) -> None:
    loaded = load_config(config)
    index: AreaIndex = loaded.registers.area_register(ON).index
    asked = {
        area.code
        for pilot in PILOTS
        for text in loaded.sources[f"hessen-finder-{pilot}"].settings.model_dump()["areas"]
        if (area := index.resolve(text)) is not None
    }
    (cohort,) = [one for one in loaded.cohorts if one.cohort_id == "pilots"]
    below = {
        c for c in index.codes if len(c) == 12 and any(c.startswith(kreis) for kreis in ("06439", "06440"))
    }
    assert len(below) == 17 + 25
    assert asked == below | set(cohort.areas)


def test_filled_in_it_is_ready_and_says_so(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "synthetic")
    write(config, WIESBADEN, purpose='"Anzeige der Leistungen Wiesbadens"', areas='["064140000000"]')
    found = of(config, WIESBADEN)
    assert found.ready
    assert [step.key for step in found.steps] == ["connector", "enabled"]


def test_an_area_outside_and_a_day_after_the_permission_are_told(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "synthetic")
    write(config, WIESBADEN, purpose='"Kassel"', areas='["066110000000"]', valid_until="2026-11-21")
    keys = [
        step.key
        for step in of(config, WIESBADEN).steps
        if "permission" in step.message or "area" in step.message
    ]
    assert keys == ["settings.permission.valid_until", "settings.areas.064140000000"]


def test_what_a_disabled_source_lacks_is_no_problem(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(config)]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"sources/{WIESBADEN}.toml: disabled; still missing" in shown.err
    assert f"env:{KEY} is not set or empty" in shown.err
    assert "sources/pvog-wiesbaden.toml" in shown.err
    assert "lists.example.invalid is a placeholder" in shown.err
    assert shown.err.count("never compared with a running portal") == 1
    assert main(["check", "--json", str(config)]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["problems"] == []
    (wiesbaden,) = [one for one in body["sources"] if one["source_id"] == WIESBADEN]
    assert not wiesbaden["ready"]
    assert {"key", "message", "fix", "line"} == wiesbaden["steps"][0].keys()


def test_what_an_enabled_source_lacks_keeps_the_daemon_from_starting(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(config, WIESBADEN, enabled="true")
    assert main(["check", str(config)]) == 2
    out = capsys.readouterr().out
    assert "settings.api_key" in out
    assert "settings.permission.purpose" in out
    monkeypatch.setenv(KEY, "synthetic")
    write(config, WIESBADEN, purpose='"Anzeige"', areas='["064140000000"]', valid_until="2020-01-01")
    # That it has ended is a matter of each run: a restart must not fail because of one source.
    assert main(["check", str(config)]) == 0
    assert "ended on 2020-01-01" in capsys.readouterr().err


def test_secrets_inside_tables_are_found() -> None:
    class Settings(SourceSettings):
        credentials: ClientCredentials
        token: SecretRef

    settings = Settings.model_validate(
        {
            "base_url": "https://a.example",
            "token": "env:TOKEN",
            "credentials": {
                "token_url": "https://a.example/token",
                "client_id": "env:ID",
                "client_secret": "file:/x",
            },
        }
    )
    assert {name: str(secret) for name, secret in settings.secret_references()} == {
        "credentials.client_id": "env:ID",
        "credentials.client_secret": "file:/x",
        "token": "env:TOKEN",
    }
