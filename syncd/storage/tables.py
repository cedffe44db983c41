"""The tables, as the queries see them.

Migrations in ``migrations/versions`` build them; a test compares both. Rows of versioned tables are valid for
``from_release <= n < to_release``; ``to_release`` NULL means "still valid", and partial indexes keep the
current state as quick as if there were no history. This module must not know how anything is computed.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
    text,
)

from syncd.storage.columns import JsonText, KeyText, PlainText, UTCDateTime, identity

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# --- runs and sources ------------------------------------------------------------------------------------

run = Table(
    "run",
    metadata,
    Column("run_id", identity(), primary_key=True),
    Column("source_id", KeyText, nullable=False),
    Column("started_at", UTCDateTime, nullable=False),
    Column("ended_at", UTCDateTime),
    Column("outcome", KeyText, nullable=False),
    Column("trigger", KeyText, nullable=False),
    Column("code", PlainText, nullable=False, default=""),
    Column("reason", PlainText, nullable=False, default=""),
    Column("fix", PlainText, nullable=False, default=""),
    Column("snapshot_digest", KeyText),
    Column("counts", JsonText, nullable=False),
    Column("issue_counts", JsonText, nullable=False),
    Column("details", JsonText, nullable=False),
)
Index("ix_run_source_id_run_id", run.c.source_id, run.c.run_id)
Index(
    "ix_run_open",
    run.c.run_id,
    sqlite_where=run.c.ended_at.is_(None),
    postgresql_where=run.c.ended_at.is_(None),
)

issue = Table(
    "issue",
    metadata,
    Column("run_id", identity(), ForeignKey("run.run_id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("code", PlainText, nullable=False),
    Column("message", PlainText, nullable=False),
    Column("place", PlainText, nullable=False),
    Column("value", PlainText, nullable=False),
    Column("severity", KeyText, nullable=False),
    Column("fix", PlainText, nullable=False),
)

source_state = Table(
    "source_state",
    metadata,
    Column("source_id", KeyText, primary_key=True),
    Column("last_run_id", identity(), ForeignKey("run.run_id")),
    Column("last_good_at", UTCDateTime),
    Column("last_good_run_id", identity(), ForeignKey("run.run_id")),
    Column("records", Integer, nullable=False, default=0),
    Column("consecutive_failures", Integer, nullable=False, default=0),
    Column("retired", Boolean, nullable=False, default=False),
    Column("stated_at", UTCDateTime),
    Column("identity", PlainText),
    Column("waived_run_id", identity()),
)

# Written once and never changed; a run may be gone before the decision about it.
decision = Table(
    "decision",
    metadata,
    Column("id", identity(), primary_key=True),
    Column("source_id", KeyText, nullable=False),
    Column("run_id", identity()),
    Column("kind", KeyText, nullable=False),
    Column("reason", PlainText, nullable=False),
    Column("decided_by", PlainText, nullable=False),
    Column("decided_at", UTCDateTime, nullable=False),
    Index("ix_decision_run_id", "run_id"),
    Index("ix_decision_source_id", "source_id"),
    sqlite_autoincrement=True,
)

document_note = Table(
    "document_note",
    metadata,
    Column("source_id", KeyText, primary_key=True),
    Column("name", KeyText, primary_key=True),
    Column("etag", PlainText),
    Column("last_modified", PlainText),
    Column("validator", PlainText),
    Column("sha256", KeyText, nullable=False),
    Column("size", identity(), nullable=False),
    Column("stored_path", PlainText, nullable=False),
    Column("content_type", PlainText, nullable=False),
    Column("charset", PlainText),
)

# --- buckets: what each source said last -----------------------------------------------------------------

# The payload comes last: reading the small columns then never touches SQLite's overflow pages.
record = Table(
    "record",
    metadata,
    Column("id", identity(), primary_key=True, autoincrement=False),
    Column("source_id", KeyText, nullable=False),
    Column("native_id", KeyText, nullable=False),
    Column("raw_hash", LargeBinary, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("first_seen_at", UTCDateTime, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
    Column("withdrawn_at", UTCDateTime),
    Column("first_run_id", identity(), nullable=False),
    Column("last_run_id", identity(), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    UniqueConstraint("source_id", "native_id"),
)
# SQLite reads the table beside the index unless the index holds every column asked about, this one included.
Index(
    "ix_record_live",
    record.c.source_id,
    record.c.raw_hash,
    record.c.withdrawn_at,
    sqlite_where=record.c.withdrawn_at.is_(None),
    postgresql_where=record.c.withdrawn_at.is_(None),
)
Index(
    "ix_record_withdrawn",
    record.c.id,
    sqlite_where=record.c.withdrawn_at.is_not(None),
    postgresql_where=record.c.withdrawn_at.is_not(None),
)
Index(
    "ix_record_withdrawn_at",
    record.c.source_id,
    record.c.withdrawn_at,
    sqlite_where=record.c.withdrawn_at.is_not(None),
    postgresql_where=record.c.withdrawn_at.is_not(None),
)

# Beside the records, not in them: few are ever missing, and a confirmed absence then rewrites no payload.
absence = Table(
    "absence",
    metadata,
    Column("record_id", identity(), primary_key=True, autoincrement=False),
    Column("source_id", KeyText, nullable=False),
    Column("missing_since_at", UTCDateTime),
    Column("missing_runs", Integer, nullable=False),
    Column("times", Integer, nullable=False),
    Column("counted_since_at", UTCDateTime, nullable=False),
    Index("ix_absence_source_id", "source_id"),
)

# Written with its record and only there, so a foreign key would only cost time.
record_key = Table(
    "record_key",
    metadata,
    Column("service_key", KeyText, primary_key=True),
    Column("record_id", identity(), primary_key=True, autoincrement=False),
    Index("ix_record_key_record_id", "record_id"),
    sqlite_with_rowid=False,
)

# A mark is never used twice, not even after the table was emptied: a rebuild clears up to the mark it saw.
dirty = Table(
    "dirty",
    metadata,
    Column("mark", identity(), primary_key=True),
    Column("service_key", KeyText, nullable=False),
    Column("run_id", identity(), nullable=False),
    sqlite_autoincrement=True,
)

# --- what probes found -----------------------------------------------------------------------------------

# ``state`` is what the catalogue takes from the verdict in ``body``; a subject may be too long for an index.
probe = Table(
    "probe",
    metadata,
    Column("id", identity(), primary_key=True),
    Column("kind", KeyText, nullable=False),
    Column("subject_hash", LargeBinary, nullable=False),
    Column("subject", KeyText, nullable=False),
    Column("state", KeyText, nullable=False),
    Column("checked_at", UTCDateTime),
    Column("due_at", UTCDateTime, nullable=False),
    Column("body", JsonText, nullable=False),
    UniqueConstraint("kind", "subject_hash"),
    Index("ix_probe_due_at", "kind", "due_at"),
)

probe_use = Table(
    "probe_use",
    metadata,
    Column("service_key", KeyText, primary_key=True),
    Column("probe_id", identity(), primary_key=True, autoincrement=False),
    Index("ix_probe_use_probe_id", "probe_id"),
    sqlite_with_rowid=False,
)

# --- releases --------------------------------------------------------------------------------------------

release = Table(
    "release",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", KeyText, nullable=False),
    Column("published_at", UTCDateTime, nullable=False),
    Column("inputs", JsonText, nullable=False),
    Column("inputs_digest", KeyText, nullable=False),
    Column("counts", JsonText, nullable=False),
)
Index("ix_release_published_at", release.c.published_at)

current_release = Table(
    "current_release",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, ForeignKey("release.number"), nullable=False),
    CheckConstraint("id = 1", name="single_row"),
)

# What is left of a release beyond its retention: "since release 3" can still be told as a day.
past_release = Table(
    "past_release",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("published_at", UTCDateTime, nullable=False),
)

partition = Table(
    "partition",
    metadata,
    Column("id", identity(), primary_key=True),
    Column("service_key", KeyText, nullable=False),
    Column("from_release", Integer, nullable=False),
    Column("to_release", Integer),
    Column("digest", LargeBinary, nullable=False),
    Column("next_change_on", Date),
    Column("name_folded", PlainText, nullable=False),
    Column("service", LargeBinary, nullable=False),
)
Index(
    "uq_partition_current",
    partition.c.service_key,
    unique=True,
    sqlite_where=partition.c.to_release.is_(None),
    postgresql_where=partition.c.to_release.is_(None),
)
Index("ix_partition_history", partition.c.service_key, partition.c.from_release)
Index(
    "ix_partition_next_change_on",
    partition.c.next_change_on,
    sqlite_where=partition.c.to_release.is_(None),
    postgresql_where=partition.c.to_release.is_(None),
)

entry = Table(
    "entry",
    metadata,
    Column("id", identity(), primary_key=True),
    Column("service_key", KeyText, nullable=False),
    Column("area_code", KeyText, nullable=False),
    Column("from_release", Integer, nullable=False),
    Column("to_release", Integer),
    Column("evidence", SmallInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("attention", SmallInteger, nullable=False, server_default="0"),
)
# Conflicts and pins are few: their list must not look at every entry.
Index(
    "ix_entry_attention",
    entry.c.service_key,
    entry.c.area_code,
    entry.c.attention,
    sqlite_where=text("to_release IS NULL AND attention <> 0"),
    postgresql_where=text("to_release IS NULL AND attention <> 0"),
)
Index(
    "uq_entry_current",
    entry.c.service_key,
    entry.c.area_code,
    unique=True,
    sqlite_where=entry.c.to_release.is_(None),
    postgresql_where=entry.c.to_release.is_(None),
)
Index(
    "ix_entry_current_area",
    entry.c.area_code,
    entry.c.service_key,
    sqlite_where=entry.c.to_release.is_(None),
    postgresql_where=entry.c.to_release.is_(None),
)
Index("ix_entry_from_release", entry.c.from_release, entry.c.service_key, entry.c.area_code)
# Rows that ended: with the current ones they answer any question about the past.
Index(
    "ix_entry_ended",
    entry.c.to_release,
    entry.c.service_key,
    entry.c.area_code,
    sqlite_where=entry.c.to_release.is_not(None),
    postgresql_where=entry.c.to_release.is_not(None),
)
Index(
    "ix_entry_past",
    entry.c.service_key,
    entry.c.area_code,
    entry.c.from_release,
    sqlite_where=entry.c.to_release.is_not(None),
    postgresql_where=entry.c.to_release.is_not(None),
)

coverage = Table(
    "coverage",
    metadata,
    Column("id", identity(), primary_key=True),
    Column("obligation_id", KeyText, nullable=False),
    Column("line", KeyText, nullable=False),
    Column("service_key", KeyText, nullable=False),
    Column("from_release", Integer, nullable=False),
    Column("to_release", Integer),
    Column("digest", LargeBinary, nullable=False),
    Column("counts", JsonText, nullable=False),
    Column("cells", LargeBinary, nullable=False),
    Column("since", LargeBinary, nullable=False),
)
Index(
    "uq_coverage_current",
    coverage.c.obligation_id,
    coverage.c.line,
    coverage.c.service_key,
    unique=True,
    sqlite_where=coverage.c.to_release.is_(None),
    postgresql_where=coverage.c.to_release.is_(None),
)
Index(
    "ix_coverage_current_service",
    coverage.c.service_key,
    sqlite_where=coverage.c.to_release.is_(None),
    postgresql_where=coverage.c.to_release.is_(None),
)
Index(
    "ix_coverage_history",
    coverage.c.obligation_id,
    coverage.c.line,
    coverage.c.service_key,
    coverage.c.from_release,
)

totals = Table(
    "totals",
    metadata,
    Column("id", identity(), primary_key=True),
    Column("obligation_id", KeyText, nullable=False),
    Column("line", KeyText, nullable=False),
    Column("from_release", Integer, nullable=False),
    Column("to_release", Integer),
    Column("digest", LargeBinary, nullable=False),
    Column("matrix", LargeBinary, nullable=False),
)
Index(
    "uq_totals_current",
    totals.c.obligation_id,
    totals.c.line,
    unique=True,
    sqlite_where=totals.c.to_release.is_(None),
    postgresql_where=totals.c.to_release.is_(None),
)

# --- registers and kept inputs ---------------------------------------------------------------------------

area_edition = Table(
    "area_edition",
    metadata,
    Column("id", identity(), primary_key=True),
    Column("label", PlainText, nullable=False),
    Column("digest", KeyText, nullable=False, unique=True),
    Column("stored_at", UTCDateTime, nullable=False),
)

area = Table(
    "area",
    metadata,
    Column("edition_id", identity(), ForeignKey("area_edition.id", ondelete="CASCADE"), primary_key=True),
    Column("code", KeyText, primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("kind", KeyText, nullable=False),
    Column("population", Integer, nullable=False),
    Column("ags", KeyText),
    Column("seat", PlainText),
    Column("seat_postcode", KeyText),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("successor", KeyText),
    sqlite_with_rowid=False,
)

input_document = Table(
    "input_document",
    metadata,
    Column("digest", KeyText, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

# --- upkeep ------------------------------------------------------------------------------------------------

# In the order of marking, which no clock can change.
day_mark = Table(
    "day_mark",
    metadata,
    Column("id", identity(), primary_key=True),
    Column("day", Date, nullable=False, unique=True),
    Column("run_id", identity(), nullable=False),
    Column("release", Integer, nullable=False),
    sqlite_autoincrement=True,
)
