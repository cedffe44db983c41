"""Links of records to services, and what they are made from."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.String(collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "link",
        sa.Column("record_id", ID, autoincrement=False, nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("method", KEY, nullable=False),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name="pk_link"),
    )
    op.create_index("ix_link_state", "link", ["state", "record_id"])
    op.create_table(
        "link_key",
        sa.Column("service_key", KEY, nullable=False),
        sa.Column("record_id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("method", KEY, nullable=False),
        sa.PrimaryKeyConstraint("service_key", "record_id", name="pk_link_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_link_key_record_id", "link_key", ["record_id"])
    op.create_table(
        "identity_token",
        sa.Column("token", KEY, nullable=False),
        sa.Column("record_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("token", "record_id", name="pk_identity_token"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identity_token_record_id", "identity_token", ["record_id"])
    op.create_table(
        "link_due",
        sa.Column("mark", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_link_due"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "link_basis",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", KEY, nullable=False),
        sa.Column("judged_up_to", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_link_basis"),
        sa.CheckConstraint("id = 1", name=op.f("ck_link_basis_single_row")),
    )
    op.create_table(
        "move",
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("new_id", KEY, nullable=False),
        sa.Column("old_id", KEY, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "new_id", name="pk_move"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("move", "link_basis", "link_due", "identity_token", "link_key", "link"):
        op.drop_table(table)
