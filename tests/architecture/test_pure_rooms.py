"""The pure rooms stay pure: the same inputs give the same bytes, tonight and in ten years.

import-linter sees which rooms know each other. It does not see a clock, a random number or an opened file,
so these tests read the syntax trees of `syncd/model` and `syncd/rules`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

PURE_ROOMS = ("syncd/model", "syncd/rules")

FORBIDDEN_MODULES = {
    "clock": {"time", "sched"},
    "randomness": {"random", "secrets", "uuid", "numpy.random"},
    "concurrency": {"asyncio", "concurrent", "contextvars", "multiprocessing", "threading"},
    "I/O": {
        "fileinput",
        "ftplib",
        "glob",
        "http",
        "importlib",
        "io",
        "mmap",
        "os",
        "pathlib",
        "pickle",
        "shutil",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
        "urllib.request",
    },
    "logging": {"logging", "structlog", "warnings"},
}
FORBIDDEN_CALLS = {
    "open": "I/O",
    "print": "I/O",
    "input": "I/O",
    "breakpoint": "I/O",
    "__import__": "I/O",
    # Strings hash differently in every process.
    "hash": "randomness",
    "id": "randomness",
}
FORBIDDEN_METHODS = {"now": "clock", "utcnow": "clock", "today": "clock"}
# What numpy reads or writes; `np.frombuffer` and `tobytes` stay in memory and are fine.
FORBIDDEN_NUMPY = {"load", "save", "savez", "loadtxt", "savetxt", "fromfile", "memmap", "random"}


def modules_of(room: str) -> list[Path]:
    return sorted((REPOSITORY / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def impurities(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.AsyncFunctionDef() | ast.AsyncFor() | ast.AsyncWith() | ast.Await():
                yield f"line {line}: async"
            case ast.Import(names=names):
                for alias in names:
                    yield from _forbidden_import(line, alias.name)
            case ast.ImportFrom(module=str(module), names=names):
                for alias in names:
                    yield from _forbidden_import(line, f"{module}.{alias.name}")
            case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN_CALLS:
                yield f"line {line}: {FORBIDDEN_CALLS[name]}: {name}()"
            case ast.Attribute(attr=attr) if attr in FORBIDDEN_METHODS:
                yield f"line {line}: {FORBIDDEN_METHODS[attr]}: .{attr}"
            case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=attr) if attr in FORBIDDEN_NUMPY:
                yield f"line {line}: numpy.{attr}"
            case _:
                pass


def _forbidden_import(line: int, imported: str) -> Iterator[str]:
    for kind, modules in FORBIDDEN_MODULES.items():
        if any(imported == module or imported.startswith(f"{module}.") for module in modules):
            yield f"line {line}: {kind}: import of {imported}"


@pytest.mark.parametrize("path", [path for room in PURE_ROOMS for path in modules_of(room)], ids=name_of)
def test_pure_room(path: Path) -> None:
    assert list(impurities(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize("path", modules_of("syncd/model"), ids=name_of)
def test_model_needs_only_the_standard_library(path: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            imported.add(node.module or "")
    foreign = {
        module
        for module in imported
        if module.partition(".")[0] not in sys.stdlib_module_names
        and not module.startswith(("syncd.model", "syncd.errors"))
    }
    assert foreign == set()


@pytest.mark.parametrize(
    "code",
    [
        "async def f(): pass",
        "import time",
        "from datetime import datetime; datetime.now()",
        "import datetime; f = datetime.date.today",
        "from random import choice",
        "import numpy as np; np.random.default_rng()",
        "from numpy import random",
        "import os.path",
        "from pathlib import Path",
        "from urllib.request import urlopen",
        "open('x')",
        "hash('x')",
        "import structlog",
    ],
)
def test_the_reader_of_syntax_trees_sees_it(code: str) -> None:
    assert list(impurities(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "from urllib.parse import urlsplit",
        "import numpy as np; np.frombuffer(b'')",
        "from datetime import date",
    ],
)
def test_the_reader_of_syntax_trees_lets_pass(code: str) -> None:
    assert list(impurities(ast.parse(code))) == []
