"""Errors of databases in our own words."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import exc

from syncd.errors import InvariantViolated, SourceFormatError, StorageError, SyncdError
from syncd.storage.failures import convert, translated


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("database is locked", "storage_busy"),
        ("canceling statement due to statement timeout", "storage_slow"),
        ("canceling statement due to lock timeout", "storage_busy"),
        ("database or disk is full", "storage_full"),
        ("could not extend file: No space left on device", "storage_full"),
        ("attempt to write a readonly database", "storage_read_only"),
        ("cannot execute INSERT in a read-only transaction", "storage_read_only"),
        ("unable to open database file", "storage_unreachable"),
        ("database disk image is malformed", "storage_corrupt"),
        ("file is not a database", "storage_corrupt"),
        ("no such table: run", "storage_schema"),
        ('relation "run" does not exist', "storage_schema"),
        ("password authentication failed", "storage_denied"),
        ("server closed the connection unexpectedly", "storage_unreachable"),
        ("something nobody has seen", "storage"),
    ],
)
def test_what_drivers_say_gets_a_code_and_a_cure(said: str, code: str) -> None:
    driver = sqlite3.OperationalError(said)
    for error in (driver, exc.OperationalError("SELECT 1", {"a": "secret"}, driver)):
        converted = convert("reading runs", error)
        assert isinstance(converted, StorageError)
        assert converted.code == code
        assert converted.message == f"reading runs: {said}"
        assert converted.fix


def test_data_quoted_by_the_server_does_not_show() -> None:
    class Diagnosed(sqlite3.OperationalError):
        class diag:  # noqa: N801 - as the driver names it
            message_primary = "duplicate key value"

    converted = convert("storing", Diagnosed("duplicate key value\nDETAIL: Key (a)=(secret) already exists."))
    assert converted.message == "storing: duplicate key value"
    assert convert("storing", sqlite3.Error("first line\nsecond line")).message == "storing: first line"


def test_broken_promises_of_the_code_are_bugs() -> None:
    broken = sqlite3.IntegrityError("UNIQUE constraint failed: record.native_id")
    for error in (broken, exc.IntegrityError("INSERT", {}, broken), OverflowError("int too large")):
        assert isinstance(convert("storing", error), InvariantViolated)


def test_causes_are_chained_and_our_own_errors_pass() -> None:
    driver = sqlite3.OperationalError("database is locked")
    with pytest.raises(StorageError) as caught, translated("storing", sqlite3.Error):
        raise driver
    assert caught.value.__cause__ is driver
    ours = SourceFormatError("cut off")
    with pytest.raises(SourceFormatError) as passed, translated("storing", sqlite3.Error):
        raise ours
    assert passed.value is ours
    wrapped = exc.StatementError("bind", "SELECT", {}, InvariantViolated("naive instant"))
    assert isinstance(convert("storing", wrapped), SyncdError)
    assert convert("storing", wrapped).message == "naive instant"
    with pytest.raises(KeyError), translated("storing", sqlite3.Error):
        raise KeyError("a bug keeps its face")
