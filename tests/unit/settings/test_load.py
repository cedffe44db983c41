"""Reading a configuration: every problem at once, each with file, key, line and what to write instead."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from syncd.errors import ConfigError
from syncd.settings.load import check_config, load_config
from tests.support.paths import REPOSITORY

SHIPPED = REPOSITORY / "config"


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, f"{old!r} does not occur in {path.name}"
    path.write_text(text.replace(old, new, 1))


def test_the_shipped_configuration_has_no_problem() -> None:
    assert check_config(SHIPPED) == []


def test_a_valid_configuration_becomes_plans(directory: Path) -> None:
    config = load_config(directory)
    registry = config.to_registry(date(2026, 11, 22))
    plan = registry.sources["town"]
    assert plan.interval == timedelta(hours=6)
    assert [area.code for area in plan.scope.areas] == ["064140000000"]
    assert (plan.scope.services or set()) == {"99036020001000", "99115005104000"}
    assert plan.scope.silence_means_absence
    assert plan.limits.max_loss_percent == 5
    assert config.sources["town"].file.limits.max_bytes == 10_000_000
    assert registry.cohorts[0].areas == ("064140000000", "06439")
    assert {duty.line for _, duty in registry.duties(date(2026, 1, 1))} == {"gemeinde", "kreis"}
    assert registry.duties(date(2022, 12, 30)) == ()


def test_the_register_in_force_follows_the_day(directory: Path) -> None:
    config = load_config(directory)
    before = config.to_registry(date(2025, 12, 31)).areas
    after = config.to_registry(date(2026, 1, 1)).areas
    assert before.line.area("064350014014") is not None
    assert after.line.area("064350014014") is None
    assert after.moved["064350014014"].code == "064150000000"
    assert before.digest != after.digest


@pytest.mark.fault("P4")
def test_all_errors_are_listed_at_once(directory: Path) -> None:
    (directory / "syncd.toml").write_text(
        """
[web]
prot = 8080

[daemon]
timezone = "Europe/Hessen"
check_interval = 60

[database]
url = "mysql://db/syncd"

[log]
format = "jason"

