"""Folding of German area names for search: umlauts, case, punctuation and kind words.

For finding what a person typed, never for deciding that two areas are the same.
"""

from __future__ import annotations

import re
import unicodedata

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_KIND_WORDS = frozenset(
    {"stadt", "landeshauptstadt", "gemeinde", "markt", "kreisstadt", "universitaetsstadt", "hansestadt"}
)


def fold_name(name: str) -> str:
    """Return a name in lower case without umlauts and punctuation; appended kind words after a comma go."""
    # Composed first: a decomposed umlaut is a letter and a mark, which the translation would not see.
    head, _, tail = unicodedata.normalize("NFC", name).partition(",")
    folded = _plain(head)
    extra = [word for word in _plain(tail).split() if word not in _KIND_WORDS and not word.endswith("stadt")]
    return " ".join([folded, *extra]).strip()


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.casefold().translate(_UMLAUTS)).split())
