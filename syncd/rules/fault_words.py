"""What every stable code means and what to do about it, in German and English.

Why one table: an operator meets the same codes in the run list, the log, the API and on the command line, and
should read the same words everywhere. The message of an error says what happened this time; this table says
what kind of trouble that is. A test collects all codes of the tree and fails when one has no words.

Connectors of third parties bring codes of their own: for those there are no words, and readers fall back to
the message. This module must not know who raises a code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from syncd.rules.fault_words_english import ENGLISH
from syncd.rules.fault_words_german import GERMAN

_HTTP: Final = "http_"
_STORAGE: Final = "storage_"


@dataclass(frozen=True, slots=True)
class FaultWords:
    """Words of one code in one language: a title of a few words, one sentence each for cause and cure.

    ``fix`` is empty where nothing is wrong.
    """

    title: str
    cause: str
    fix: str


_WORDS: Final[dict[str, dict[str, FaultWords]]] = {
    "de": {code: FaultWords(*row) for code, row in GERMAN.items()},
    "en": {code: FaultWords(*row) for rows in ENGLISH.values() for code, row in rows.items()},
}

GROUPS: Final[dict[str, tuple[str, ...]]] = {group: tuple(rows) for group, rows in ENGLISH.items()}
"""Codes by the part of the product that they speak of, in the order of the reference page."""


def fault_words(code: str, language: str = "de") -> FaultWords | None:
    """Return the words of a code in ``de`` or ``en``, or None where there are none.

    Any other language is answered in English, the language of the messages.
    """
    words = _WORDS["de" if language == "de" else "en"]
    return words.get(code) or words.get(_family(code))


def _family(code: str) -> str:
    """Return the code that speaks for a whole family: statuses of portals, trouble with storage."""
    if code.startswith(_HTTP):
        return "http_5xx" if code.removeprefix(_HTTP).startswith("5") else "http_xxx"
    return "storage" if code.startswith(_STORAGE) else ""
