"""Obligations may name services that the register does not know."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from syncd.settings.load import check_config, load_config
from tests.support.paths import REPOSITORY

BUILDING_PERMIT = "99012070006001"


def test_a_name_of_an_obligation_fills_the_register_and_never_overrules_it() -> None:
    registry = load_config(REPOSITORY / "config").to_registry(date(2026, 11, 22))
    assert registry.services[BUILDING_PERMIT].name == "Bauantrag"
    assert registry.services[BUILDING_PERMIT].origin == "everyday-64"
    assert registry.services["99008001012000"].name == "Personalausweis Ausstellung"


def test_a_name_for_a_service_no_duty_lists_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(REPOSITORY / "config", config)
    path = config / "obligations" / "everyday-64.toml"
    path.write_text(
        path.read_text("utf-8").replace("[names]\n", '[names]\n99999999999999 = "Fremd"\n'), "utf-8"
    )
    (problem,) = check_config(config)
    assert "99999999999999" in problem.message
