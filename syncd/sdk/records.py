"""What a connector produces."""

from syncd.model.evidence import Channel, ChannelKind, LinkState
from syncd.model.issue import Issue, Severity
from syncd.model.record import Record, SnapshotMode

__all__ = ["Channel", "ChannelKind", "Issue", "LinkState", "Record", "Severity", "SnapshotMode"]
