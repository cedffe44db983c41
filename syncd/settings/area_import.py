"""Taking another edition of the area register into a configuration directory, whole or not at all.

The edition, the successions it makes evident and the key that names it belong together: they are written,
the configuration is checked as the daemon would, and if anything is wrong everything is put back. This module
must not decide who succeeds whom.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from pathlib import Path

from syncd.errors import ConfigError
from syncd.model.area import Succession
from syncd.rules.editions import ImportPlan, plan_import
from syncd.rules.gv100ad import Edition, decode_gv100ad, parse_gv100ad
from syncd.settings.config import Config
from syncd.settings.load import check_config
from syncd.settings.problems import config_error
from syncd.settings.registers import read_packed, reference_file
from syncd.settings.shipped import MAIN_FILE

_KEY = "areas"
_TABLE = re.compile(r"^\s*\[registers\]\s*(?:#.*)?$")
_LINE = re.compile(r"^\s*#?\s*areas\s*=")


def read_edition(file: Path) -> tuple[Edition, bytes]:
    """Return the edition in a GV100AD file, plain or packed, and its bytes."""
    raw = read_packed(file)
    return parse_gv100ad(decode_gv100ad(raw)), raw


def plan_area_import(config: Config, edition: Edition) -> ImportPlan:
    """Return what taking the edition would change, against the register in force on its day."""
    registers = config.registers
    before = registers.area_register(edition.stated_on).areas
    return plan_import(before, edition, registers.successions)


def take_edition(
    config: Config, plan: ImportPlan, raw: bytes, overrides: Mapping[str, str] | None = None
) -> list[Path]:
    """Write the edition into the configuration directory and return the files that changed.

    Raises ConfigError, with everything put back, when areas have no successor, when the directory cannot be
    written or when the configuration would no longer be valid.
    """
    if plan.is_refused:
        ended = ", ".join(area.code for area in plan.diff.unresolved)
        raise ConfigError(
            f"areas end without a successor: {ended}",
            code="successor_missing",
            fix="Add the printed lines to the table of successions, then import again.",
        )
    directory = config.directory
    table = config.file.registers
    name = f"reference/gv100ad-{plan.stated_on.isoformat()}.txt.gz"
    main = directory / MAIN_FILE
    contents = {
        directory / name: gzip.compress(raw, mtime=0),
        main: _naming(main.read_text(encoding="utf-8"), name).encode(),
    }
    if plan.successions:
        old = read_packed(reference_file(directory, table.successions)).decode()
        contents[directory / table.successions] = (
            old.rstrip("\n") + "\n" + _lines(plan.successions)
        ).encode()
    before = {path: path.read_bytes() if path.exists() else None for path in contents}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if problems := check_config(directory, overrides):
            raise config_error(problems)
    except OSError as error:
        _put_back(before)
        raise ConfigError(
            f"cannot be written: {error.strerror}",
            where=str(error.filename or directory),
            fix="Run this as a user who may change the configuration directory.",
        ) from error
    except ConfigError:
        _put_back(before)
        raise
    return [path for path, content in contents.items() if before[path] != content]


def _put_back(before: Mapping[Path, bytes | None]) -> None:
    for path, content in before.items():
        if content is None:
            path.unlink(missing_ok=True)
        elif path.read_bytes() != content:
            path.write_bytes(content)


def _naming(text: str, name: str) -> str:
    """Return ``syncd.toml`` with ``registers.areas`` set, comments and order untouched."""
    lines = text.splitlines()
    wanted = f'{_KEY} = "{name}"'
    start = next((number for number, line in enumerate(lines) if _TABLE.match(line)), None)
    if start is None:
        return "\n".join([*lines, "", "[registers]", wanted, ""])
    for number in range(start + 1, len(lines)):
        if lines[number].lstrip().startswith("["):
            break
        if _LINE.match(lines[number]):
            lines[number] = wanted
            return "\n".join([*lines, ""])
    return "\n".join([*lines[: start + 1], wanted, *lines[start + 1 :], ""])


def _lines(successions: tuple[Succession, ...]) -> str:
    return "".join(
        f'\n[[succession]]\nfrom = "{s.from_code}"\nto = "{s.to_code}"\non = {s.on.isoformat()}\n'
        f'reason = "{s.reason}"\n'
        for s in successions
    )
