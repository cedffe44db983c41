"""REST API and pages over published releases; the only door consumers of the catalogue need.

Reads, and takes decisions of operators. Must not know how sources are fetched, when they run or how rows are
stored: it asks :class:`syncd.pipeline.ask.Ask` in threads and turns answers into documents and pages.
"""

from syncd.web.app import build_app
from syncd.web.deps import WebDeps
from syncd.web.server import Server

__all__ = ["Server", "WebDeps", "build_app"]
