"""What services are called in a release, for whoever goes through them by key.

Lists are sorted by service key, so ever more names are read ahead; of a long list few are kept. Must not know
what the names are shown beside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.pipeline.entry_codec import decode_service

if TYPE_CHECKING:
    from syncd.pipeline.ask import ReleaseView

_AHEAD = 256
"""Most names that are read at once."""
_KEPT = 16 * _AHEAD
"""Most names that are kept: keys asked for in any other order find those of a while ago."""


class ServiceNames:
    """Names by service key; that of a service the release does not have is its key."""

    def __init__(self, view: ReleaseView) -> None:
        """Take the release; nothing is read yet."""
        self._view = view
        self._names: dict[str, str] = {}
        self._ahead = 1

    def __getitem__(self, service_key: str) -> str:
        """Return the name of a service."""
        if service_key not in self._names:
            self._read(service_key)
        return self._names[service_key]

    def _read(self, service_key: str) -> None:
        store, release = self._view.store, self._view.release.number
        if len(self._names) >= _KEPT:
            self._names.clear()
        # One character less: the key itself is the first that is read, or it does not exist.
        for row in store.partitions(release, after=service_key[:-1], limit=self._ahead):
            self._names[row.service_key] = decode_service(row.service).name
        self._ahead = min(_AHEAD, 4 * self._ahead)
        if service_key not in self._names:
            found = store.partition(release, service_key)
            self._names[service_key] = decode_service(found.service).name if found else service_key
