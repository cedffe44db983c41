"""Every warning and error of the log is named in a runbook: an alarm that says nothing to do is noise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.paths import REPOSITORY

RUNBOOKS = REPOSITORY / "docs" / "runbooks"
# Codes of findings, logged as they are: docs/reference/error-codes.md has cause and cure of each.
CODES_AS_EVENTS = {"syncd/pipeline/ingest.py"}
ALARMING = {"warning", "error", "critical", "exception"}
LOGS = {"_log", "log"}


def alarms_in(tree: ast.AST) -> Iterator[str]:
    """Yield the events that a module logs as warnings or worse; one that is made up at run time as ``*``."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        if node.func.attr not in ALARMING or not isinstance(node.func.value, ast.Name):
            continue
        if node.func.value.id in LOGS:
            event = node.args[0]
            yield event.value if isinstance(event, ast.Constant) and isinstance(event.value, str) else "*"


def alarms() -> dict[str, str]:
    found = {}
    for path in sorted((REPOSITORY / "syncd").rglob("*.py")):
        for event in alarms_in(ast.parse(path.read_text("utf-8"))):
            where = path.relative_to(REPOSITORY).as_posix()
            if not (event == "*" and where in CODES_AS_EVENTS):
                found[event] = where
    return found


def named() -> set[str]:
    pages = "\n".join(path.read_text("utf-8") for path in RUNBOOKS.glob("*.md"))
    return set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", pages))


def test_every_alarm_is_named_in_a_runbook() -> None:
    lacking = {event: where for event, where in alarms().items() if event not in named()}
    # To cure it: a line in one of docs/runbooks/*.md that says what it means and what to do.
    assert lacking == {}


def test_the_ends_of_runs_are_named_in_runbooks() -> None:
    # Made from the outcome in syncd/pipeline/reports.py.
    assert {"run_failed", "run_refused", "run_interrupted"} <= named()


def test_every_runbook_is_in_the_index() -> None:
    index = (RUNBOOKS / "README.md").read_text("utf-8")
    assert [page.name for page in RUNBOOKS.glob("*.md") if f"({page.name})" not in index] == ["README.md"]


@pytest.mark.parametrize(
    ("source", "events"),
    [
        ("_log.error('a_thing', x=1)", ["a_thing"]),
        ("_log.exception('a_thing')", ["a_thing"]),
        ("_log.info('a_thing')", []),
        ("found.warning('a_code', 'text')", []),
        ("_log.warning(event)", ["*"]),
    ],
)
def test_the_reader_finds_alarms(source: str, events: list[str]) -> None:
    assert list(alarms_in(ast.parse(source))) == events
