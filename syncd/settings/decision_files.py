"""Judgements as files for version control: one NDJSON file per kind, one judgement per line.

Sorted by instant and uid with keys in a fixed order, so that the same log always gives the same bytes and a
new judgement is one new line in a diff. Reading collects all problems with file and line. This module must
not know where the log is kept.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError

from syncd.model.judgement import Judgement, JudgementKind, LinkAnswer
from syncd.rules.judgements import in_order
from syncd.settings.base import Table
from syncd.settings.problems import Problem, config_error, from_validation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FOLDER = "decisions"
SUFFIX = ".ndjson"
_UID_FIX = (
    "a judgement is never changed: restore the line and undo it, or remove 'uid' to make it a new judgement"
)

Text = Annotated[str, StringConstraints(max_length=10_000)]
Named = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"\S")]


class DecisionLine(Table):
    """One line of ``decisions/<kind>.ndjson``."""

    uid: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = Field(
        None, description="Name of the judgement, made from its content; absent in a line written by hand."
    )
    subject: Named = Field(description="record:SOURCE/ID, service:KEY/AREA/FIELD, a gap, or a judgement.")
    object: Text = ""
    answer: Named = Field(description="A word of the kind; for links same, different or unsure.")
    value: Text = ""
    service_key: Text = ""
    reason: Named
    decided_by: Named
    decided_at: AwareDatetime = Field(description="Instant with zone (ISO 8601).")
    until: date | None = Field(None, description="Last day on which it holds.")

    def to_judgement(self, kind: JudgementKind) -> Judgement:
        """Return the plain value the use cases take."""
        return Judgement(
            kind,
            self.subject,
            self.answer,
            self.reason,
            self.decided_by,
            self.decided_at,
            object=self.object,
            value=self.value,
            service_key=self.service_key,
            until=self.until,
        )


def decision_files(log: Iterable[Judgement]) -> dict[str, bytes]:
    """Return the files of a log by name; kinds without a judgement have an empty file."""
    lines: dict[JudgementKind, list[str]] = {kind: [] for kind in JudgementKind}
    for one in in_order(log):
        lines[one.kind].append(json.dumps(_line(one), ensure_ascii=False, separators=(", ", ": ")))
    return {
        f"{kind.value}{SUFFIX}": "".join(f"{line}\n" for line in said).encode("utf-8", "surrogatepass")
        for kind, said in lines.items()
    }


def decision_problems(path: Path) -> list[Problem]:
    """Return what is wrong with one file in ``decisions/``, as the configuration is checked."""
    try:
        _, problems = _read_file(path.name, path.read_bytes())
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        return [Problem(f"{FOLDER}/{path.name}", "", message, "check name and permissions")]
    return problems


def read_decisions(files: Mapping[str, bytes]) -> tuple[Judgement, ...]:
    """Return the judgements of files by name, in order, each once.

    Raises ConfigError ``config_invalid`` with every problem: file, line, what, and what to do.
    """
    found: list[Judgement] = []
    problems: list[Problem] = []
    for name, body in sorted(files.items()):
        read, wrong = _read_file(name, body)
        found += read
        problems += wrong
    if problems:
        raise config_error(problems)
    return in_order(found)


def _read_file(name: str, body: bytes) -> tuple[list[Judgement], list[Problem]]:
    kind = name.removesuffix(SUFFIX)
    if kind not in set(JudgementKind) or kind == name:
        known = ", ".join(f"{k.value}{SUFFIX}" for k in JudgementKind)
        return [], [Problem(f"{FOLDER}/{name}", "", "is no file of decisions", f"known: {known}")]
    found: list[Judgement] = []
    problems: list[Problem] = []
    for number, line in enumerate(body.split(b"\n"), start=1):
        if line.strip():
            read = _read(line, JudgementKind(kind), f"{FOLDER}/{name}", number)
            if isinstance(read, Judgement):
                found.append(read)
            else:
                problems += read
    return found, problems


def _read(line: bytes, kind: JudgementKind, file: str, number: int) -> Judgement | list[Problem]:
    try:
        text = line.decode("utf-8")
        said = DecisionLine.model_validate_json(text)
        judgement = said.to_judgement(kind)
    except UnicodeDecodeError as error:
        return [Problem(file, "", f"is not UTF-8: {error.reason}", "save it as UTF-8", number)]
    except ValidationError as error:
        found = from_validation(error, DecisionLine, file=file)
        return [Problem(p.file, p.key, p.message, p.fix or "correct the line", number) for p in found]
    if kind is JudgementKind.LINK and said.answer not in set(LinkAnswer):
        words = ", ".join(answer.value for answer in LinkAnswer)
        return [Problem(file, "answer", f"is {said.answer!r}", f"write one of: {words}", number)]
    if said.uid is not None and said.uid != judgement.uid:
        return [Problem(file, "uid", "does not fit the content", _UID_FIX, number)]
    return judgement


def _line(one: Judgement) -> dict[str, str]:
    body = {
        "uid": one.uid,
        "decided_at": _instant(one.decided_at),
        "decided_by": one.decided_by,
        "subject": one.subject,
        "object": one.object,
        "answer": one.answer,
        "value": one.value,
        "service_key": one.service_key,
        "until": one.until.isoformat() if one.until else "",
        "reason": one.reason,
    }
    return {name: text for name, text in body.items() if text}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
