"""No secret survives in a URL that is shown."""

from __future__ import annotations

import pytest

from syncd.fetching.redaction import redact_url


@pytest.mark.fault("P6")
@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:hush@portal.example/a?x=1", "https://portal.example/a?x=1"),
        ("https://portal.example/a?api_key=hush&page=2", "https://portal.example/a?api_key=***&page=2"),
        ("https://portal.example/a?Token=hush#hush", "https://portal.example/a?Token=***"),
        ("https://portal.example/a?sig=hush&ars=06", "https://portal.example/a?sig=***&ars=06"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("http://host:notaport/hush", "<unreadable URL>"),
        ("http://[hush", "<unreadable URL>"),
    ],
)
def test_urls_are_redacted(url: str, shown: str) -> None:
    assert redact_url(url) == shown
