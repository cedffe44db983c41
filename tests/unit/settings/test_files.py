"""Schemas, layouts, and where a configuration is looked for."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from syncd.errors import ConfigError
from syncd.settings.connectors import connector_names, load_connectors
from syncd.settings.layout import lay_out
from syncd.settings.load import load_config
from syncd.settings.schemas import schemas, stale_schemas
from syncd.settings.shipped import find_directory, shipped_directory
from syncd.settings.toml_files import line_of
from tests.support.paths import REPOSITORY

SHIPPED = REPOSITORY / "config"


def plain(table: Any) -> Any:
    return json.loads(json.dumps(table, default=str))


def test_committed_schemas_are_up_to_date() -> None:
    assert stale_schemas(SHIPPED, load_connectors()) == []


def test_shipped_files_fit_their_schemas() -> None:
    by_name = {name: json.loads(body) for name, body in schemas(load_connectors()).items()}
    files = [(SHIPPED / "syncd.toml", "syncd.json")]
    files += [(path, "source.json") for path in SHIPPED.glob("sources/*.toml")]
    files += [(path, "obligation.json") for path in SHIPPED.glob("obligations/*.toml")]
    for path, name in files:
        jsonschema.Draft202012Validator(by_name[name]).validate(plain(tomllib.loads(path.read_text())))


def test_schema_knows_the_settings_of_each_connector() -> None:
    schema = json.loads(schemas(load_connectors())["source.json"])
    source = plain(tomllib.loads((SHIPPED / "sources" / "pvog-bund.toml").read_text()))
    source["settings"]["regoins"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(source, schema)
    assert {branch["properties"]["connector"]["const"] for branch in schema["oneOf"]} == connector_names()


def test_a_layout_says_the_same_with_some_settings_changed(tmp_path: Path) -> None:
    changes = {
        "web.port": 0,
        "sources.pvog-bund.interval": "15s",
        "sources.pvog-bund.limits.allow_private": True,
    }
    changes["sources.pvog-bund.settings.base_url"] = "http://127.0.0.1:1/x"
    lay_out(tmp_path / "config", SHIPPED, changes)
    before, after = load_config(SHIPPED), load_config(tmp_path / "config")
    assert after.file.web.port == 0
    assert after.obligations == before.obligations
    assert after.cohorts == before.cohorts
    assert after.sources["pvog-wiesbaden"].file == before.sources["pvog-wiesbaden"].file
    source = after.sources["pvog-bund"]
    assert source.settings.base_url == "http://127.0.0.1:1/x"
    assert source.file.limits.allow_private
    assert source.file.scope == before.sources["pvog-bund"].file.scope


def test_where_a_configuration_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_directory(None, {}) == shipped_directory()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "syncd.toml").write_text("")
    assert find_directory(None, {}) == tmp_path / "config"
    assert find_directory(None, {"SYNCD_CONFIG": str(tmp_path)}) == tmp_path
    assert find_directory(str(tmp_path / "config"), {"SYNCD_CONFIG": "/nowhere"}) == tmp_path / "config"
    with pytest.raises(ConfigError, match="no such configuration directory"):
        find_directory("/nowhere", {})


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("a", 1),
        ("t.b", 5),
        ("t", 3),
        ("t.text", 6),
        ("t.after", 9),
        ("d.0.x", 12),
        ("d.1.x", 14),
        ("d.1.sub.y", 16),
    ],
)
def test_lines_of_keys(key: str, line: int) -> None:
    text = (
        'a = 1\n\n[t] # table\n# comment\nb = 2\ntext = """\nb = 3\n"""\nafter = 1\n\n'
        "[[d]]\nx = 1\n[[d]]\nx = 2\n[d.sub]\ny = 1\n"
    )
    assert line_of(text, key) == line
