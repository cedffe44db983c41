"""Folding of German area names: case, umlauts in both spellings, other marks, punctuation and titles.

:func:`fold_name` is for finding what a person typed, never for deciding that two areas are the same; what a
name means in the administration is read in :mod:`syncd.rules.place_names`, on the same folding.
"""

from __future__ import annotations

import re
import unicodedata

_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ł": "l", "ø": "o", "đ": "d"})
_NO_WORD = re.compile(r"[^a-z0-9]+")
_TITLE_ENDS = ("stadt", "gemeinde", "flecken", "markt")
_TITLE_WORDS = frozenset({"und", "st", "gkst", "m"})
"""The register writes Stadt, Große Kreisstadt and Markt like this in Bavaria."""


def fold_name(name: str) -> str:
    """Return a name in lower case without umlauts and punctuation; titles after a comma go."""
    head, _, tail = name.partition(",")
    extra = [word for word in plain(tail).split() if not is_title(word)]
    return " ".join([plain(head), *extra]).strip()


def is_called(name: str, wanted: str) -> bool:
    """Tell whether a person who typed the folded text ``wanted`` may mean the area of that name.

    What follows a comma may be left out even where it is no title ("Kassel, documenta-Stadt"): else
    "Kassel" would be the Landkreis without a word.
    """
    return wanted in {fold_name(name), plain(name.partition(",")[0])}


def is_title(word: str) -> bool:
    """Tell whether a folded word after the comma of a register name is a title and no part of the name."""
    return word.endswith(_TITLE_ENDS) or word in _TITLE_WORDS


def plain(text: str) -> str:
    """Return the words of a text, folded and separated by one blank."""
    return " ".join(_NO_WORD.sub(" ", fold_letters(text)).split())


def fold_letters(text: str) -> str:
    """Return a text in lower case and plain letters, punctuation kept: ``ü`` and ``ue`` become the same."""
    # Composed first: a decomposed umlaut is a letter and a mark, which the translation would not see.
    folded = unicodedata.normalize("NFC", text).casefold().translate(_LETTERS)
    if folded.isascii():
        return folded
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
