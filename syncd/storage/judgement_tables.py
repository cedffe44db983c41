"""The log of judgements, as the queries see it; append-only."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Table

from syncd.storage.columns import KeyText, PlainText, UTCDateTime, identity
from syncd.storage.tables import metadata

judgement = Table(
    "judgement",
    metadata,
    Column("id", identity(), primary_key=True),
    Column("uid", KeyText, nullable=False, unique=True),
    Column("kind", KeyText, nullable=False),
    Column("subject", KeyText, nullable=False),
    Column("object", KeyText, nullable=False),
    Column("answer", KeyText, nullable=False),
    Column("value", PlainText, nullable=False),
    Column("service_key", KeyText, nullable=False),
    Column("reason", PlainText, nullable=False),
    Column("decided_by", PlainText, nullable=False),
    Column("decided_at", UTCDateTime, nullable=False),
    Column("until", Date),
    Index("ix_judgement_kind_subject", "kind", "subject"),
    Index("ix_judgement_service_key", "service_key"),
    sqlite_autoincrement=True,
)
