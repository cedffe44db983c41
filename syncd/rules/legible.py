"""Texts as they may be shown: what is taken out of them, and what is only reported.

Why: feeds carry characters nobody sees – control characters that break databases and terminals, marks that
turn the reading direction and can make a link look like another one, soft hyphens that split words. They go
before anything is stored, and each removal is a finding. What can be seen stays as the source wrote it, also
in its Unicode form; only comparisons use one form (:func:`comparable`). Must not know records or sources.
"""

from __future__ import annotations

import re
import unicodedata

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SEEN = frozenset("\u200c\u200d")
"""Joiners: without them words of some scripts, and some emoji, fall apart."""
_UNSEEN = frozenset({"Cc", "Cf"})
# UTF-8 read as Latin-1 or Windows-1252: a lead byte as letter, followed by what continuation bytes look like.
_MOJIBAKE = re.compile(
    "[\u00c2\u00c3][\u0080-\u00bf\u20ac\u2018-\u2022\u2013\u2014\u0153\u0178\u0161\u017e\u2122\u02dc]"
    "|\u00e2[\u0080\u20ac]|\u00ef\u00bb\u00bf|\ufffd"
)


def tidy(text: str | None) -> tuple[str, bool]:
    """Return the text with white space folded and without what nobody can see, and whether any was there.

    White space of every kind becomes one blank; that is no finding. Half surrogate pairs stay: they are no
    text, and the record is refused for them.
    """
    if not text:
        return "", False
    if text.isascii() and text.isprintable():
        return " ".join(text.split()), False
    folded = " ".join(text.split())
    if folded.isprintable():
        return folded, False
    kept = "".join(c for c in folded if c in _SEEN or unicodedata.category(c) not in _UNSEEN)
    return " ".join(kept.split()), kept != folded


def turns_direction(text: str) -> bool:
    """Tell whether a text holds marks that change the reading direction."""
    return _BIDI.search(text) is not None


def looks_misread(text: str) -> bool:
    """Tell whether a text looks like UTF-8 that somebody has read as Latin-1 (``MÃ¼nchen``)."""
    return not text.isascii() and _MOJIBAKE.search(text) is not None


def comparable(text: str) -> str:
    """Return the one form in which two texts are compared: composed, without case and surplus blanks."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
