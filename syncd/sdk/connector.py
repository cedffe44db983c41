"""The connector protocol: how a portal is paged through, without knowing HTTP libraries.

A connector is an object with one async generator, ``documents``. It asks the session for documents and
yields those that hold records; the bytes are on disk by then and are parsed elsewhere. Not offered, on
purpose: database, clock, environment, other sources.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from syncd.sdk import SDK_VERSION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from syncd.model.issue import Issue
    from syncd.sdk.settings import ClientCredentials, SourceSettings


@dataclass(frozen=True, slots=True)
class Document:
    """One answer of the portal, decoded and complete, on disk.

    ``url`` has no secrets in it. ``framed`` is False when the transport could not prove that the body is
    complete (no length, no chunking). ``not_modified`` is True when the portal said so and ``path`` is the
    stored copy of the last accepted run. ``etag`` and ``sha256`` identify the content.
    """

    name: str
    path: Path
    url: str
    sha256: str
    size: int
    content_type: str = ""
    charset: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    framed: bool = True
    not_modified: bool = False
    context: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those headers of this very answer that were asked for and sent, by lower-case name."""


class FetchSession(Protocol):
    """What a connector may do during one run."""

    @property
    def source_id(self) -> str:
        """Id of the source this run is for."""

    async def fetch(  # noqa: PLR0913 - a request has that many independent properties
        self,
        url: str,
        *,
        name: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Sequence[str] = (),
        validator: str | None = None,
        context: Mapping[str, str] | None = None,
        conditional: bool = True,
        bearer: ClientCredentials | None = None,
        want_headers: Sequence[str] = (),
    ) -> Document:
        """GET one document.

        ``name`` is unique in the run and stable over runs (validators and stored copies hang on it).
        ``accept`` lists the media types taken for an answer (empty: any); an HTML page in place of data
        raises SourceFormatError. ``validator`` is sent as ``If-None-Match`` instead of a stored ETag (portals
        that validate by body hash). ``bearer`` adds an OAuth2 access token got with these credentials; it is
        kept until shortly before it ends and asked for afresh once when the portal refuses it.
        ``want_headers`` names headers of the answer that are needed for paging (:attr:`Document.headers`).
        Raises SourceUnavailable, SourceRejectedUs or SourceFormatError.
        """

    async def read_json(self, document: Document) -> Any:  # noqa: ANN401 - JSON is what it is
        """Read a small JSON document for paging; raises SourceFormatError when it is not JSON."""

    def stored_validator(self, name: str) -> str | None:
        """Return the validator kept from the last accepted run for that document name (ETag or body hash)."""

    def keep_validator(self, name: str, value: str) -> None:
        """Keep a validator found inside the body; stored only if the run is accepted."""

    @property
    def position(self) -> str:
        """How far the source's ledger has come, as its documents said (``Ledger.position``); empty at first.

        Empty also when the ledger is lost or not readable: everything has to be fetched again then. Always
        empty for connectors that keep no ledger.
        """

    def nothing_new(self) -> None:
        """State that the portal has no change since ``position``: the run is good without any document."""

    def declare_total(self, total: int) -> None:
        """State how many records the portal announced for the whole listing."""

    def incomplete(self, reason: str) -> None:
        """State that the listing is known to be incomplete: nothing may be withdrawn because of it."""

    def issue(self, issue: Issue) -> None:
        """Report a finding about the listing."""


class Connector(Protocol):
    """A connector built with its settings."""

    def documents(self, session: FetchSession) -> AsyncIterator[Document]:
        """Yield the documents of one run, in a stable order."""


class Completeness(StrEnum):
    """How a connector proves that a listing is complete.

    ``whole_document``: one framed document holds everything; ``declared_total``: the portal announces the
    number of records and it must be met; ``none``: no proof, so nothing is ever withdrawn.
    """

    WHOLE_DOCUMENT = "whole_document"
    DECLARED_TOTAL = "declared_total"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """What an entry point of the group ``syncd.connectors`` names.

    ``parser`` is the dotted name of the parser module; it is imported in the worker process only.
    ``portal`` returns the connector's own synthetic portal for the conformance suite.
    """

    name: str
    title: str
    settings_type: type[SourceSettings]
    build: Callable[[Any], Connector]
    parser: str
    completeness: Completeness
    portal: Callable[[], SyntheticPortal]
    keeps_ledger: bool = False
    """The portal is asked for changes only; its parser composes from a ledger that lives on."""
    feeds_register: bool = False
    """The records are of kind ``catalogue``: they extend the service register and are never offers."""
    is_yardstick: bool = False
    """The records carry the official counters' word on a cell (:mod:`syncd.model.facts`); it is reported how
    our coverage differs from it. Native ids read ``<service key>/<area>``; the parser's option ``regions``
    names the areas it was asked for, ``below`` whether with all inside them."""
    minimum_interval_seconds: int = 60
    verified_live: bool = False
    """Somebody has compared it with the running portal, not only with documentation and recordings."""
    sdk_version: int = SDK_VERSION


@dataclass(frozen=True, slots=True)
class SyntheticAnswer:
    """One canned answer of a synthetic portal."""

    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SyntheticPortal:
    """A connector's own miniature portal, labelled synthetic, used by the conformance suite.

    ``answers`` maps path (with query, sorted by name) to the answer. ``settings`` are the source settings
    without ``base_url``. ``records`` is the number of records a run yields, ``last_document`` the path
    whose truncation must be noticed, ``unknown_field_document`` the path and body with an extra field.
    ``shrunken_document`` is the path and body of a listing that lacks exactly one record.
    """

    answers: Mapping[str, SyntheticAnswer]
    records: int
    last_document: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    unknown_field_document: tuple[str, bytes] | None = None
    shrunken_document: tuple[str, bytes] | None = None
    later_answers: Mapping[str, SyntheticAnswer] = field(default_factory=dict)
    """What a connector that keeps a ledger is told when it asks again and nothing is new, by path."""
