"""What a web page shows at first sight: title, heading, and what there is to fill in.

The library's tolerant HTML parser, on a bounded number of bytes, without scripts, styles or links. Must not
know what the facts mean.
"""

from __future__ import annotations

import re
from contextlib import suppress
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from typing_extensions import override

from syncd.model.probe import PageFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEXT_LIMIT = 300
_HIDDEN_INPUTS = frozenset({"hidden", "submit", "button", "image", "reset"})
_SEARCH_NAMES = re.compile(r"^(q|s|query|search|suche|suchbegriff|searchterm|searchword|tx_\w*q)$")
_REFRESH = re.compile(r"^\s*\d*\s*[;,]\s*url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)
_SILENT = frozenset({"script", "style", "noscript", "template"})


def page_facts(body: bytes, charset: str | None, *, cut: bool) -> PageFacts:
    """Return what the first bytes of a page show; nothing in them can make this fail."""
    reader = _Reader()
    try:
        text = body.decode(charset or "utf-8", "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    with suppress(AssertionError):
        # The library's way to say that a declaration is too broken; what came before it stands.
        reader.feed(text)
    return PageFacts(
        title=reader.text("title"),
        heading=reader.text("h1"),
        fields=reader.fields,
        search_fields=reader.searches,
        password_fields=reader.passwords,
        file_fields=reader.files,
        refresh=reader.refresh,
        words=reader.words,
        cut=cut,
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._texts: dict[str, list[str]] = {"title": [], "h1": []}
        self._open = ""
        self._silent = 0
        self.fields = self.searches = self.passwords = self.files = self.words = 0
        self.refresh = ""

    def text(self, name: str) -> str:
        """Return the text of the first element of that name, in lower case and without line breaks."""
        return " ".join("".join(self._texts[name]).split())[:_TEXT_LIMIT].lower()

    @override
    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in self._texts and not self._texts[tag]:
            self._open = tag
        elif tag in {"input", "select", "textarea"}:
            self._count(tag, {name: value or "" for name, value in attrs})
        elif tag == "meta" and not self.refresh:
            named = {name: value or "" for name, value in attrs}
            if named.get("http-equiv", "").lower() == "refresh" and (
                match := _REFRESH.match(named.get("content", ""))
            ):
                self.refresh = match[1].strip()

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        if tag == self._open:
            self._open = ""

    @override
    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._open:
            self._texts[self._open].append(data)
        self.words += len(data.split())

    def _count(self, tag: str, named: dict[str, str]) -> None:
        kind = named.get("type", "text").lower() if tag == "input" else tag
        if kind in _HIDDEN_INPUTS:
            return
        if kind == "search" or _SEARCH_NAMES.match(named.get("name", "").lower()):
            self.searches += 1
        elif kind == "password":
            self.passwords += 1
        else:
            self.fields += 1
            self.files += kind == "file"
