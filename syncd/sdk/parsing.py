"""Parsing: bytes → records, in a worker process, pure and without network or clock.

A parser is a module with two functions::

    def cut(document: BinaryIO, context: ParseContext) -> Iterator[Slice]: ...
    def parse(piece: Slice, context: ParseContext) -> Record: ...

``cut`` is cheap and finds the pieces; ``parse`` is called only for pieces whose bytes have changed. Both may
raise :class:`~syncd.sdk.errors.SourceFormatError` when the document as a whole is broken; ``parse`` raises
:class:`RecordRejected` when only this record is.

Where one record has to be put together from several documents (a description here, its authority there, the
competence in a third), the module has two more functions in place of ``cut``::

    def collect(document: BinaryIO, context: ParseContext, ledger: Ledger) -> None: ...
    def compose(ledger: Ledger, context: ParseContext) -> Iterator[Slice]: ...

``collect`` is called for each document in order and writes its objects into the ledger
(:mod:`syncd.sdk.ledger`), ``compose`` once afterwards. The ledger is empty at the start of a run, except for
connectors that fetch changes only (``ConnectorSpec.keeps_ledger``): theirs lives on from run to run, so that
the snapshot is always everything the source has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from syncd.model.issue import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from syncd.model.record import Record
    from syncd.sdk.ledger import Ledger

VALUE_LIMIT = 120
"""Characters of an offending value that an issue keeps."""

UNKNOWN_FIELD_LIMIT = 1_000
"""Names of unknown fields that are told apart in one document."""
FURTHER_FIELDS = "(further names)"


@dataclass(frozen=True, slots=True)
class Slice:
    """The bytes of one record. ``raw`` holds all that determines the record; ``where`` names its place."""

    raw: bytes
    where: str


class RecordRejected(ValueError):
    """This record cannot be used; it is quarantined with its bytes and its neighbours go on."""

    def __init__(self, code: str, message: str, *, value: str = "", fix: str = "") -> None:
        """Name the finding by a stable code and a sentence."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.value = value[:VALUE_LIMIT]
        self.fix = fix


@dataclass(slots=True)
class ParseContext:
    """What a parser may know and say about one document.

    ``options`` are the connector's ``parse_options()``; ``document`` is the context the connector gave the
    document (for instance the ARS it asked for). ``declared_total`` is the number of records the document
    itself announces, when it does; the acceptance rule compares it with what was received. ``stated_at``
    is when the document says it was made (aware): content older than what was last accepted is refused.
    ``identity`` is whose the document says it is (a publisher, a region): another one is refused.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    document: Mapping[str, str] = field(default_factory=dict)
    charset: str | None = None
    declared_total: int | None = None
    incomplete_reason: str = ""
    stated_at: datetime | None = None
    identity: str = ""
    issues: list[Issue] = field(default_factory=list)
    unknown_fields: dict[str, int] = field(default_factory=dict)

    def issue(
        self,
        code: str,
        message: str,
        *,
        where: str = "",
        value: str = "",
        severity: Severity = Severity.WARNING,
        fix: str = "",
    ) -> None:
        """Report a finding that does not cost the record."""
        self.issues.append(Issue(code, message, where, value[:VALUE_LIMIT], severity, fix))

    def unknown_field(self, name: str) -> None:
        """Count a field this connector does not know; it surfaces as one issue per name."""
        known = name in self.unknown_fields or len(self.unknown_fields) < UNKNOWN_FIELD_LIMIT
        name = name if known else FURTHER_FIELDS
        self.unknown_fields[name] = self.unknown_fields.get(name, 0) + 1


class Parser(Protocol):
    """Shape of a parser module that reads one document at a time."""

    def cut(self, document: BinaryIO, context: ParseContext) -> Iterator[Slice]:
        """Yield the pieces of a document in order."""

    def parse(self, piece: Slice, context: ParseContext) -> Record:
        """Return the record of one piece."""


class ComposingParser(Protocol):
    """Shape of a parser module whose records are put together from several documents."""

    def collect(self, document: BinaryIO, context: ParseContext, ledger: Ledger) -> None:
        """Write the objects of one document into the ledger."""

    def compose(self, ledger: Ledger, context: ParseContext) -> Iterator[Slice]:
        """Yield the pieces of all records, in a stable order; ``context.document`` is empty."""

    def parse(self, piece: Slice, context: ParseContext) -> Record:
        """Return the record of one piece."""
