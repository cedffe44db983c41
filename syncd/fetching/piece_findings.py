"""Findings about pieces of a snapshot that cannot be staged as they are. Must not know parsers or files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.issue import Issue, Severity

if TYPE_CHECKING:
    from syncd.pipeline.ports import StagedRecord

PIECE_LIMIT = 16 * 1024 * 1024
"""Bytes of one piece."""
# Bytes: ids stand in indexes, and an entry of a PostgreSQL index may have 2,704 bytes.
_ID_LIMIT = 1_000

TOO_LARGE = Issue(
    "record_too_large",
    f"The record is larger than {PIECE_LIMIT // 1024 // 1024} MiB.",
    severity=Severity.ERROR,
    fix="Shorten its texts or lists at the source.",
)


def out_of_order(number: int) -> Issue:
    """Say how many documents a ledger did not take in."""
    return Issue(
        "document_out_of_order",
        f"{number} documents do not continue where the ledger stands and were left out.",
        fix="Nothing to do: the next run asks the portal from where the ledger stands.",
    )


def is_usable_id(native_id: object) -> bool:
    """Tell whether an id can stand in indexes and logs."""
    if not isinstance(native_id, str) or not native_id or "\0" in native_id:
        return False
    try:
        return len(native_id.encode()) <= _ID_LIMIT
    except UnicodeEncodeError:
        return False


def bad_id(native_id: object) -> Issue:
    """Say why an id cannot be used."""
    return Issue(
        "bad_id",
        f"The record's id is empty, longer than {_ID_LIMIT} bytes or no text.",
        "",
        ascii(native_id)[:120],
        Severity.ERROR,
        "Give the record a stable id at the source.",
    )


def not_text(native_id: str, error: Exception) -> Issue:
    """Say that a text cannot be written."""
    return Issue(
        "not_text",
        f"A text of the record cannot be written as UTF-8 ({str(error)[:80]}).",
        "",
        native_id[:120],
        Severity.ERROR,
        "Correct the characters at the source.",
    )


def double(record: StagedRecord, *, identical: bool) -> Issue:
    """Say that an id occurred before."""
    return Issue(
        "duplicate_id",
        "The record occurs more than once in the listing, byte for byte."
        if identical
        else "Two different records have this id; the one with the smaller hash is used.",
        record.native_id,
        "",
        Severity.NOTE if identical else Severity.WARNING,
        "Give every record an id of its own.",
    )
