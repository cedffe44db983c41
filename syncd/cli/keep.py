"""Commands that keep the data safe: backup, restore, schema of the database."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from syncd.cli.output import print_facts, print_json, progress, say
from syncd.cli.reading import load
from syncd.errors import StorageError


def backup(arguments: argparse.Namespace) -> int:
    """Write a consistent copy while everything goes on."""
    from syncd.storage import open_store

    config, target = load(arguments), Path(arguments.file)
    with (
        progress("copying the database"),
        open_store(config.database_url, create=False, check=False) as store,
    ):
        store.backup(target)
    facts = {"file": str(target.absolute()), "bytes": target.stat().st_size}
    _print(arguments, facts)
    return 0


def restore(arguments: argparse.Namespace) -> int:
    """Put a backup in place; refused while a daemon runs on the state folder."""
    from syncd.bootstrap.state_folder import StateFolder
    from syncd.storage import open_store
    from syncd.storage import restore as put_back

    config, file = load(arguments), Path(arguments.file)
    folder = StateFolder(config.data_dir)
    folder.make()
    if folder.daemon_runs():
        raise StorageError(
            "a daemon runs on this state folder",
            where=str(folder.root),
            code="storage_busy",
            fix="Stop it first.",
        )
    with progress("restoring the database"):
        put_back(config.database_url, file)
    with open_store(config.database_url, create=False, check=False) as store:
        current, needed = store.schema_state()
    _print(arguments, {"restored": str(file.absolute()), "schema": current, "needed": needed})
    if current != needed and not arguments.json:
        say("the backup has an older schema; run: syncd db upgrade")
    return 0


def database(arguments: argparse.Namespace) -> int:
    """Upgrade the schema, or show it; 1 when the shown schema is not the one needed."""
    from syncd.storage import open_store

    config = load(arguments)
    upgrade = arguments.action == "upgrade"
    with open_store(config.database_url, create=upgrade, check=False) as store:
        current, needed = store.schema_state()
        facts = {"database": store.label, "schema": current, "needed": needed, "ok": current == needed}
    _print(arguments, facts)
    return 0 if current == needed else 1


def _print(arguments: argparse.Namespace, facts: Mapping[str, object]) -> None:
    if arguments.json:
        print_json(facts)
    else:
        print_facts(facts.items())
