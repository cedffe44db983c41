"""Problems of a configuration: what is wrong, in which file, under which key, and what to write instead.

All of them are collected before anybody is told, because correcting a configuration one error per start is
a waste of an operator's day. This module must not read files.
"""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from syncd.errors import ConfigError


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One thing an operator must correct.

    ``file`` is relative to the configuration directory (``--set`` for an override), ``key`` is dotted with
    list positions as numbers from 0, ``line`` counts from 1 and is 0 where unknown.
    """

    file: str
    key: str
    message: str
    fix: str = ""
    line: int = 0

    def __str__(self) -> str:
        """Return one line as compilers print them."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        key = f" {self.key}:" if self.key else ""
        fix = f" → {self.fix}" if self.fix else ""
        return f"{place}:{key} {self.message}{fix}"


def config_error(problems: Sequence[Problem]) -> ConfigError:
    """Return one error that carries all problems, one per line."""
    noun = "problem" if len(problems) == 1 else "problems"
    lines = "".join(f"\n  {problem}" for problem in problems)
    return ConfigError(f"the configuration has {len(problems)} {noun}:{lines}\n ", code="config_invalid")


def suggest(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the known word closest to ``word``, or an empty text."""
    matches = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"did you mean '{matches[0]}'?" if matches else ""


def from_validation(
    error: ValidationError, model: type[BaseModel], *, file: str, prefix: Sequence[str | int] = ()
) -> list[Problem]:
    """Translate pydantic's findings into ours; ``prefix`` is the place of ``model`` in the file."""
    problems = []
    for finding in error.errors(include_url=False):
        path = tuple(part for part in finding["loc"] if not _is_noise(part))
        key = dotted((*prefix, *path))
        if finding["type"] == "extra_forbidden":
            known = _keys_at(model, path[:-1])
            hint = suggest(str(path[-1]), known) or f"known here: {', '.join(sorted(known)) or 'nothing'}"
            problems.append(Problem(file, key, "unknown key", hint))
        elif finding["type"] == "missing":
            problems.append(Problem(file, key, "is required", "add it"))
        else:
            problems.append(Problem(file, key, _message(finding), _fix(finding)))
    return problems


def dotted(path: Iterable[str | int]) -> str:
    """Return a path of keys as text."""
    return ".".join(str(part) for part in path)


def _is_noise(part: str | int) -> bool:
    # Names of validators and union branches appear in pydantic's paths but not in the file.
    return isinstance(part, str) and ("[" in part or part in {"str", "int", "bool", "float", "tuple"})


def _message(finding: Mapping[str, typing.Any]) -> str:
    text = str(finding["msg"]).removeprefix("Value error, ")
    text = text[:1].lower() + text[1:] if text[:2].istitle() or text.startswith("Input") else text
    value = finding.get("input")
    if isinstance(value, (str, int, float, bool)) and finding["type"] != "value_error":
        return f"{text}, found {str(value)[:80]!r}" if isinstance(value, str) else f"{text}, found {value}"
    return text


def _fix(finding: Mapping[str, typing.Any]) -> str:
    context = finding.get("ctx") or {}
    if isinstance(expected := context.get("expected"), str):
        known = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
        return suggest(str(finding.get("input")), known)
    return ""


def _keys_at(model: type[BaseModel], path: Sequence[str | int]) -> set[str]:
    """Return the keys allowed at a path below a model."""
    here: type[BaseModel] | None = model
    for part in path:
        if here is None:
            return set()
        if isinstance(part, int):
            continue
        field = _field(here, part)
        here = _model_in(field) if field is not None else None
    if here is None:
        return set()
    return {info.alias or name for name, info in here.model_fields.items()}


def _field(model: type[BaseModel], key: str) -> object:
    for name, info in model.model_fields.items():
        if key in {name, info.alias}:
            return info.annotation
    return None


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the model inside a plain, optional or repeated annotation."""
    if inspect.isclass(annotation) and not typing.get_args(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    for inner in typing.get_args(annotation):
        if (found := _model_in(inner)) is not None:
            return found
    return None
