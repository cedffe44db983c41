"""What about an entry somebody may want to look at, beside it, so that lists of conflicts need no scan."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None

WATCHED = sa.text("to_release IS NULL AND attention <> 0")


def upgrade() -> None:
    op.add_column("entry", sa.Column("attention", sa.SmallInteger(), nullable=False, server_default="0"))
    # Open conflicts of what is stored: rows that do not change are never written again.
    if op.get_bind().dialect.name == "postgresql":
        lacks = "position(convert_to('\"conflicts\":[]', 'UTF8') in payload) = 0"
    else:
        lacks = "instr(payload, CAST('\"conflicts\":[]' AS BLOB)) = 0"
    op.execute(sa.text(f"UPDATE entry SET attention = 1 WHERE {lacks}".replace(":", "\\:")))  # noqa: S608
    op.create_index(
        "ix_entry_attention",
        "entry",
        ["service_key", "area_code", "attention"],
        sqlite_where=WATCHED,
        postgresql_where=WATCHED,
    )


def downgrade() -> None:
    op.drop_index("ix_entry_attention", "entry")
    op.drop_column("entry", "attention")
