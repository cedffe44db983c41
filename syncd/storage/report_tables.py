"""Reports that were written and kept, as the queries see them; append-only."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table

from syncd.storage.columns import KeyText, UTCDateTime, identity
from syncd.storage.tables import metadata

# No reference to the release: a report outlives it.
kept_report = Table(
    "kept_report",
    metadata,
    Column("id", identity(), primary_key=True),
    Column("subject", KeyText, nullable=False),
    Column("obligation_id", KeyText, nullable=False),
    Column("language", KeyText, nullable=False),
    Column("form", KeyText, nullable=False),
    Column("since", KeyText, nullable=False),
    Column("names", Boolean, nullable=False),
    Column("release", Integer, nullable=False),
    Column("release_digest", KeyText, nullable=False),
    Column("published_at", UTCDateTime, nullable=False),
    Column("written_at", UTCDateTime, nullable=False),
    Column("stand", KeyText, nullable=False),
    Column("period", KeyText, nullable=False),
    Column("digest", KeyText, nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_kept_report_subject_release", kept_report.c.subject, kept_report.c.release)
