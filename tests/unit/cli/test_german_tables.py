"""Every heading of a table and every remark about an empty one has a German word."""

from __future__ import annotations

import ast
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

import syncd.cli
from syncd.cli.german import HEADINGS, REMARKS
from syncd.cli.output import print_rows

ROOM = Path(syncd.cli.__file__).parent
# Words for both languages in the place itself: figures, simulations, sources of a running daemon.
IN_PLACE = {"coverage.py"}


def tables() -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield for each call of print_rows its module, the headings it names and its remark."""
    for path in sorted(ROOM.glob("*.py")):
        if path.name in IN_PLACE:
            continue
        tree = ast.parse(path.read_text())
        named: dict[str, list[ast.AST]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                named.setdefault(node.targets[0].id, []).append(node.value)
        for call in ast.walk(tree):
            if not (isinstance(call, ast.Call) and getattr(call.func, "id", "") == "print_rows"):
                continue
            columns = call.args[2] if len(call.args) > 2 else None
            headings = [text for one in meant(columns, named) for text in texts(one)]
            remarks = [word.value for word in call.keywords if word.arg == "none"]
            said = [text for remark in remarks for one in meant(remark, named) for text in texts(one)]
            yield path.name, headings, said


def meant(node: ast.AST | None, named: dict[str, list[ast.AST]]) -> list[ast.AST]:
    """Return the values of a name in its module, or the value itself."""
    if isinstance(node, ast.Name):
        return named.get(node.id, [])
    return [] if node is None else [node]


def texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        for value in node.values:
            yield from texts(value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value


def test_every_table_has_german_words() -> None:
    found = list(tables())
    assert len(found) > 20
    assert {text for _, headings, _ in found for text in headings} - HEADINGS.keys() == set()
    assert {text for _, _, remarks in found for text in remarks} - REMARKS.keys() == set()


def test_a_table_speaks_the_language_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    columns = {"area": "area", "people": "people"}
    for language, head in (("de", "Gebiet\tMenschen"), ("en", "area\tpeople")):
        arguments = Namespace(json=False, limit=1, lang=language)
        assert print_rows(arguments, [{"area": "Auheim", "people": 5}] * 2, columns) == 1
        out, err = capsys.readouterr()
        assert out == f"{head}\nAuheim\t5\n"
        assert ("… und mehr" in err) == (language == "de")
        print_rows(Namespace(json=False, limit=0, lang=language), [], columns, none="nothing published yet")
        assert capsys.readouterr().err == (
            "noch nichts veröffentlicht\n" if language == "de" else "nothing published yet\n"
        )
