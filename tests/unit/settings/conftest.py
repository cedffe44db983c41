"""A small valid configuration to spoil."""

from __future__ import annotations

from pathlib import Path

import pytest

SYNCD = """
[web]
port = 0

[[cohort]]
id = "pilots"
title = "Pilots"
areas = ["064140000000", "06439"]
"""
SOURCE = """
id = "town"
title = "A town's list"
connector = "link_list"
interval = "6h"
stale_after = "2d"

[scope]
areas = ["064140000000"]
services_from = "everyday"
silence_means_absence = true

[settings]
base_url = "https://lists.example.org"
path = "town.csv"

[limits]
max_loss_percent = 5
max_bytes = "10 MB"
"""
OBLIGATION = """
id = "everyday"
title = "Everyday services"

[[duty]]
name = "Municipal"
line = "gemeinde"
owed_by = "gemeinde"
minimum = "online_form"
from = 2022-12-31
legal_ground = "§ 1a OZG"
services = ["99036020001000", "99115005104000"]

[[duty]]
name = "Of the Kreis"
line = "kreis"
owed_by = "kreis"
from = 2022-12-31
legal_ground = "§ 1a OZG"
services = ["99036020001000"]
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A valid configuration directory."""
    config = tmp_path / "config"
    (config / "sources").mkdir(parents=True)
    (config / "obligations").mkdir()
    (config / "syncd.toml").write_text(SYNCD)
    (config / "sources" / "town.toml").write_text(SOURCE)
    (config / "obligations" / "everyday.toml").write_text(OBLIGATION)
    return config
