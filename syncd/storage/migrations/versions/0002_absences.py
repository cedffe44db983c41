"""Records that are missing but not yet withdrawn, decisions, and what a source last said of itself."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "absence",
        sa.Column("record_id", ID, autoincrement=False, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("missing_since_at", sa.DateTime(timezone=True)),
        sa.Column("missing_runs", sa.Integer(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("counted_since_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name="pk_absence"),
    )
    op.create_index("ix_absence_source_id", "absence", ["source_id"])
    op.create_index(
        "ix_record_withdrawn_at",
        "record",
        ["source_id", "withdrawn_at"],
        **_partial("withdrawn_at IS NOT NULL"),
    )
    op.create_table(
        "decision",
        sa.Column("id", ID, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("run_id", ID),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decision_run_id", "decision", ["run_id"])
    op.create_index("ix_decision_source_id", "decision", ["source_id"])
    op.add_column("source_state", sa.Column("stated_at", sa.DateTime(timezone=True)))
    op.add_column("source_state", sa.Column("identity", sa.Text()))
    op.add_column("source_state", sa.Column("waived_run_id", ID))


def downgrade() -> None:
    for column in ("waived_run_id", "identity", "stated_at"):
        op.drop_column("source_state", column)
    op.drop_table("decision")
    op.drop_index("ix_record_withdrawn_at", "record")
    op.drop_table("absence")


def _partial(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
