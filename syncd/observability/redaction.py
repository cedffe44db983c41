"""Keeping secrets out of log lines: by type, by the name of a key, and by value once a secret is known.

A line is written by code that does not know what is secret, often while something fails. So the last station
before the handlers looks at everything, however deeply nested.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from syncd.sdk.settings import SecretRef

HIDDEN = "[redacted]"
_NAMES = re.compile(
    r"(?:^|[_\-.])(?:pass(?:word|wd|phrase)?|secret|token|api_?key|authori[sz]ation|cookie|credentials?|private_key)"
    r"(?:$|[_\-.])",
    re.IGNORECASE,
)
_USER_INFO = re.compile(r"(?<=://)[^/\s@'\"]+@")
_PARAMETERS = re.compile(
    r"(?i)([?&;](?:password|passwd|secret|token|access_token|api_?key|key|sig|signature)=)[^&\s'\"#]+"
)
_BEARER = re.compile(r"(?i)\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}")
_SHORTEST_VALUE = 4
"""Shorter values would blank out ordinary words."""
_DEEPEST = 8


class Redactor:
    """Replaces what must not be printed. ``learn`` takes secrets that were revealed."""

    def __init__(self) -> None:
        """Start without known values."""
        self._values: tuple[str, ...] = ()

    def learn(self, *secrets: str) -> None:
        """Hide these values wherever they occur from now on; longest first, so that none is cut in two."""
        known = {secret for secret in secrets if len(secret) >= _SHORTEST_VALUE}
        self._values = tuple(sorted(known.union(self._values), key=lambda s: (-len(s), s)))

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        for value in self._values:
            text = text.replace(value, HIDDEN)
        if "://" in text:
            text = _USER_INFO.sub(f"{HIDDEN}@", text)
            text = _PARAMETERS.sub(rf"\g<1>{HIDDEN}", text)
        return _BEARER.sub(rf"\g<1>{HIDDEN}", text)

    def value(self, value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - anything may be logged
        """Return any value without secrets in it."""
        if value is None or isinstance(value, (int, float)):
            return value
        if isinstance(value, SecretRef) or hasattr(value, "get_secret_value"):
            return HIDDEN
        if depth >= _DEEPEST:
            return "…"
        if isinstance(value, Mapping):
            return {
                str(key): HIDDEN if _NAMES.search(str(key)) else self.value(item, depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.value(item, depth + 1) for item in value]
        return self.text(str(value))

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Redact one event; a structlog processor."""
        for key in list(event):
            # structlog and the standard library pass their own objects under names with an underscore.
            if key.startswith("_") or key == "exc_info":
                continue
            event[key] = HIDDEN if _NAMES.search(key) else self.value(event[key])
        return event