[[cohort]]
id = "Pilots"
title = ""
areas = []
"""
    )
    replace(directory / "sources" / "town.toml", 'path = "town.csv"', 'path = "town.csv"\ndelimeter = ";"')
    replace(directory / "sources" / "town.toml", 'interval = "6h"', 'interval = "6"')
    replace(directory / "obligations" / "everyday.toml", '"online_form"', '"online_fomr"')
    (directory / "sources" / "other.toml").write_text("id = 'other\n")
    (directory / "sources" / "note.txt").write_text("")
    (directory / "source").mkdir()
    problems = check_config(directory)
    assert {(p.file, p.key) for p in problems} == {
        ("syncd.toml", "web.prot"),
        ("syncd.toml", "daemon.timezone"),
        ("syncd.toml", "daemon.check_interval"),
        ("syncd.toml", "database.url"),
        ("syncd.toml", "log.format"),
        ("syncd.toml", "cohort.0.id"),
        ("syncd.toml", "cohort.0.title"),
        ("syncd.toml", "cohort.0.areas"),
        ("sources/town.toml", "interval"),
        ("sources/other.toml", ""),
        ("sources/note.txt", ""),
        ("obligations/everyday.toml", "duty.0.minimum"),
        ("source", ""),
    }
    by_key = {p.key: p for p in problems}
    assert by_key["web.prot"].fix == "did you mean 'port'?"
    assert by_key["web.prot"].line == 3
    assert by_key["log.format"].fix == "did you mean 'json'?"
    assert by_key["duty.0.minimum"].fix == "did you mean 'online_form'?"
    assert by_key["duty.0.minimum"].line == 9
    with pytest.raises(ConfigError) as caught:
        load_config(directory)
    assert str(len(problems)) in caught.value.message
    assert all(p.file in caught.value.message for p in problems)


@pytest.mark.fault("P4")
@pytest.mark.parametrize(
    ("file", "table", "key", "hint"),
    [
        ("syncd.toml", "", "zzz", "known here"),
        ("syncd.toml", "[web]", "hots", "did you mean 'host'?"),
        ("syncd.toml", "[[cohort]]", "titel", "did you mean 'title'?"),
        ("sources/town.toml", "", "intervall", "did you mean 'interval'?"),
        ("sources/town.toml", "[scope]", "service", "did you mean 'services'?"),
        ("sources/town.toml", "[limits]", "max_los_percent", "did you mean 'max_loss_percent'?"),
        ("sources/town.toml", "[settings]", "delimeter", "did you mean 'delimiter'?"),
        ("obligations/everyday.toml", "", "notes", "did you mean 'note'?"),
        ("obligations/everyday.toml", "[[duty]]", "legal_grounds", "did you mean 'legal_ground'?"),
    ],
)
def test_unknown_keys_are_refused_at_every_depth(
    directory: Path, file: str, table: str, key: str, hint: str
) -> None:
    path = directory / file
    line = f'"{key}" = 1\n'
    path.write_text(
        line + path.read_text() if not table else path.read_text().replace(table, f"{table}\n{line}", 1)
    )
    (problem,) = check_config(directory)
    assert problem.key.endswith(key)
    assert problem.message == "unknown key"
    assert hint in problem.fix
    assert problem.line > 0


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "message"),
    [
        ("sources/town.toml", 'id = "town"', 'id = "city"', "id", "does not match the file name"),
        ("sources/town.toml", '"link_list"', '"link_lists"', "connector", "not installed"),
        ("sources/town.toml", '"6h"', '"30s"', "interval", "shorter than the 60 s"),
        (
            "sources/town.toml",
            '"2d"',
            '"5h"',
            "",
            "stale_after (5 h) must not be shorter than interval (6 h)",
        ),
        ("sources/town.toml", '"064140000000"', '"999"', "scope.areas.0", "no area of the register"),
        ("sources/town.toml", '"everyday"', '"everday"', "scope.services_from", "no obligation"),
        (
            "sources/town.toml",
            'services_from = "everyday"',
            'services = ["9903602000100"]',
            "scope.services.0",
            "not a service key",
        ),
        ("sources/town.toml", "services_from", "services = []\nservices_from", "scope", "either services or"),
        ("obligations/everyday.toml", '"99115005104000"]', '"99036020001000"]', "duty.0", "listed twice"),
        (
            "obligations/everyday.toml",
            'line = "kreis"',
            'line = "gemeinde"',
            "duty.1.services",
            "already owed",
        ),
        ("obligations/everyday.toml", "from = 2022-12-31", 'from = "soon"', "duty.0.from", "date"),
        ("syncd.toml", '"06439"', '"06499"', "cohort.0.areas.1", "no area of the register"),
        (
            "syncd.toml",
            "[[cohort]]",
            '[reports]\nkeep = ["06439", "pilot"]\n[[cohort]]',
            "reports.keep.1",
            "neither a cohort nor an area",
        ),
        (
            "syncd.toml",
            "[[cohort]]",
            '[reports]\nobligations = ["everyday", "today"]\n[[cohort]]',
            "reports.obligations.1",
            "no obligation 'today'",
        ),
    ],
)
def test_files_have_to_fit_together(  # noqa: PLR0917 - columns of a table
    directory: Path, file: str, old: str, new: str, key: str, message: str
) -> None:
    replace(directory / file, old, new)
    problems = [p for p in check_config(directory) if p.file == file]
    assert [p.key for p in problems] == [key]
    assert message in problems[0].message


def test_loopback_portals_may_be_asked_every_second(directory: Path) -> None:
    replace(directory / "sources" / "town.toml", '"6h"', '"1s"')
    replace(directory / "sources" / "town.toml", "https://lists.example.org", "http://127.0.0.1:9/town")
    assert check_config(directory) == []


@pytest.mark.fault("P4")
def test_two_sources_may_not_ask_the_same_portal_for_the_same(directory: Path) -> None:
    text = (directory / "sources" / "town.toml").read_text().replace('id = "town"', 'id = "twin"')
    (directory / "sources" / "twin.toml").write_text(text)
    (problem,) = check_config(directory)
    assert (problem.file, problem.key) == ("sources/twin.toml", "settings")
    (directory / "sources" / "twin.toml").write_text(f"enabled = false\n{text}")
    assert check_config(directory) == []


def test_missing_register_files_are_named(directory: Path) -> None:
    replace(directory / "syncd.toml", "[web]", '[registers]\nareas = "reference/gone.txt"\n[web]')
    (problem,) = check_config(directory)
    assert problem.key == "registers.areas"
    assert "gone.txt" in problem.message


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_directory(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (problem,) = check_config(tmp_path / name)
    assert "no such directory" in problem.message


def test_decisions_are_not_ignored_in_silence(directory: Path) -> None:
    (directory / "decisions").mkdir()
    assert check_config(directory) == []
    (directory / "decisions" / "waive.toml").write_text("")
    (problem,) = check_config(directory)
    assert "is no file of decisions" in problem.message
    (directory / "decisions" / "waive.toml").rename(directory / "decisions" / "link.ndjson")
    assert check_config(directory) == []


def test_overrides_replace_single_keys(directory: Path) -> None:
    config = load_config(
        directory,
        {
            "web.port": "9090",
            "sources.town.settings.base_url": "http://127.0.0.1:1/x",
            "sources.town.interval": "'7h'",
            "sources.town.limits.allow_private": "true",
            "sources.town.scope.areas": '["06439"]',
        },
    )
    source = config.sources["town"]
    assert config.file.web.port == 9090
    assert source.settings.base_url == "http://127.0.0.1:1/x"
    assert source.file.interval == timedelta(hours=7)
    assert source.file.limits.allow_private
    assert source.file.limits.max_loss_percent == 5
    assert source.file.scope.areas == ("06439",)


@pytest.mark.parametrize(
    "key", ["sources.twn.interval", "sources.town", "obligations.x.title", "web.prt", "wbe.port"]
)
def test_overrides_that_hit_nothing_are_problems(directory: Path, key: str) -> None:
    assert [p.key for p in check_config(directory, {key: "1"})] == [key if key != "wbe.port" else "wbe"]


@pytest.mark.fault("T24")
def test_a_client_certificate_that_cannot_work_is_a_problem(directory: Path) -> None:
    source = directory / "sources" / "town.toml"
    table = '\n[client_certificate]\ncertificate = "/nowhere/town.pem"\nkey = "/nowhere/town.key"\n'
    source.write_text(source.read_text() + table)
    replace(source, "https://", "http://")
    unusable, plain = sorted(check_config(directory))
    assert (plain.key, unusable.key) == ("client_certificate", "client_certificate")
    assert "https" in plain.message
    assert "/nowhere/town.pem" in unusable.message
    replace(source, '"/nowhere/town.key"', '"town.key"')
    (relative,) = check_config(directory)
    assert relative.key == "client_certificate.key"
