"""The first tables: runs, buckets, releases, registers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out instead of imported: what a migration did must not change with the code.
KEY = sa.Text().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TABLES = (
    "input_document",
    "area",
    "area_edition",
    "totals",
    "coverage",
    "entry",
    "partition",
    "current_release",
    "release",
    "dirty",
    "record_key",
    "record",
    "document_note",
    "source_state",
    "issue",
    "run",
)


def upgrade() -> None:
    _runs()
    _buckets()
    _releases()
    _catalogue()
    _registers()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _partial(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _runs() -> None:
    op.create_table(
        "run",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", KEY, nullable=False),
        sa.Column("trigger", KEY, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("snapshot_digest", KEY),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("issue_counts", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_run"),
    )
    op.create_index("ix_run_open", "run", ["run_id"], **_partial("ended_at IS NULL"))
    op.create_index("ix_run_source_id_run_id", "run", ["source_id", "run_id"])
    op.create_table(
        "issue",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("severity", KEY, nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.run_id"], name="fk_issue_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "position", name="pk_issue"),
    )
    op.create_table(
        "source_state",
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("last_run_id", ID),
        sa.Column("last_good_at", sa.DateTime(timezone=True)),
        sa.Column("last_good_run_id", ID),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("consecutive_failures", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["last_good_run_id"], ["run.run_id"], name="fk_source_state_last_good_run_id"
        ),
        sa.ForeignKeyConstraint(["last_run_id"], ["run.run_id"], name="fk_source_state_last_run_id"),
        sa.PrimaryKeyConstraint("source_id", name="pk_source_state"),
    )
    op.create_table(
        "document_note",
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("etag", sa.Text()),
        sa.Column("last_modified", sa.Text()),
        sa.Column("validator", sa.Text()),
        sa.Column("sha256", KEY, nullable=False),
        sa.Column("size", ID, nullable=False),
        sa.Column("stored_path", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("charset", sa.Text()),
        sa.PrimaryKeyConstraint("source_id", "name", name="pk_document_note"),
    )


def _buckets() -> None:
    op.create_table(
        "record",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("native_id", KEY, nullable=False),
        sa.Column("raw_hash", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.Column("first_run_id", ID, nullable=False),
        sa.Column("last_run_id", ID, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_record"),
        sa.UniqueConstraint("source_id", "native_id", name="uq_record_source_id_native_id"),
    )
    op.create_index(
        "ix_record_live",
        "record",
        ["source_id", "raw_hash", "withdrawn_at"],
        **_partial("withdrawn_at IS NULL"),
    )
    op.create_index("ix_record_withdrawn", "record", ["id"], **_partial("withdrawn_at IS NOT NULL"))
    op.create_table(
        "record_key",
        sa.Column("service_key", KEY, nullable=False),
        sa.Column("record_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("service_key", "record_id", name="pk_record_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_record_key_record_id", "record_key", ["record_id"])
    op.create_table(
        "dirty",
        sa.Column("mark", ID, nullable=False),
        sa.Column("service_key", KEY, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_dirty"),
        sqlite_autoincrement=True,
    )


def _releases() -> None:
    op.create_table(
        "release",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("inputs_digest", KEY, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_release"),
    )
    op.create_index("ix_release_published_at", "release", ["published_at"])
    op.create_table(
        "current_release",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_current_release_single_row")),
        sa.ForeignKeyConstraint(["number"], ["release.number"], name="fk_current_release_number"),
        sa.PrimaryKeyConstraint("id", name="pk_current_release"),
    )
    op.create_table(
        "partition",
        sa.Column("id", ID, nullable=False),
        sa.Column("service_key", KEY, nullable=False),
        sa.Column("from_release", sa.Integer(), nullable=False),
        sa.Column("to_release", sa.Integer()),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("next_change_on", sa.Date()),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("service", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partition"),
    )
    op.create_index("ix_partition_history", "partition", ["service_key", "from_release"])
    op.create_index(
        "ix_partition_next_change_on", "partition", ["next_change_on"], **_partial("to_release IS NULL")
    )
    op.create_index(
        "uq_partition_current", "partition", ["service_key"], unique=True, **_partial("to_release IS NULL")
    )


def _catalogue() -> None:
    op.create_table(
        "entry",
        sa.Column("id", ID, nullable=False),
        sa.Column("service_key", KEY, nullable=False),
        sa.Column("area_code", KEY, nullable=False),
        sa.Column("from_release", sa.Integer(), nullable=False),
        sa.Column("to_release", sa.Integer()),
        sa.Column("evidence", sa.SmallInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_entry"),
    )
    op.create_index(
        "ix_entry_current_area", "entry", ["area_code", "service_key"], **_partial("to_release IS NULL")
    )
    op.create_index(
        "ix_entry_ended",
        "entry",
        ["to_release", "service_key", "area_code"],
        **_partial("to_release IS NOT NULL"),
    )
    op.create_index("ix_entry_from_release", "entry", ["from_release", "service_key", "area_code"])
    op.create_index(
        "ix_entry_past",
        "entry",
        ["service_key", "area_code", "from_release"],
        **_partial("to_release IS NOT NULL"),
    )
    op.create_index(
        "uq_entry_current",
        "entry",
        ["service_key", "area_code"],
        unique=True,
        **_partial("to_release IS NULL"),
    )
    op.create_table(
        "coverage",
        sa.Column("id", ID, nullable=False),
        sa.Column("obligation_id", KEY, nullable=False),
        sa.Column("line", KEY, nullable=False),
        sa.Column("service_key", KEY, nullable=False),
        sa.Column("from_release", sa.Integer(), nullable=False),
        sa.Column("to_release", sa.Integer()),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_coverage"),
    )
    op.create_index(
        "ix_coverage_current_service", "coverage", ["service_key"], **_partial("to_release IS NULL")
    )
    op.create_index(
        "ix_coverage_history", "coverage", ["obligation_id", "line", "service_key", "from_release"]
    )
    op.create_index(
        "uq_coverage_current",
        "coverage",
        ["obligation_id", "line", "service_key"],
        unique=True,
        **_partial("to_release IS NULL"),
    )
    op.create_table(
        "totals",
        sa.Column("id", ID, nullable=False),
        sa.Column("obligation_id", KEY, nullable=False),
        sa.Column("line", KEY, nullable=False),
        sa.Column("from_release", sa.Integer(), nullable=False),
        sa.Column("to_release", sa.Integer()),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("matrix", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_totals"),
    )
    op.create_index(
        "uq_totals_current",
        "totals",
        ["obligation_id", "line"],
        unique=True,
        **_partial("to_release IS NULL"),
    )


def _registers() -> None:
    op.create_table(
        "area_edition",
        sa.Column("id", ID, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_area_edition"),
        sa.UniqueConstraint("digest", name="uq_area_edition_digest"),
    )
    op.create_table(
        "area",
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("code", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("ags", KEY),
        sa.Column("seat", sa.Text()),
        sa.Column("seat_postcode", KEY),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_to", sa.Date()),
        sa.Column("successor", KEY),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["area_edition.id"], name="fk_area_edition_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition_id", "code", name="pk_area"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "input_document",
        sa.Column("digest", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_input_document"),
    )
