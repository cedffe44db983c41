"""The Store port on SQLite and PostgreSQL: synchronous SQLAlchemy Core, called from threads.

The only room that knows SQLAlchemy and Alembic. Everything it raises is a :mod:`syncd.errors` error.
"""

from syncd.storage.copies import restore
from syncd.storage.publication import release_digest
from syncd.storage.store import SqlStore, open_store

__all__ = ["SqlStore", "open_store", "release_digest", "restore"]
