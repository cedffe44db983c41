"""The reference pages name every setting, command and code that exists, and none that does not."""

from __future__ import annotations

import argparse
import re

import pytest
from pydantic import BaseModel

from syncd.cli.parser import build_parser
from syncd.rules.fault_words import fault_words
from syncd.settings import daemon_file, obligation_file, source_file
from tests.support.paths import REPOSITORY

DOCS = REPOSITORY / "docs"
SETTINGS = {"base_url", "data_dir", "run_timeout"}
TABLES: list[tuple[str, type[BaseModel]]] = [
    ("### `[daemon]`", daemon_file.DaemonTable),
    ("### `[database]`", daemon_file.DatabaseTable),
    ("### `[web]`", daemon_file.WebTable),
    ("### `[[web.operator]]`", daemon_file.OperatorTable),
    ("### `[log]`", daemon_file.LogTable),
    ("### `[worker]`", daemon_file.WorkerTable),
    ("### `[retention]`", daemon_file.RetentionTable),
    ("### `[registers]`", daemon_file.RegistersTable),
    ("### `[[cohort]]`", daemon_file.CohortTable),
    ("## sources/*.toml", source_file.SourceFile),
    ("### `[scope]`", source_file.ScopeTable),
    ("### `[limits]`", source_file.LimitsTable),
    ("### `[about]`", source_file.AboutTable),
    ("## obligations/*.toml", obligation_file.ObligationFile),
    ("### `[[duty]]`", obligation_file.DutyTable),
]


@pytest.mark.parametrize(("heading", "model"), TABLES, ids=[heading for heading, _ in TABLES])
def test_configuration_names_every_key(heading: str, model: type[BaseModel]) -> None:
    text = (DOCS / "reference" / "configuration.md").read_text()
    section = re.split(r"\n#{2,3} ", text[text.index(heading) + len(heading) :], maxsplit=1)[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    documented = {key for cell in cells for key in re.findall(r"`([a-z_]+)`", cell)}
    nested = {"scope", "settings", "limits", "about", "client_certificate", "duty", "operator"}
    assert documented == {info.alias or name for name, info in model.model_fields.items()} - nested


def test_command_line_names_every_command_and_option() -> None:
    text = (DOCS / "reference" / "cli.md").read_text()
    commands = next(a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    everywhere = {"--config", "--set", "--json", "--lang", "--help", "--limit", "--release", "--at"}
    # Where they listen is a detail that --help tells.
    details = {"--port", "--replay-port"}
    for name, command in commands.choices.items():
        assert f"`syncd {name}" in text, name
        options = {option for option in command._option_string_actions if option.startswith("--")}
        for option in options - everywhere - details:
            assert option in text, (name, option)
    assert set(re.findall(r"`syncd ([a-z-]+)", text)) <= commands.choices.keys()


@pytest.mark.parametrize("page", sorted((DOCS / "runbooks").glob("*.md")), ids=lambda path: path.name)
def test_runbooks_name_codes_that_exist(page: object) -> None:
    text = (DOCS / "runbooks" / str(page)).read_text()
    lines = [line for line in text.splitlines() if line.startswith(("- `", "| 2, `"))]
    for code in {code for line in lines for code in re.findall(r"`([a-z]+_[a-z0-9_]+)`", line)}:
        assert fault_words(code, "en") is not None or code in SETTINGS, code
