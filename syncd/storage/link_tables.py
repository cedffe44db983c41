"""Links of records to services, as the queries see them: derived, so that losing them costs time only."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, SmallInteger, Table

from syncd.storage.columns import JsonText, KeyText, UTCDateTime, identity
from syncd.storage.tables import metadata

# Only records that are more, or other, than what they state have a row; ``body`` is the whole linkage.
link = Table(
    "link",
    metadata,
    Column("record_id", identity(), primary_key=True, autoincrement=False),
    Column("state", KeyText, nullable=False),
    Column("method", KeyText, nullable=False),
    Column("since_at", UTCDateTime, nullable=False),
    Column("body", JsonText, nullable=False),
    Index("ix_link_state", "state", "record_id"),
)

# ``kind`` linked: the record counts for that partition; removed: it does not, although it states it.
link_key = Table(
    "link_key",
    metadata,
    Column("service_key", KeyText, primary_key=True),
    Column("record_id", identity(), primary_key=True, autoincrement=False),
    Column("kind", KeyText, nullable=False),
    Column("method", KeyText, nullable=False),
    Index("ix_link_key_record_id", "record_id"),
    sqlite_with_rowid=False,
)

# Written with the record, like its keys: ids under which other sources may know the same service.
identity_token = Table(
    "identity_token",
    metadata,
    Column("token", KeyText, primary_key=True),
    Column("record_id", identity(), primary_key=True, autoincrement=False),
    Index("ix_identity_token_record_id", "record_id"),
    sqlite_with_rowid=False,
)

# A mark is never used twice, as in ``dirty``.
link_due = Table(
    "link_due",
    metadata,
    Column("mark", identity(), primary_key=True),
    Column("record_id", identity(), nullable=False),
    sqlite_autoincrement=True,
)

# What the links were computed from; ``judged_up_to`` is a position in the log of judgements.
link_basis = Table(
    "link_basis",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("digest", KeyText, nullable=False),
    Column("judged_up_to", identity(), nullable=False),
    CheckConstraint("id = 1", name="single_row"),
)

# Records that probably only got another id, for a person to confirm.
move = Table(
    "move",
    metadata,
    Column("source_id", KeyText, primary_key=True),
    Column("new_id", KeyText, primary_key=True),
    Column("old_id", KeyText, nullable=False),
    Column("run_id", identity(), nullable=False),
    Column("seen_at", UTCDateTime, nullable=False),
    sqlite_with_rowid=False,
)
