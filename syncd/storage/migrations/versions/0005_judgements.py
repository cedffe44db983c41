"""The log of what operators judge."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "judgement",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("subject", KEY, nullable=False),
        sa.Column("object", KEY, nullable=False),
        sa.Column("answer", KEY, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("service_key", KEY, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.Date()),
        sa.PrimaryKeyConstraint("id", name="pk_judgement"),
        sa.UniqueConstraint("uid", name="uq_judgement_uid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_judgement_kind_subject", "judgement", ["kind", "subject"])
    op.create_index("ix_judgement_service_key", "judgement", ["service_key"])


def downgrade() -> None:
    op.drop_table("judgement")
