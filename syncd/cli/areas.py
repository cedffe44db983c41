"""The command ``areas``: search the register in force, or take another edition of it."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.cli.output import print_json, print_rows, say
from syncd.cli.reading import load, overrides_of
from syncd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.model.area import Area
    from syncd.pipeline.registry import AreaRegister
    from syncd.rules.editions import ImportPlan

_IMPORT = "import"
_IMPORT_WORDS = 2


def areas(arguments: argparse.Namespace) -> int:
    """Search areas by name or key; 1 when nothing is found. ``import FILE`` takes another edition."""
    if arguments.query[:1] == [_IMPORT]:
        if len(arguments.query) != _IMPORT_WORDS:
            raise ConfigError("name one file", where="areas import", fix="Write: syncd areas import FILE.")
        return _import(arguments, Path(arguments.query[1]))
    config = load(arguments)
    register = config.registers.area_register(datetime.now(UTC).date())
    columns = {
        "code": "code",
        "ars": "ARS",
        "ags": "AGS",
        "name": "name",
        "level": "level",
        "kind": "kind",
        "population": "people",
    }
    found = (_row(area) for area in _matching(register, " ".join(arguments.query)))
    return 0 if print_rows(arguments, found, columns) else 1


def _matching(register: AreaRegister, query: str) -> Iterator[Area]:
    from syncd.rules.names import fold_name

    digits = "".join(query.split())
    wanted = fold_name(query)
    key = register.index.resolve(query) if digits.isdecimal() else None
    for area in register.areas:
        if (
            not query
            or (key is not None and area.code == key.code)
            or (digits.isdecimal() and (area.code.startswith(digits) or area.ags == digits))
            or (wanted and wanted in fold_name(area.name))
        ):
            yield area


def _row(area: Area) -> dict[str, object]:
    return {
        "code": area.code,
        "ars": area.key.ars,
        "ags": area.ags,
        "name": area.name,
        "level": area.key.level.name.lower(),
        "kind": area.kind.value,
        "population": area.population,
        "seat_postcode": area.seat_postcode,
        "valid_from": area.valid_from.isoformat() if area.valid_from else None,
    }


def _import(arguments: argparse.Namespace, file: Path) -> int:
    """Report what an edition changes and take it; 1 when areas end without a successor."""
    from syncd.settings.area_import import plan_area_import, read_edition, take_edition

    config = load(arguments)
    edition, raw = read_edition(file)
    plan = plan_area_import(config, edition)
    changed: list[Path] = []
    if not arguments.dry_run and not plan.is_refused:
        changed = take_edition(config, plan, raw, overrides_of(arguments))
    if arguments.json:
        print_json(
            {
                "stated_on": plan.stated_on.isoformat(),
                "refused": plan.is_refused,
                "diff": plan.diff,
                "successions": [
                    {"from": s.from_code, "to": s.to_code, "on": s.on.isoformat(), "reason": s.reason}
                    for s in plan.successions
                ],
                "toml": plan.toml,
                "changed_files": [str(path) for path in changed],
            }
        )
    else:
        _report(plan)
        _conclude(plan, changed, dry_run=arguments.dry_run)
    return 1 if plan.is_refused else 0


def _report(plan: ImportPlan) -> None:
    diff = plan.diff
    print(f"edition of {plan.stated_on:%d.%m.%Y}")
    for title, ended in (
        ("dissolved", diff.dissolved),
        ("re-keyed", diff.rekeyed),
        ("no successor", diff.unresolved),
    ):
        print(f"{title}: {len(ended)}")
        for area in ended:
            heir = f" → {area.successor}" if area.successor else ""
            print(f"  {area.code} {area.name}{heir}")
    print(f"new: {len(diff.new)}")
    for code in diff.new:
        print(f"  {code}")
    print(f"renamed: {len(diff.renamed)}")
    for renamed in diff.renamed:
        print(f"  {renamed.code} {renamed.old_name} → {renamed.new_name}")
    print(f"other number of inhabitants: {diff.population_changes_count}")


def _conclude(plan: ImportPlan, changed: list[Path], *, dry_run: bool) -> None:
    if plan.is_refused:
        say("refused, nothing was changed. Complete these lines in the table of successions and try again:\n")
        print(plan.toml)
    elif dry_run:
        say("nothing was changed (--dry-run)")
    else:
        say("changed: " + ", ".join(str(path) for path in changed))
        say("a running daemon takes it on reload (SIGHUP); claims and history move with their areas")
