"""Where configuration is looked for: what the operator named, the usual places, what we ship."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import syncd
from syncd.errors import ConfigError

MAIN_FILE = "syncd.toml"


def shipped_directory() -> Path:
    """Return the shipped configuration: inside an installed wheel, or the ``config`` folder of a checkout."""
    package = Path(syncd.__file__).resolve().parent
    for candidate in (package / "shipped", package.parent / "config"):
        if (candidate / MAIN_FILE).is_file():
            return candidate
    raise ConfigError(
        "the shipped configuration is not there",
        fix="Reinstall syncd, or name a configuration directory with --config.",
    )


def find_directory(named: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the first of: the named directory, $SYNCD_CONFIG, ./config, /etc/syncd, the shipped one."""
    if chosen := named or environment.get("SYNCD_CONFIG"):
        directory = Path(chosen).expanduser()
        if not directory.is_dir():
            raise ConfigError(
                "there is no such configuration directory",
                where=str(directory),
                fix="Correct --config or $SYNCD_CONFIG, or lay one out with 'syncd init DIR'.",
            )
        return directory.absolute()
    for candidate in (Path("config"), Path("/etc/syncd")):
        if (candidate / MAIN_FILE).is_file():
            return candidate.absolute()
    return shipped_directory()
