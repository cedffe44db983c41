"""Judgements: what operators decide about links, conflicts, values and gaps, as one log.

A judgement is never overwritten: a later one on the same question takes its place, and undoing one is a
judgement, too. What holds is a function of the log alone (:mod:`syncd.rules.judgements`). Must not know how
the log is kept, nor what follows from a judgement.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

_UID_BYTES = 16


class JudgementKind(StrEnum):
    """What a judgement is about.

    ``link``: whether two nodes (:func:`record_node`, :func:`service_node`) are the same; ``subject`` and
    ``object`` are the nodes. ``conflict`` and ``pin``: a field of an entry; ``subject`` is
    :func:`field_subject`. ``gap``: ``subject`` is the gap's id, ``object`` the aspect that is decided
    (status, assignee, due). ``undo``: ``subject`` is the uid of the judgement taken back.
    """

    LINK = "link"
    CONFLICT = "conflict"
    PIN = "pin"
    GAP = "gap"
    UNDO = "undo"


LINK_LOG = (JudgementKind.LINK, JudgementKind.UNDO)
"""What has to be read of the log to know which judgements about links hold."""


class LinkAnswer(StrEnum):
    """Answers to "are these two the same?"; ``unsure`` keeps a pair apart and out of the queue."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One entry of the log.

    ``service_key`` is the service whose partition it touches (empty where it names none), ``answer`` a word
    of its kind, ``value`` the text that goes with it (a pinned value, an assignee). ``reason`` and
    ``decided_by`` are never empty. ``until`` is the last day on which it holds; None means until undone or
    superseded.
    """

    kind: JudgementKind
    subject: str
    answer: str
    reason: str
    decided_by: str
    decided_at: datetime
    object: str = ""
    value: str = ""
    service_key: str = ""
    until: date | None = None

    uid: str = field(init=False, compare=False)
    """Name of the judgement, from its content: 32 hex digits; the same in every database and export."""

    def __post_init__(self) -> None:
        """Work the name out once: a log is sorted by it."""
        content = [
            self.kind.value,
            self.subject,
            self.object,
            self.answer,
            self.value,
            self.service_key,
            self.reason,
            self.decided_by,
            self.decided_at.astimezone(UTC).isoformat(),
            self.until.isoformat() if self.until else "",
        ]
        text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
        object.__setattr__(self, "uid", hashlib.sha256(text.encode()).hexdigest()[: 2 * _UID_BYTES])

    @property
    def question(self) -> tuple[str, str, str]:
        """What is decided; of several judgements on one question the latest holds."""
        return (self.kind.value, self.subject, self.object)


RECORD_NODE = "record:"
SERVICE_NODE = "service:"


def record_node(source_id: str, native_id: str) -> str:
    """Return the node of one record of a source."""
    return f"{RECORD_NODE}{source_id}/{native_id}"


def service_node(service_key: str) -> str:
    """Return the node of a service of the register."""
    return f"{SERVICE_NODE}{service_key}"


def node_parts(node: str) -> tuple[str, str] | None:
    """Return (source id, native id) of a record's node, None of any other."""
    if not node.startswith(RECORD_NODE):
        return None
    source_id, _, native_id = node[len(RECORD_NODE) :].partition("/")
    return source_id, native_id


def pair(one: str, other: str) -> tuple[str, str]:
    """Return two nodes in the order in which a judgement names them, so that a question has one form."""
    return (one, other) if one <= other else (other, one)


def field_subject(service_key: str, area_code: str, field: str) -> str:
    """Return the subject of a pin or a decided conflict."""
    return f"{service_key}/{area_code}/{field}"


def field_parts(subject: str) -> tuple[str, str, str]:
    """Return (service key, area code, field) of :func:`field_subject`; local keys may hold slashes."""
    rest, _, field = subject.rpartition("/")
    service_key, _, area_code = rest.rpartition("/")
    return service_key, area_code, field
