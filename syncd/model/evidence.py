"""The evidence ladder: how far a channel carries a citizen, judged from data.

The rungs are ours. They are never printed as an official Reifegrad, because neither PVOG nor FIM delivers
one (``docs/glossary.md``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Evidence(IntEnum):
    """Rung of the ladder; higher is better. ``NONE`` means that nothing is offered at all."""

    NONE = 0
    DESCRIPTION = 1
    CONTACT = 2
    APPOINTMENT = 3
    PDF_FORM = 4
    ONLINE_FORM = 5
    ONLINE_SERVICE = 6
    END_TO_END = 7

    @property
    def label(self) -> str:
        """Lower-case name as used in configuration, API and reports."""
        return self.name.lower()

    @classmethod
    def from_label(cls, label: str) -> Evidence:
        """Return the rung with that label; raises KeyError for an unknown one."""
        return cls[label.upper()]


class ChannelKind(StrEnum):
    """What a source says a channel is."""

    ONLINE_SERVICE = "online_service"
    FORM = "form"
    PDF = "pdf"
    APPOINTMENT = "appointment"
    CONTACT = "contact"
    PAGE = "page"
    UNKNOWN_LINK = "unknown_link"
    """A link the source calls neither; its URL decides the rung."""


class LinkState(StrEnum):
    """What is known of a link's health, from the source or from a probe."""

    UNCHECKED = "unchecked"
    OK = "ok"
    DEAD = "dead"


@dataclass(frozen=True, order=True, slots=True)
class Channel:
    """One way to use a service, as the source states it."""

    kind: ChannelKind
    url: str | None = None
    label: str | None = None
    native_id: str | None = None
    link_state: LinkState = LinkState.UNCHECKED


@dataclass(frozen=True, slots=True)
class GradedChannel:
    """A channel with its rung; ``rule`` is the id of the deciding rule (its words: ``syncd.rules.words``)."""

    channel: Channel
    evidence: Evidence
    rule: str
