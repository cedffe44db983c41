"""Reports that were written, so that last month's can be listed and fetched byte for byte."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "kept_report",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject", KEY, nullable=False),
        sa.Column("obligation_id", KEY, nullable=False),
        sa.Column("language", KEY, nullable=False),
        sa.Column("form", KEY, nullable=False),
        sa.Column("since", KEY, nullable=False),
        sa.Column("names", sa.Boolean(), nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("release_digest", KEY, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stand", KEY, nullable=False),
        sa.Column("period", KEY, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kept_report"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_kept_report_subject_release", "kept_report", ["subject", "release"])


def downgrade() -> None:
    op.drop_index("ix_kept_report_subject_release", "kept_report")
    op.drop_table("kept_report")
