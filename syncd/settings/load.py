"""Reading a configuration directory: every problem at once, or a whole configuration; never half of one.

``syncd check``, the start of the daemon and its reload all run :func:`read_config`, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from syncd.errors import ConfigError
from syncd.model.coverage import Obligation
from syncd.sdk.connector import ConnectorSpec
from syncd.sdk.settings import SourceSettings
from syncd.settings.base import Table
from syncd.settings.config import Config
from syncd.settings.connectors import connector_names, load_connector
from syncd.settings.cross_checks import cross_check
from syncd.settings.daemon_file import DaemonFile
from syncd.settings.decision_files import decision_problems
from syncd.settings.obligation_file import ObligationFile
from syncd.settings.problems import Problem, config_error, from_validation, suggest
from syncd.settings.registers import read_registers
from syncd.settings.shipped import MAIN_FILE
from syncd.settings.source_file import SourceFile
from syncd.settings.toml_files import line_of, overridden, parse_override, read_toml

SOURCES = "sources"
OBLIGATIONS = "obligations"
DECISIONS = "decisions"
_FOLDERS = frozenset({SOURCES, OBLIGATIONS, DECISIONS})
_OVERRIDE = "--set"
_OVERRIDE_DEPTH = 3

_AnyTable = TypeVar("_AnyTable", bound=Table)


def load_config(
    directory: Path, overrides: Mapping[str, str] | None = None, *, today: date | None = None
) -> Config:
    """Return the configuration of a directory; raises ConfigError that lists every problem."""
    config, problems = read_config(directory, overrides, today=today)
    if config is None or problems:
        raise config_error(problems)
    return config


def check_config(
    directory: Path, overrides: Mapping[str, str] | None = None, *, today: date | None = None
) -> list[Problem]:
    """Return every problem of a directory, sorted by file and line; empty when the daemon would start."""
    return read_config(directory, overrides, today=today)[1]


def read_config(
    directory: Path, overrides: Mapping[str, str] | None = None, *, today: date | None = None
) -> tuple[Config | None, list[Problem]]:
    """Read everything; the configuration is None when there are problems.

    ``overrides`` maps dotted keys to TOML values as text: ``sources.ID.KEY``, ``obligations.ID.KEY``, or a
    key of ``syncd.toml``. ``today`` decides which area keys are valid (default: the present day in UTC).
    """
    if not directory.is_dir():
        return None, [
            Problem(str(directory), "", "there is no such directory", "lay one out with 'syncd init DIR'")
        ]
    reader = _Reader(directory, overrides or {})
    on = today or datetime.now(UTC).date()
    reader.look_for_strays()
    file = reader.table(MAIN_FILE, DaemonFile, ())
    sources = reader.sources()
    obligations = reader.obligations()
    reader.unused_overrides()
    registers = None
    if file is not None:
        registers, problems = read_registers(directory, file.registers)
        reader.problems.extend(problems)
    config = None
    if file is not None and registers is not None:
        cohorts = tuple(cohort.to_model() for cohort in file.cohort)
        models: dict[str, Obligation] = {key: table.to_model() for key, table in obligations.items()}
        resolved, problems = cross_check(
            file, sources, models, registers, on, unreadable=reader.unreadable_obligations(models)
        )
        reader.problems.extend(problems)
        named = {key: s for _, table in sorted(obligations.items()) for key, s in table.to_services().items()}
        in_order = tuple(models[key] for key in sorted(models))
        config = Config(directory, file, resolved, in_order, named, cohorts, registers)
    problems = reader.finished()
    return (None if problems else config), problems


class _Reader:
    """Reads the files of one directory and remembers what was wrong with them."""

    def __init__(self, directory: Path, overrides: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._directory = directory
        self._texts: dict[str, str] = {}
        self._overrides = {tuple(key.split(".")): parse_override(text) for key, text in overrides.items()}
        self._used: set[tuple[str, ...]] = set()

    def table(self, name: str, model: type[_AnyTable], prefix: tuple[str, ...]) -> _AnyTable | None:
        """Read and validate one file; ``prefix`` is how overrides call it."""
        raw, text, problems = read_toml(self._directory / name, name)
        self._texts[name] = text
        self.problems.extend(problems)
        if problems:
            return None
        try:
            return model.model_validate(self._with_overrides(raw, prefix))
        except ValidationError as error:
            self.problems.extend(from_validation(error, model, file=name))
            return None

    def sources(self) -> dict[str, tuple[SourceFile, ConnectorSpec, SourceSettings]]:
        """Read ``sources/*.toml`` with the settings of their connectors."""
        found = {}
        for name, stem in self._files(SOURCES):
            file = self.table(name, SourceFile, (SOURCES, stem))
            if file is None:
                continue
            self._named_like_file(name, stem, file.id)
            if (parts := self._connector(name, file)) is not None:
                found[stem] = (file, *parts)
        return found

    def obligations(self) -> dict[str, ObligationFile]:
        """Read ``obligations/*.toml``."""
        found = {}
        for name, stem in self._files(OBLIGATIONS):
            if (table := self.table(name, ObligationFile, (OBLIGATIONS, stem))) is not None:
                self._named_like_file(name, stem, table.id)
                found[stem] = table
        return found

    def unreadable_obligations(self, readable: Mapping[str, Obligation]) -> frozenset[str]:
        """Return the obligations that have a file, but one with problems."""
        return frozenset(stem for _, stem in self._files(OBLIGATIONS)) - readable.keys()

    def look_for_strays(self) -> None:
        """Refuse what would be ignored in silence: misspelt folders, other file types, decisions."""
        for path in sorted(self._directory.iterdir()):
            if path.is_dir() and path.name not in _FOLDERS and (hint := suggest(path.name, _FOLDERS)):
                self.problems.append(Problem(path.name, "", "this folder is not read", hint))
            elif path.is_file() and path.suffix == ".toml" and path.name != MAIN_FILE:
                self.problems.append(
                    Problem(path.name, "", "this file is not read", f"settings belong into {MAIN_FILE}")
                )
        for folder in (SOURCES, OBLIGATIONS):
            for path in self._entries(folder):
                if path.suffix not in {".toml", ".md"}:
                    message = "this file is not read"
                    self.problems.append(
                        Problem(f"{folder}/{path.name}", "", message, "rename it to end in .toml")
                    )
        for path in self._entries(DECISIONS):
            if path.suffix != ".md":
                self.problems += decision_problems(path)

    def unused_overrides(self) -> None:
        """Refuse overrides for files that do not exist."""
        for path in sorted(self._overrides.keys() - self._used):
            key = ".".join(path)
            if path[0] in {SOURCES, OBLIGATIONS}:
                known = [stem for _, stem in self._files(path[0])]
                name = path[1] if len(path) > 1 else ""
                hint = suggest(name, known) or f"known: {', '.join(known) or 'none'}"
                if len(path) < _OVERRIDE_DEPTH:
                    hint = f"write {path[0]}.ID.KEY=VALUE"
                self.problems.append(
                    Problem(_OVERRIDE, key, "there is nothing of this name to override", hint)
                )

    def finished(self) -> list[Problem]:
        """Return all problems with line numbers, sorted by file and line."""
        placed = []
        for problem in self.problems:
            text = self._texts.get(problem.file, "")
            line = problem.line or (line_of(text, problem.key) if problem.key and text else 0)
            placed.append(Problem(problem.file, problem.key, problem.message, problem.fix, line))
        return sorted(set(placed), key=lambda p: (p.file, p.line, p.key, p.message))

    def _connector(self, name: str, file: SourceFile) -> tuple[ConnectorSpec, SourceSettings] | None:
        if file.connector not in connector_names():
            hint = suggest(file.connector, connector_names())
            known = f"installed: {', '.join(sorted(connector_names())) or 'none'}"
            self.problems.append(
                Problem(name, "connector", f"{file.connector!r} is not installed", hint or known)
            )
            return None
        try:
            spec = load_connector(file.connector)
        except ConfigError as error:
            self.problems.append(Problem(name, "connector", error.message, error.fix))
            return None
        try:
            return spec, spec.settings_type.model_validate(file.settings)
        except ValidationError as error:
            self.problems.extend(from_validation(error, spec.settings_type, file=name, prefix=("settings",)))
            return None

    def _named_like_file(self, name: str, stem: str, identifier: str) -> None:
        if stem != identifier:
            message = f"{identifier!r} does not match the file name"
            self.problems.append(Problem(name, "id", message, f"write id = '{stem}' or rename the file"))

    def _with_overrides(self, raw: dict[str, Any], prefix: tuple[str, ...]) -> dict[str, Any]:
        for path, value in self._overrides.items():
            if prefix and path[: len(prefix)] == prefix and len(path) > len(prefix):
                rest = path[len(prefix) :]
            elif not prefix and path[0] not in {SOURCES, OBLIGATIONS}:
                rest = path
            else:
                continue
            self._used.add(path)
            raw = overridden(raw, rest, value)
        return raw

    def _files(self, folder: str) -> list[tuple[str, str]]:
        return [(f"{folder}/{p.name}", p.stem) for p in self._entries(folder) if p.suffix == ".toml"]

    def _entries(self, folder: str) -> list[Path]:
        directory = self._directory / folder
        if not directory.is_dir():
            return []
        return sorted(
            path for path in directory.iterdir() if path.is_file() and not path.name.startswith(".")
        )
