"""What a connector produces."""

from syncd.model import facts
from syncd.model.evidence import Channel, ChannelKind, LinkState
from syncd.model.issue import Issue, Severity
from syncd.model.record import Record, RecordKind, RecordPart

__all__ = [
    "Channel",
    "ChannelKind",
    "Issue",
    "LinkState",
    "Record",
    "RecordKind",
    "RecordPart",
    "Severity",
    "facts",
]
