"""Whether a parser module is pure, judged from its source without running it.

Why: a parser that reads a clock, a file or the environment gives other records tomorrow from the same bytes,
and then "unchanged" means nothing. Imports and calls tell; what hides from both is caught by the replays of
the conformance suite. Must not know any connector.
"""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.sdk.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

PARSER_DOORS = frozenset(
    f"syncd.sdk.{name}" for name in ("errors", "ledger", "parsing", "records", "text", "xlsx", "xml", "xzufi")
)
"""The modules of syncd a parser may import; the others bring pydantic or the event loop into the worker."""

_WORLD = frozenset(
    {
        *("aiohttp", "asyncio", "builtins", "ctypes", "ftplib", "getpass", "glob", "http", "httpx"),
        *("importlib", "logging", "multiprocessing", "os", "pathlib", "platform", "random", "requests"),
        *("secrets", "select", "shutil", "signal", "smtplib", "socket", "socketserver", "sqlite3", "ssl"),
        *("subprocess", "sys", "tempfile", "threading", "time", "urllib.request", "uuid"),
    }
)
_WORLD_CALLS = frozenset({"__import__", "breakpoint", "compile", "eval", "exec", "input", "open", "print"})
_CLOCK_CALLS = frozenset({"now", "today", "utcnow"})


def impurities(module: str) -> tuple[str, ...]:
    """Return what makes a parser module, or what it imports of its own package, depend on the world.

    Raises ConfigError when the module is not found.
    """
    package = module.rpartition(".")[0]
    waiting, seen, faults = [module], set[str](), list[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        tree = ast.parse(source_of(name).read_text(encoding="utf-8"))
        imports = list(_imports(tree, package))
        own = {i.removeprefix(f"{package}.").split(".")[0] for i, _ in imports if i.startswith(f"{package}.")}
        waiting += sorted(f"{package}.{part}" for part in own)
        faults += [f"{name} line {line}: imports {i}" for i, line in imports if _is_world(i)]
        faults += [f"{name} line {line}: calls {call}()" for call, line in _world_calls(tree)]
    return tuple(faults)


def source_of(module: str) -> Path:
    """Return the file of a module without importing it; raises ConfigError when there is none."""
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None or found.origin is None:
        raise ConfigError(
            f"the module {module} is not found", fix="Correct the name in the connector's SPEC."
        )
    return Path(found.origin)


def _is_world(name: str) -> bool:
    """Judge a dotted name; ``name`` may end in what is imported from a module."""
    parts = name.split(".")
    prefixes = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
    if parts[0] == "syncd":
        return not prefixes & PARSER_DOORS
    return bool(prefixes & _WORLD)


def _imports(tree: ast.AST, package: str) -> Iterator[tuple[str, int]]:
    """Yield each imported name in full: ``from a.b import c`` gives ``a.b.c``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, [package if node.level else "", node.module]))
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def _world_calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) if name in _WORLD_CALLS:
                yield name, node.lineno
            case ast.Attribute(attr=name) if name in _CLOCK_CALLS:
                yield name, node.lineno
