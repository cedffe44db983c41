"""Commands for those who extend: list connectors, begin a new one, run the conformance suite."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from syncd.cli.output import print_rows, say
from syncd.errors import ConfigError

_LISTED = {"name": "connector", "title": "reads", "completeness": "proof", "records": "records"}
_CHECKED = {"check": "check", "result": "result", "broken": "what is broken"}


def connector(arguments: argparse.Namespace) -> int:
    """List, begin or test connectors; 1 when one breaks a promise."""
    action: str = arguments.action
    if action == "list":
        return _list(arguments)
    if not arguments.name:
        raise ConfigError(f"write: connector {action} NAME", where="connector")
    return _new(arguments) if action == "new" else _test(arguments)


def _list(arguments: argparse.Namespace) -> int:
    from syncd.settings.connectors import load_connectors

    rows = [
        {
            "name": name,
            "title": spec.title,
            "completeness": spec.completeness.value,
            "records": "service register" if spec.feeds_register else "offers",
        }
        for name, spec in load_connectors().items()
    ]
    print_rows(arguments, rows, _LISTED)
    return 0


def _new(arguments: argparse.Namespace) -> int:
    from syncd.sdk.scaffold import write_connector

    written = write_connector(arguments.name, arguments.title or arguments.name, Path(arguments.into))
    folder = written[0].parent
    print_rows(arguments, [{"file": str(path)} for path in written], {"file": "written"})
    if not arguments.json:
        say(f"\nNext: cd {folder} && pip install --no-deps -e . && syncd connector test {arguments.name}")
        say("Then bend parse.py and connector.py to the portal; the tutorial leads through it.")
    return 0


def _test(arguments: argparse.Namespace) -> int:
    from syncd.bootstrap.conforming import run_checks
    from syncd.settings.connectors import load_connector

    spec = load_connector(arguments.name)
    with tempfile.TemporaryDirectory(prefix="syncd-connector-") as folder:
        rows = [
            {"check": name, "result": "broken" if broken else "kept", "broken": broken}
            for name, broken in run_checks(spec, Path(folder))
        ]
    print_rows(arguments, rows, _CHECKED)
    return int(any(row["broken"] for row in rows))
