"""What probes found: evidence about links and delivery routes that no source states itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from syncd.model.evidence import LinkState

if TYPE_CHECKING:
    from datetime import datetime


class TargetKind(StrEnum):
    """What a link leads to, as far as its answer shows."""

    ONLINE_SERVICE = "online_service"
    FORM = "form"
    LOGIN = "login"
    """A page that asks for an account first: what lies behind it cannot be seen."""
    PDF = "pdf"
    APPOINTMENT = "appointment"
    SEARCH = "search"
    HOME = "home"
    CONTACT = "contact"
    PAGE = "page"
    """Any other web page; it says nothing for or against an online procedure."""
    GONE = "gone"
    """A page that says, with status 200, that there is nothing (soft 404)."""
    UNSEEN = "unseen"
    """Nothing was seen: no answer, or robots.txt keeps us out."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page shows without being understood: texts in lower case, inputs by kind.

    ``refresh`` is the target of a ``<meta http-equiv=refresh>``. ``cut``: only the beginning was read.
    """

    title: str = ""
    heading: str = ""
    fields: int = 0
    """Inputs, selects and text areas a person fills in, without search fields."""
    search_fields: int = 0
    password_fields: int = 0
    file_fields: int = 0
    refresh: str = ""
    words: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What one polite GET of a link brought.

    ``code`` is empty when an answer came, else why none did (codes of the fetcher, and ``robots_excluded``,
    ``redirect_refused``). ``hops`` are the addresses passed, the last one is where the answer came from.
    """

    url: str
    hops: tuple[str, ...] = ()
    status: int = 0
    content_type: str = ""
    code: str = ""
    page: PageFacts | None = None


@dataclass(frozen=True, slots=True)
class LinkVerdict:
    """What is held of a link until it is looked at again.

    ``rule`` is the id of the deciding rule (its words: ``syncd.rules.probe_words``). ``failures`` counts
    looks in a row that found it broken, the first of them at ``failing_since``. ``final_url`` is empty when
    it is the link itself. ``seen`` and ``seen_by`` are target and rule of the last look that saw something:
    what was seen goes on to bound a claim while nobody can look.
    """

    url: str
    state: LinkState
    target: TargetKind
    rule: str
    checked_at: datetime
    status: int = 0
    final_url: str = ""
    failures: int = 0
    failing_since: datetime | None = None
    seen: TargetKind = TargetKind.UNSEEN
    seen_by: str = ""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Which procedure a link starts: engine, authority and process as the address names them.

    ``engine`` is empty when the address belongs to none we know; then ``host`` and ``process`` (the path)
    are all there is.
    """

    host: str
    engine: str = ""
    authority: str = ""
    process: str = ""
