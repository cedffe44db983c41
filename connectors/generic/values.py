"""From what a pointer finds to texts, and the steps a profile lets them take.

Why: portals write texts as objects, lists of one, numbers and booleans, and "nothing" in six ways. Steps are
data, bounded in time and length. Must not know records, documents or profiles' tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connectors.generic.patterns import TEXT_LIMIT, read_pattern
from syncd.sdk.text import exact_id, instant_or_none, plain_text, text_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Report = Callable[[str, str, str], None]
    """Takes the code of a finding, its sentence and the value."""

VALUES_LIMIT = 1_000
"""Values one rule may yield for one record."""
YES = frozenset({"ja", "yes", "true", "1", "x", "wahr", "y", "j", "oui"})
NO = frozenset({"nein", "no", "false", "0", "falsch", "n", "non", "nee"})

_GERMAN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ ,T]{1,3}(\d{2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[-T_]?(\d{2})(\d{2})(\d{2})?)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SECONDS = re.compile(r"-?\d{1,12}", re.ASCII)
_MILLISECONDS = re.compile(r"-?\d{1,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shape:
    """How values become texts: members that stand for their object, and whether booleans are words."""

    unwrap: tuple[str, ...] = ()
    booleans: bool = False
    exact: bool = False


def texts(values: Iterable[object], shape: Shape) -> list[str]:
    """Return the texts among values; lists are flattened, nothing is left out silently but nothings."""
    found: list[str] = []
    for value in values:
        for inner in value if isinstance(value, list) else [value]:
            text = text_of(inner, shape)
            if text is not None:
                found.append(text)
            if len(found) >= VALUES_LIMIT:
                return found
    return found


def text_of(value: object, shape: Shape) -> str | None:
    """Return one value as text; None for every kind of nothing and for what is no text."""
    for _ in range(3):
        if not isinstance(value, dict):
            break
        name = next((one for one in shape.unwrap if one in value), None)
        if name is None:
            return None
        value = value[name]
    if isinstance(value, bool):
        return ("true" if value else "false") if shape.booleans else None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return exact_id(value) if shape.exact else text_or_none(value)


def apply(steps: Sequence[Mapping[str, Any]], values: list[str], report: Report) -> list[str]:
    """Let values take the steps in order; a value that fits no step is dropped or reported as it says."""
    for step in steps:
        values = list(_limited(_one(step, values, report)))
    return values


def _limited(values: Iterator[str]) -> Iterator[str]:
    for number, value in enumerate(values):
        if number >= VALUES_LIMIT:
            return
        yield value


def _one(step: Mapping[str, Any], values: list[str], report: Report) -> Iterator[str]:  # noqa: C901, PLR0912 - a table
    for value in values:
        if (pattern := step.get("extract")) is not None:
            yield from _extracted(pattern, value, report)
        elif (pattern := step.get("split")) is not None:
            yield from _split(pattern, value, report)
        elif (replace := step.get("replace")) is not None:
            yield value.replace(replace["find"], replace["by"])
        elif (width := step.get("pad")) is not None:
            yield value.strip().rjust(width, "0")
        elif (text := step.get("prefix")) is not None:
            yield text + value
        elif (text := step.get("suffix")) is not None:
            yield value + text
        elif (case := step.get("case")) is not None:
            yield value.lower() if case == "lower" else value.upper()
        elif (table := step.get("table")) is not None:
            yield from _looked_up(_folded(table), step, value, report)
        elif step.get("words"):
            yield from _looked_up(_words(step), step, value, report)
        elif step.get("html"):
            yield from filter(None, [plain_text(value)])
        elif (forms := step.get("date")) is not None:
            yield from _dated(forms, step["zone"], value, report)
        elif (limit := step.get("limit")) is not None:
            yield value[:limit]


def _is_too_long(value: str, report: Report) -> bool:
    if len(value) <= TEXT_LIMIT:
        return False
    report(
        "value_too_long", f"The text has more than {TEXT_LIMIT} characters; no pattern is tried on it.", value
    )
    return True


def _extracted(pattern: str, value: str, report: Report) -> Iterator[str]:
    if _is_too_long(value, report):
        return
    match = read_pattern(pattern).search(value)
    if match is not None:
        found = next((group for group in match.groups() if group is not None), match[0])
        yield from filter(None, [text_or_none(found)])


def _split(pattern: str, value: str, report: Report) -> Iterator[str]:
    if _is_too_long(value, report):
        yield value
        return
    position = 0
    for match in read_pattern(pattern).finditer(value):
        if match.end() == match.start():
            continue
        yield from filter(None, [text_or_none(value[position : match.start()])])
        position = match.end()
    yield from filter(None, [text_or_none(value[position:])])


def _folded(table: Mapping[str, str]) -> dict[str, str]:
    return {name.strip().casefold(): text for name, text in table.items()}


def _words(step: Mapping[str, Any]) -> dict[str, str]:
    yes = YES | {word.strip().casefold() for word in step.get("yes", ())}
    no = NO | {word.strip().casefold() for word in step.get("no", ())}
    return {**dict.fromkeys(yes - no, "true"), **dict.fromkeys(no, "false")}


def _looked_up(
    table: Mapping[str, str], step: Mapping[str, Any], value: str, report: Report
) -> Iterator[str]:
    found = table.get(value.strip().casefold())
    if found is not None:
        yield from filter(None, [found])
        return
    otherwise = step.get("otherwise", "report")
    if otherwise == "keep":
        yield value
    elif otherwise == "report":
        report("unknown_code", "The value is not in the profile's table; it is not used.", value)


def _dated(forms: Sequence[str], zone: str, value: str, report: Report) -> Iterator[str]:
    for form in forms:
        found = _DATES[form](value.strip(), zone)
        if found is not None:
            yield found
            return
    report("bad_date", f"The text is no date in the forms {', '.join(forms)}; it is not used.", value)


def _iso(text: str, zone: str) -> str | None:
    if _DAY.fullmatch(text):
        return text if _day(text) else None
    moment = instant_or_none(text)
    if moment is None and len(text) <= TEXT_LIMIT and "T" in text.replace(" ", "T"):
        # A time without offset is local to the zone the profile names.
        moment = instant_or_none(f"{text}+00:00")
        return None if moment is None else _in_zone(moment.replace(tzinfo=None), zone)
    return moment.isoformat() if moment else None


def _day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _german(text: str, zone: str) -> str | None:
    match = _GERMAN.fullmatch(text)
    if match is None:
        return None
    day, month, year = match[1], match[2], match[3]
    return _moment((year, month, day, match[4], match[5], match[6]), zone)


def _compact(text: str, zone: str) -> str | None:
    match = _COMPACT.fullmatch(text)
    return None if match is None else _moment(match.groups(), zone)


def _moment(parts: Sequence[str | None], zone: str) -> str | None:
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    try:
        if parts[3] is None:
            return date(year, month, day).isoformat()
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone comes now
        return _in_zone(local, zone)
    except ValueError:
        return None


def _in_zone(local: datetime, zone: str) -> str | None:
    try:
        return local.replace(tzinfo=_zone(zone)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=32)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _unix(text: str, _zone: str, *, milliseconds: bool = False) -> str | None:
    if not (_MILLISECONDS if milliseconds else _SECONDS).fullmatch(text):
        return None
    try:
        return datetime.fromtimestamp(int(text) / (1_000 if milliseconds else 1), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _unix_ms(text: str, zone: str) -> str | None:
    return _unix(text, zone, milliseconds=True)


_DATES: dict[str, Callable[[str, str], str | None]] = {
    "iso": _iso,
    "german": _german,
    "compact": _compact,
    "unix": _unix,
    "unix_ms": _unix_ms,
}
