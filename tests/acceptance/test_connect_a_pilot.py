"""docs/how-to/connect-a-pilot.md, step by step, with the shipped file of Wiesbaden against the simulator."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from syncd.cli.main import main
from syncd.settings.shipped import shipped_directory
from tests.support.infodienste import KEY, NAMES, TOWN_ID, Finder, serving

SOURCE = "hessen-finder-wiesbaden"
PERMISSION = {
    "purpose": '"Anzeige der Leistungen Wiesbadens (synthetisch)"',
    "areas": '["064140000000"]',
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HESSEN_FINDER_KEY_WIESBADEN", raising=False)
    monkeypatch.setitem(NAMES, TOWN_ID, ("06414000", "Wiesbaden"))
    monkeypatch.setitem(NAMES, "1", ("06000000", "Hessen"))
    shutil.copytree(shipped_directory(), tmp_path / "config")
    return tmp_path / "config" / "sources" / f"{SOURCE}.toml"


def test_from_the_key_to_the_catalogue(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> str:
        config = [
            *("--config", str(file.parent.parent), "--set", f"daemon.data_dir='{tmp_path / 'state'}'"),
            *("--set", f"sources.{SOURCE}.limits.allow_private=true"),
        ]
        status = main([*arguments, *config])
        shown = capsys.readouterr()
        assert status == 0, shown
        return shown.out + shown.err

    with serving(Finder()) as portal:
        assert f"sources/{SOURCE}.toml: disabled; still missing" in run("check")
        text = file.read_text(encoding="utf-8")
        for old in ("https://restapi-v4-he.infodienste.de", "https://gd-api.zfinder.de"):
            text = text.replace(f'"{old}"', f'"{portal.base_url}"')
        text = text.replace('purpose = ""', f"purpose = {PERMISSION['purpose']}")
        file.write_text(text.replace("areas = []", f"areas = {PERMISSION['areas']}"), encoding="utf-8")
        monkeypatch.setenv("HESSEN_FINDER_KEY_WIESBADEN", KEY)
        assert f"sources/{SOURCE}.toml: disabled, ready to be enabled" in run("check")

        ahead = run("preview", SOURCE, "--all")
        assert "Musterwohnsitz anmelden" in ahead
        assert "would be accepted" in ahead
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("enabled = false", "enabled = true"), encoding="utf-8")
        run("check")
        run("sync", SOURCE)
        (found,) = [one for one in json.loads(run("sources", "--json")) if one["source_id"] == SOURCE]
        assert (found["code"], found["records"]) == ("accepted", 6)
        queries = [dict(parse_qsl(urlsplit(one.path).query)) for one in portal.requests]
    assert {query["areaId"] for query in queries if "areaId" in query} == {TOWN_ID}
    assert KEY not in "".join(
        path.read_bytes().decode("latin-1") for path in (tmp_path / "state").rglob("*") if path.is_file()
    )
