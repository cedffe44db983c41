"""Pointers: how a profile names a place inside a decoded item.

Why: one small syntax for JSON, XML, tables and linked data, read once and never executed. Must not know
profiles, documents or records.

A pointer is a row of steps separated by ``/``::

    name              member of that name; on a list: of each of its elements
    *                 every element of a list, every value of an object
    0, 1, -1          that element of a list
    name[key=text]    only elements whose member ``key`` is that text (``!=``: is not)
    .                 the item itself
    $region           a fact of the run instead of the item: ``region``, ``document`` or a parameter

A step in quotation marks (``"a/b"``) may hold any character. What a pointer finds is always a row of values,
so a portal may write one value, a list of one or a list of many.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

POINTER_LIMIT = 300
STEP_LIMIT = 12
FOUND_LIMIT = 10_000
"""Values one pointer may find in one item; what comes after them is not looked at."""

SYNTAX = "name, *, 0, name[key=text], . or $fact, joined by '/'"

_STEP = re.compile(r'(?:"(?P<quoted>[^"]+)"|(?P<plain>[^"/\[\]\s][^"/\[\]]*))?(?P<filters>(?:\[[^\[\]]*\])*)')
_FILTER = re.compile(r"\[(?P<name>[^\[\]=!]+)(?P<not>!?)=(?P<text>[^\[\]]*)\]")
_INDEX = re.compile(r"-?\d{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Condition:
    """``[name=text]`` or ``[name!=text]``."""

    name: str
    text: str
    wanted: bool

    def holds(self, value: object) -> bool:
        """Tell whether a value is an object that meets the condition."""
        if not isinstance(value, dict):
            return False
        found = value.get(self.name)
        texts = {_text(one) for one in (found if isinstance(found, list) else [found])}
        return (self.text in texts) is self.wanted


@dataclass(frozen=True, slots=True)
class Step:
    """One step; ``quoted`` names are never taken for ``*``, ``.`` or a number."""

    name: str
    conditions: tuple[Condition, ...] = ()
    quoted: bool = False

    @property
    def is_any(self) -> bool:
        """Whether the step means every element or value."""
        return self.name == "*" and not self.quoted

    @property
    def index(self) -> int | None:
        """Position in a list, when the step is a number."""
        return int(self.name) if not self.quoted and _INDEX.fullmatch(self.name) else None


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer that was read; ``fact`` is the name after ``$``."""

    text: str
    steps: tuple[Step, ...]
    fact: str = ""


@lru_cache(maxsize=4_096)
def read_pointer(text: str) -> Pointer:
    """Return a pointer from its text; raises ValueError that names the fault and the syntax."""
    if not text or len(text) > POINTER_LIMIT:
        raise ValueError(f"a pointer has 1 to {POINTER_LIMIT} characters")
    if text == ".":
        return Pointer(text, ())
    if text.startswith("$"):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", text[1:]):
            raise ValueError(f"{text!r}: after '$' stands the name of a fact in small letters")
        return Pointer(text, (), text[1:])
    steps: list[Step] = []
    position = 0
    while True:
        match = _STEP.match(text, position)
        if match is None or match.end() == position:
            raise ValueError(f"{text!r} cannot be read at character {position + 1}; allowed: {SYNTAX}")
        steps.append(_step(match, text))
        position = match.end()
        if position == len(text):
            break
        if text[position] != "/":
            raise ValueError(f"{text!r} cannot be read at character {position + 1}; allowed: {SYNTAX}")
        position += 1
    if len(steps) > STEP_LIMIT:
        raise ValueError(f"{text!r} has {len(steps)} steps; {STEP_LIMIT} are allowed")
    return Pointer(text, tuple(steps))


def _step(match: re.Match[str], text: str) -> Step:
    name, quoted = match["plain"], match["quoted"] is not None
    conditions = []
    for part in re.findall(r"\[[^\[\]]*\]", match["filters"]):
        condition = _FILTER.fullmatch(part)
        if condition is None:
            raise ValueError(f"{text!r}: {part} is no condition; write [name=text] or [name!=text]")
        conditions.append(Condition(condition["name"], condition["text"], not condition["not"]))
    if name in {".", ".."} or (name and name.startswith("$")):
        raise ValueError(f"{text!r}: '{name}' stands alone or not at all")
    return Step(match["quoted"] or name or "*", tuple(conditions), quoted)


def find(value: object, pointer: Pointer, facts: Mapping[str, str] | None = None) -> list[Any]:
    """Return the values a pointer finds, in document order; absent members find nothing."""
    if pointer.fact:
        fact = (facts or {}).get(pointer.fact)
        return [] if fact is None else [fact]
    found: list[Any] = [value]
    for step in pointer.steps:
        found = list(_limited(_take(found, step)))
    return found


def first(value: object, pointer: Pointer) -> object:
    """Return the first value a pointer finds, or None."""
    return next(iter(find(value, pointer)), None)


def exists(value: object, pointer: Pointer) -> bool:
    """Tell whether the place is there at all, be it empty or null."""
    return bool(find(value, pointer))


def _limited(values: Iterable[Any]) -> Iterator[Any]:
    for number, value in enumerate(values):
        if number >= FOUND_LIMIT:
            return
        yield value


def _take(values: list[Any], step: Step) -> Iterator[Any]:
    index = step.index
    for value in values:
        for inner in _members(value, step, index):
            if not step.conditions:
                yield inner
                continue
            candidates = inner if isinstance(inner, list) else [inner]
            yield from (one for one in candidates if all(c.holds(one) for c in step.conditions))


def _members(value: object, step: Step, index: int | None) -> Iterator[Any]:
    if isinstance(value, dict):
        if step.is_any:
            yield from value.values()
        elif step.name in value:
            yield value[step.name]
    elif isinstance(value, list):
        if step.is_any:
            yield from value
        elif index is not None:
            if -len(value) <= index < len(value):
                yield value[index]
        else:
            yield from (one[step.name] for one in _flat(value) if step.name in one)


def _flat(values: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects of a list and of lists inside it (one level: portals wrap lists in lists)."""
    for value in values:
        if isinstance(value, dict):
            yield value
        elif isinstance(value, list):
            yield from (one for one in value if isinstance(one, dict))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
