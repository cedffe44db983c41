"""Recorded portals on loopback: what `./dev run` pulls from, and what misbehaves on demand.

Anyone can take a portal down, cut its answers or make it serve a web page, and watch the last good data
stay. Knows recordings and HTTP, nothing of sources, connectors or the catalogue.
"""

from syncd.replay.moods import Mood, parse_faults
from syncd.replay.recordings import Recording, Route, load_recordings
from syncd.replay.server import ReplayServer, main_replay

__all__ = ["Mood", "Recording", "ReplayServer", "Route", "load_recordings", "main_replay", "parse_faults"]
