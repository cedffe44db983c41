"""Grading channels on the evidence ladder, by table.

"URL present" is not "digital": of the links that PVOG held for 64 everyday services in Wiesbaden, many are
appointment tools, search pages, information pages or a PDF. The table below says which rung a link reaches at
most; the source's own word is believed only as far as the address does not contradict it. The rung is ours
and never an official Reifegrad. What an address cannot show is left to link probes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from syncd.model.evidence import Channel, ChannelKind, Evidence, GradedChannel, LinkState

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class AddressRule:
    """One row: addresses that match ``pattern`` reach at most ``ceiling``.

    The pattern is applied to ``host/path?query`` in lower case; the words of ``rule_id`` stand in
    :data:`syncd.rules.words.GRADING`.
    """

    rule_id: str
    pattern: re.Pattern[str]
    ceiling: Evidence


def _row(rule_id: str, pattern: str, ceiling: Evidence) -> AddressRule:
    return AddressRule(rule_id, re.compile(pattern), ceiling)


ADDRESS_RULES: tuple[AddressRule, ...] = (
    _row(
        "address.print_document",
        r"\.(pdf|docx?|odt|rtf)(\?|$)",
        Evidence.PDF_FORM,
    ),
    _row(
        "address.appointment",
        r"termin(?!al|olog)|appointment|qmatic|smartcjm|tevis|timify|(^|\.)anny\.(eu|co)/|(^|\.)cituro\.com/",
        Evidence.APPOINTMENT,
    ),
    _row(
        "address.search_page",
        r"^[^?]*(suche|finder|behoerdenwegweiser|zustaendigkeitsfinder|/search)(/|\.html?|\?|$)",
        Evidence.CONTACT,
    ),
    _row(
        "address.content_page",
        r"_node\.html(\?|$)",
        Evidence.DESCRIPTION,
    ),
    _row(
        "address.contact",
        r"/(kontakt|impressum|ansprechpartner|anfahrt)(/|\.html?|\?|$)",
        Evidence.CONTACT,
    ),
)
"""First match wins."""

_CLAIMED: dict[ChannelKind, Evidence] = {
    ChannelKind.ONLINE_SERVICE: Evidence.ONLINE_SERVICE,
    ChannelKind.FORM: Evidence.ONLINE_FORM,
    ChannelKind.PDF: Evidence.PDF_FORM,
    ChannelKind.APPOINTMENT: Evidence.APPOINTMENT,
    ChannelKind.CONTACT: Evidence.CONTACT,
    ChannelKind.PAGE: Evidence.DESCRIPTION,
    ChannelKind.UNKNOWN_LINK: Evidence.ONLINE_SERVICE,
}


def grade(channel: Channel) -> GradedChannel:
    """Return the channel with its rung: the lower of what the source claims and what the address allows."""
    claimed = _CLAIMED[channel.kind]
    if channel.url is None:
        if claimed > Evidence.CONTACT:
            return GradedChannel(channel, Evidence.CONTACT, "claim.without_link")
        return GradedChannel(channel, claimed, f"claim.{channel.kind.value}")
    limit = address_rule(channel.url)
    if limit is not None and limit.ceiling < claimed:
        return GradedChannel(channel, limit.ceiling, limit.rule_id)
    return GradedChannel(channel, claimed, f"claim.{channel.kind.value}")


def best(channels: Iterable[GradedChannel]) -> Evidence:
    """Return the highest rung of channels whose link is not known to be dead; DESCRIPTION without any."""
    alive = (c.evidence for c in channels if c.channel.link_state is not LinkState.DEAD)
    return max(alive, default=Evidence.DESCRIPTION)


def address_rule(url: str) -> AddressRule | None:
    """Return the first row that matches an address, or None."""
    try:
        parts = urlsplit(url.lower())
    except ValueError:
        return None
    address = f"{parts.hostname or ''}{parts.path}" + (f"?{parts.query}" if parts.query else "")
    return next((rule for rule in ADDRESS_RULES if rule.pattern.search(address)), None)
