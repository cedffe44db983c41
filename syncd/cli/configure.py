"""Commands for the configuration: check it, lay one out, write its schemas."""

from __future__ import annotations

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.cli.output import print_json, say
from syncd.cli.reading import overrides_of
from syncd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncd.settings.readiness import Readiness

_LEFT_OUT = ("recordings", "demo")
"""Folders of the shipped configuration that only the demonstration needs."""


def check(arguments: argparse.Namespace) -> int:
    """List every problem of a configuration; 0 without, 2 with problems.

    Beside them, what keeps each source from being read; that alone changes no exit code.
    """
    from syncd.settings.load import read_config
    from syncd.settings.readiness import readiness
    from syncd.settings.shipped import find_directory

    directory = find_directory(arguments.directory or arguments.config)
    config, problems = read_config(directory, overrides_of(arguments))
    sources = readiness(config, datetime.now(UTC).date()) if config else ()
    shut_out = config.operators().refused if config else {}
    if arguments.json:
        print_json(
            {
                "directory": str(directory),
                "problems": problems,
                "sources": sources,
                "operators_shut_out": shut_out,
            }
        )
    else:
        for source in sources:
            _print_readiness(source)
        _print_unverified(sources)
        for name, why in shut_out.items():
            say(f"[[web.operator]] {name}: cannot decide through the API: {why}")
        for problem in problems:
            print(problem)
        amount = "no problem" if not problems else f"{len(problems)} problem{'s' * (len(problems) > 1)}"
        say(f"{directory}: {amount}")
    return 2 if problems else 0


def _print_readiness(source: Readiness) -> None:
    # What the heading says, and what is true of all sources of a connector, is not said line by line.
    steps = [step for step in source.steps if step.key not in {"connector", "enabled"}]
    if source.enabled:
        heading = "enabled, but"
    else:
        heading = "disabled, ready to be enabled" if source.ready else "disabled; still missing"
    if steps or not source.enabled:
        say(f"{source.file}: {heading}")
    for step in steps:
        line = f"{step.line}: " if step.line else ""
        say(f"  {line}{step.key}: {step.message} → {step.fix}")


def _print_unverified(sources: Sequence[Readiness]) -> None:
    names = sorted({source.connector for source in sources if not source.verified_live})
    if names:
        say(f"never compared with a running portal: {', '.join(names)}")
        say("  → look at what 'syncd preview SOURCE' shows before you rely on one of them")


def schema(arguments: argparse.Namespace) -> int:
    """Write the schemas beside the configuration; with ``--check`` 1 when they are not up to date."""
    from syncd.settings.connectors import load_connectors
    from syncd.settings.schemas import FOLDER, schemas, stale_schemas
    from syncd.settings.shipped import find_directory

    directory = find_directory(arguments.config)
    connectors = load_connectors()
    stale = stale_schemas(directory, connectors)
    if not arguments.check:
        files = schemas(connectors)
        try:
            (directory / FOLDER).mkdir(exist_ok=True)
            for name in stale:
                (directory / FOLDER / name).write_bytes(files[name])
        except OSError as error:
            raise ConfigError(
                f"cannot be written: {error.strerror}", where=str(directory / FOLDER)
            ) from error
    if arguments.json:
        print_json({"directory": str(directory / FOLDER), "stale": stale, "written": not arguments.check})
    elif stale:
        say(f"{'not up to date' if arguments.check else 'written'}: {', '.join(stale)}")
    return 1 if stale and arguments.check else 0


def init(arguments: argparse.Namespace) -> int:
    """Copy the shipped configuration and reference data into an empty directory."""
    from syncd.settings.load import check_config
    from syncd.settings.shipped import shipped_directory

    target, origin = Path(arguments.directory).absolute(), shipped_directory()
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise ConfigError("is not an empty directory", where=str(target), fix="Name a new directory.")
        target.mkdir(parents=True, exist_ok=True)
        for entry in sorted(origin.iterdir()):
            if entry.is_dir() and entry.name not in _LEFT_OUT:
                shutil.copytree(entry, target / entry.name)
            elif entry.is_file():
                shutil.copy(entry, target)
        (target / "decisions").mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot be written: {error.strerror}", where=str(error.filename or target)
        ) from error
    problems = check_config(target)
    if arguments.json:
        print_json({"directory": str(target), "problems": problems})
    else:
        say(f"laid out {target}; next: look at syncd.toml and sources/, then")
        say(f"  syncd check {target}\n  syncd run --config {target}")
    return 2 if problems else 0
