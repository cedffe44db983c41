"""Runs the migrations on the connection the schema module opened; its transaction is theirs."""

from alembic import context

from syncd.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes tables only by copying them.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
