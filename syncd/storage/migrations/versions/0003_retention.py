"""Marks of the days on which upkeep was done, and when releases that are no longer kept were published."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "day_mark",
        sa.Column("id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_day_mark"),
        sa.UniqueConstraint("day", name="uq_day_mark_day"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "past_release",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_past_release"),
    )


def downgrade() -> None:
    op.drop_table("past_release")
    op.drop_table("day_mark")
