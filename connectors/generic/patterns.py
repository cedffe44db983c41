"""Regular expressions a profile may use, limited so that no text can make them slow.

Why: the engine of the standard library tries alternatives one after the other; a pattern with a repetition
inside a repetition takes longer than the universe on forty characters of somebody else's data. So patterns
are restricted to a form whose time is bounded, and the texts they see have a limit. Must not know profiles.
"""

from __future__ import annotations

import re
from functools import lru_cache

PATTERN_LIMIT = 200
TEXT_LIMIT = 500
"""Characters of a text that is matched; a longer one is reported and not looked at."""
REPEAT_LIMIT = 2
"""Open repetitions of one pattern: time grows with the text to the power of that and one."""
SHORT_REPEAT = 20
"""A repetition {m,n} up to this n does not count as open."""
GROUP_LIMIT = 10

_QUANTIFIER = re.compile(r"(?:[*+?]|\{(\d*)(,?)(\d*)\})", re.ASCII)
_FIX = (
    f"allowed: texts, classes, groups, |, ?, and at most {REPEAT_LIMIT} of * + {{m,n}} on single characters"
)


@lru_cache(maxsize=1_024)
def read_pattern(text: str) -> re.Pattern[str]:
    """Return a compiled pattern; raises ValueError for one whose time is not bounded."""
    if not text or len(text) > PATTERN_LIMIT:
        raise ValueError(f"a pattern has 1 to {PATTERN_LIMIT} characters")
    _check(text)
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the pattern {text!r} cannot be read: {error}") from error


def _check(text: str) -> None:
    position, repeats, groups = 0, 0, 0
    after_group = False
    while position < len(text):
        quantifier = _QUANTIFIER.match(text, position)
        if quantifier is not None and position and _is_quantifier(quantifier[0]):
            if after_group and quantifier[0] != "?":
                raise ValueError(f"the pattern {text!r} repeats a group; {_FIX}")
            repeats += _is_open(quantifier)
            position, after_group = quantifier.end(), False
            if position < len(text) and text[position] in "?+":
                position += 1
            continue
        after_group = False
        character = text[position]
        if character == "\\":
            _check_escape(text, position)
            position += 2
        elif character == "[":
            position = _end_of_class(text, position)
        elif character == "(":
            groups += 1
            if text.startswith("(?", position) and not text.startswith("(?:", position):
                raise ValueError(f"the pattern {text!r} has a special group; {_FIX}")
            position += 3 if text.startswith("(?:", position) else 1
        else:
            after_group = character == ")"
            position += 1
    if repeats > REPEAT_LIMIT or groups > GROUP_LIMIT:
        raise ValueError(
            f"the pattern {text!r} has {repeats} repetitions and {groups} groups; allowed are {REPEAT_LIMIT}"
            f" and {GROUP_LIMIT}"
        )


def _is_quantifier(text: str) -> bool:
    """Tell a quantifier from a brace that is only a character."""
    return not text.startswith("{") or any(character.isdigit() for character in text)


def _is_open(quantifier: re.Match[str]) -> bool:
    if quantifier[0] in {"*", "+"}:
        return True
    if quantifier[0] == "?":
        return False
    low, comma, high = quantifier[1], quantifier[2], quantifier[3]
    largest = high if comma else low
    return not largest or len(largest) > len(str(SHORT_REPEAT)) or int(largest) > SHORT_REPEAT


def _check_escape(text: str, position: int) -> None:
    following = text[position + 1 : position + 2]
    if not following or (following.isdigit() and following != "0"):
        raise ValueError(f"the pattern {text!r} refers back to a group or ends in a backslash; {_FIX}")


def _end_of_class(text: str, position: int) -> int:
    """Return the position behind ``[…]``; a ``]`` in first place belongs to the class."""
    at = position + 1
    if text.startswith("^", at):
        at += 1
    if text.startswith("]", at):
        at += 1
    while at < len(text) and text[at] != "]":
        at += 2 if text[at] == "\\" else 1
    if at >= len(text):
        raise ValueError(f"the pattern {text!r} has a class without its end")
    return at + 1
