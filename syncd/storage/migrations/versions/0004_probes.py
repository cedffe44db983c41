"""What probes found about links and delivery routes, and which services use them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "probe",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("subject", KEY, nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_probe"),
        sa.UniqueConstraint("kind", "subject_hash", name="uq_probe_kind_subject_hash"),
    )
    op.create_index("ix_probe_due_at", "probe", ["kind", "due_at"])
    op.create_table(
        "probe_use",
        sa.Column("service_key", KEY, nullable=False),
        sa.Column("probe_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("service_key", "probe_id", name="pk_probe_use"),
        **_without_rowid(),
    )
    op.create_index("ix_probe_use_probe_id", "probe_use", ["probe_id"])


def downgrade() -> None:
    op.drop_table("probe_use")
    op.drop_table("probe")


def _without_rowid() -> dict[str, Any]:
    return {"sqlite_with_rowid": False}
