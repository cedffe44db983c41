"""The tables of a profile that say how documents are got: transport, streams, paging, completeness.

Must not know how documents are read. Each docstring and description appears in the reference page.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from connectors.generic.base import (
    Key,
    Name,
    PatternText,
    Pointers,
    PointerText,
    RelativePath,
    Table,
    TemplateText,
)
from connectors.generic.read_tables import Decode

PAGE_LIMIT = 5_000
"""A run fetches at most that many documents anyway."""


class Auth(Table):
    """``[transport.auth]``: what the portal wants to see; the secret itself is named in the source file."""

    kind: Literal["none", "header", "basic", "bearer", "client_credentials"] = Field(
        "none",
        description="`header`: the secret as it is in a header (also 'Bearer …' as one text). `bearer`: after"
        " the word Bearer. `basic`: user name and secret. `client_credentials`: an OAuth2 token first.",
    )
    header: str = Field(
        "Authorization",
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,60}$",
        description="Name of the header for kind `header`.",
    )


class Transport(Table):
    """``[transport]``: what every request carries."""

    accept: list[str] = Field(
        default_factory=list,
        description="Media types taken for an answer, best first; empty takes any and asks for any.",
    )
    accept_language: str | None = Field(None, pattern=r"^[A-Za-z0-9,;=.*-]{1,60}$")
    headers: dict[str, str] = Field(default_factory=dict, description="Further headers; never secrets.")
    auth: Auth = Auth()


class Conditional(Table):
    """``[conditional]``: how an unchanged document is recognised without fetching it."""

    validator: Literal["etag", "body_hash", "none"] = Field(
        "etag",
        description="`etag`: ETag and Last-Modified. `body_hash`: a hash inside the body is sent as"
        " If-None-Match. `none`: everything is fetched each time.",
    )
    hash: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,60}$",
        description="Name of the member with the hash; it must stand in the first 4 KB.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.validator == "body_hash") is not (self.hash is not None):
            raise ValueError("hash belongs to validator = 'body_hash', and only to it")
        return self


class Discovery(Table):
    """``[stream.discovery]``: a page or document that names the addresses to fetch."""

    path: RelativePath
    format: Literal["html", "json", "text"] = Field(
        "html", description="`html`: addresses in href. `text`: any absolute address (sitemap, robots.txt)."
    )
    links: PointerText | None = Field(None, description="JSON: where the addresses stand.")
    pattern: PatternText = Field(description="Only addresses in which this is found.")
    take: Literal["first", "last", "newest", "all"] = Field(
        "last", description="`newest`: the greatest text of the pattern's first group (a date in the name)."
    )
    limit: int = Field(100, ge=1, le=PAGE_LIMIT, description="More matches than that fail the run.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.format == "json") is not (self.links is not None):
            raise ValueError("links belongs to format = 'json', and only to it")
        return self


class Paging(Table):
    """``[stream.paging]``: how to get from one page to the next."""

    kind: Literal["single", "offset", "page", "cursor", "next", "sru", "ldes"] = Field(
        "single",
        description="`single`: one document. `offset`: offset and limit. `page`: page numbers. `cursor`: a"
        " text from the body goes into the next request. `next`, `ldes`: the body holds the next address."
        " `sru`: startRecord counts records from 1.",
    )
    start_param: str | None = Field(
        None, description="Query parameter of offset, page number, cursor or startRecord."
    )
    size_param: str | None = Field(None, description="Query parameter of the page size.")
    size: int | None = Field(None, ge=1, le=100_000, description="Items asked for per page.")
    first: int | None = Field(None, ge=0, le=1, description="Number of the first page or record: 0 or 1.")
    cursor: PointerText | None = Field(None, description="Where the body holds the next cursor.")
    next: PointerText | None = Field(None, description="Where the body holds the next address.")
    last: PointerText | None = Field(
        None, description="Where the body says that this is the last page (true)."
    )
    max_pages: int = Field(1_000, ge=1, le=PAGE_LIMIT, description="More pages than that fail the run.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        needed = {
            "offset": ("start_param", "size_param", "size"),
            "page": ("start_param",),
            "cursor": ("start_param", "cursor"),
            "next": ("next",),
            "ldes": ("next",),
            "sru": ("start_param", "size_param", "size"),
            "single": (),
        }[self.kind]
        if missing := [name for name in needed if getattr(self, name) is None]:
            raise ValueError(f"kind = '{self.kind}' needs {', '.join(missing)}")
        if self.size_param is not None and self.size is None:
            raise ValueError("size_param needs size")
        return self

    @property
    def start(self) -> int:
        """Number of the first page or record."""
        return self.first if self.first is not None else (1 if self.kind == "sru" else 0)


class Completeness(Table):
    """``[stream.completeness]``: what proves that a listing is whole. Without proof nothing is withdrawn."""

    policy: Literal[
        "whole_document", "exact", "tolerance", "until_empty_page", "short_page_ends", "no_next", "none"
    ] = Field(
        description="`whole_document`: one document is everything. `exact`, `tolerance`: the announced total"
        " is met. `until_empty_page`, `short_page_ends`: by the last page. `no_next`: the last page names no"
        " further one. `none`: unproven; new and changed records are taken, nothing is withdrawn."
    )
    total: PointerText | None = Field(None, description="Where the body announces the total.")
    total_header: str | None = Field(
        None, pattern=r"^[A-Za-z][A-Za-z0-9-]{0,60}$", description="Header of the answer with the total."
    )
    counts: Literal["items", "pages"] = Field("items", description="What the total counts.")
    tolerance: int = Field(0, ge=0, le=1_000_000, description="By how much the total may be missed.")
    min_items: int = Field(0, ge=0, description="A listing with fewer items is not believed.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.total is not None and self.total_header is not None:
            raise ValueError("give either total or total_header")
        announced = self.total is not None or self.total_header is not None
        if (self.policy in {"exact", "tolerance"}) is not announced:
            raise ValueError("total belongs to policy = 'exact' or 'tolerance', and only to them")
        if (self.policy == "tolerance") is not (self.tolerance > 0):
            raise ValueError("tolerance belongs to policy = 'tolerance', and only to it")
        return self


class Detail(Table):
    """``[stream.detail]``: one more document for each item of the list, laid over the item."""

    path: RelativePath
    params: dict[str, TemplateText] = Field(default_factory=dict)
    fields: dict[Name, PointerText] = Field(
        min_length=1, description="Name in the path → where the list's item holds it."
    )
    item: PointerText = Field(".", description="Where the object stands in the detail document.")
    concurrency: int = Field(2, ge=1, le=8, description="Requests at the same time.")
    missing: Literal["fail", "report"] = Field(
        "report",
        description="What a detail that answers 404 or 410 means; `report`: the list's item is used alone.",
    )
    decode: Decode | None = Field(None, description="How details are read, where it differs.")


class Since(Table):
    """``[stream.since]``: ask for changes only, with a full walk now and then."""

    param: str = Field(min_length=1, max_length=60)
    stamp: Pointers = Field(description="Where an item says when it was changed.")
    overlap_seconds: int = Field(86_400, ge=0, le=31_536_000)
    full_walk_every: int = Field(
        10, ge=1, le=1_000, description="Runs after which everything is fetched: only then absence shows."
    )


class Stream(Table):
    """``[[stream]]``: one listing; exactly one has the role ``records``."""

    name: Name
    role: Literal["records", "supplement", "fallback"] = Field(
        "records",
        description="`supplement`: its items are joined to the records. `fallback`: used only in place of"
        " another stream.",
    )
    path: RelativePath | None = Field(None, description="Relative to base_url; absent with discovery.")
    params: dict[str, TemplateText] = Field(default_factory=dict)
    accept: list[str] | None = Field(None, description="In place of transport.accept.")
    per_region: bool = Field(
        default=False, description="Fetched once per configured region; $region and {region…} are known."
    )
    discovery: Discovery | None = None
    paging: Paging = Paging()
    completeness: Completeness
    decode: Decode | None = Field(None, description="In place of the profile's decode.")
    items: PointerText = Field(".", description="Where the items stand in a document (JSON).")
    object: PointerText | None = Field(None, description="Where the object stands in an item.")
    detail: Detail | None = None
    since: Since | None = None
    key: Key | None = Field(
        None, description="Supplement: where its items name the record's key (refer: their own key)."
    )
    merge: Literal["attach", "overlay", "refer"] = Field(
        "attach",
        description="Supplement: `attach` puts its items as a list under `into`; `overlay` replaces the"
        " members of the record that it holds; `refer` puts those under `into` that the record names.",
    )
    into: Name | None = None
    refers: Pointers | None = Field(
        None, description="Supplement with `refer`: where a record names the keys of the items it wants."
    )
    unmatched: Literal["report", "record", "ignore"] = Field(
        "report", description="Supplement without its record; `record`: it becomes one."
    )
    fallback: Name | None = Field(None, description="Stream to use when this one is refused.")
    fallback_on: list[int] = Field(
        default_factory=lambda: [413], description="Status codes that mean: not this way."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.path is None) is not (self.discovery is not None):
            raise ValueError(f"stream '{self.name}' needs either path or discovery")
        if self.role == "supplement" and self.key is None:
            raise ValueError(f"stream '{self.name}': a supplement needs key")
        if self.role != "supplement" and self.key is not None:
            raise ValueError(f"stream '{self.name}': key is for supplements; records have select.key")
        if self.role == "supplement" and (self.merge == "overlay") is not (self.into is None):
            raise ValueError(f"stream '{self.name}': into belongs to merge = 'attach' and 'refer'")
        if (self.merge == "refer") is not (self.refers is not None):
            raise ValueError(f"stream '{self.name}': refers belongs to merge = 'refer', and only to it")
        if self.since is not None and (self.role != "records" or self.per_region or self.discovery):
            raise ValueError(f"stream '{self.name}': since is for a plain stream of records")
        self._check_policy()
        return self

    def _check_policy(self) -> None:
        policy, paging = self.completeness.policy, self.paging
        allowed = {
            "single": {"whole_document", "exact", "tolerance", "short_page_ends", "none"},
            "offset": {"exact", "tolerance", "until_empty_page", "short_page_ends", "none"},
            "page": {"exact", "tolerance", "until_empty_page", "short_page_ends", "no_next", "none"},
            "cursor": {"no_next", "exact", "tolerance", "none"},
            "next": {"no_next", "exact", "tolerance", "none"},
            "ldes": {"no_next", "none"},
            "sru": {"exact", "tolerance", "none"},
        }[paging.kind]
        if policy not in allowed:
            raise ValueError(
                f"stream '{self.name}': policy '{policy}' proves nothing for paging '{paging.kind}';"
                f" allowed: {', '.join(sorted(allowed))}"
            )
        if policy == "short_page_ends" and paging.size is None:
            raise ValueError(f"stream '{self.name}': policy 'short_page_ends' needs paging.size")
        if policy == "no_next" and paging.kind == "page" and paging.last is None:
            raise ValueError(f"stream '{self.name}': policy 'no_next' needs paging.last")
