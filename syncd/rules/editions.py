"""Editions of the area register: what changed between two, and who took over from whom.

Why: municipalities merge, move to another Kreis or get a new key, and claims, decisions and history are filed
under the old one. Nothing may move without a named or evident successor, and nothing may be lost when an area
ends. Successions come from a table the operator keeps; only what leaves no doubt is added by itself.

Must not know: where editions are stored, how the official file is laid out, today's date.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from syncd.errors import ConfigError
from syncd.model.area import BUND_CODE, Area, AreaKey, AreaKind, AreaLevel, Succession
from syncd.rules.areas import ags_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from syncd.rules.gv100ad import Edition

LONGEST_NAME = 50
"""The register cuts names here."""
_MOST_CANDIDATES = 5
_CONTAINER_LENGTHS = (9, 5, 4, 3, 2)
_TOWN_TAIL = "0000000"
_UNINCORPORATED_MARK = "9"
"""Sixth digit of the ARS of an unincorporated area."""


def with_sums(areas: Iterable[Area]) -> tuple[Area, ...]:
    """Return the areas sorted by code, those above the municipality with the sum of their inhabitants."""
    listed = sorted(areas, key=lambda area: area.key.code)
    sums: dict[str, int] = {}
    for area in listed:
        code = area.key.code
        if len(code) == AreaLevel.GEMEINDE:
            for container in (*(code[:n] for n in _CONTAINER_LENGTHS), BUND_CODE):
                sums[container] = sums.get(container, 0) + area.population
    return tuple(
        area
        if len(area.key.code) == AreaLevel.GEMEINDE
        else _with_population(area, sums.get(area.key.code, 0))
        for area in listed
    )


def _with_population(area: Area, population: int) -> Area:
    return area if area.population == population else replace(area, population=population)


# --- successions ------------------------------------------------------------------------------------------


def check_successions(successions: Iterable[Succession]) -> tuple[Succession, ...]:
    """Return the table sorted by day and code; raises ConfigError for lines that contradict each other."""
    table = sorted(set(successions), key=lambda s: (s.on, s.from_code, s.to_code, s.reason))
    seen: dict[str, Succession] = {}
    for entry in table:
        problem = _problem(entry)
        if (other := seen.get(entry.from_code)) is not None:
            problem = f"{entry.from_code} already ends on {other.on} in favour of {other.to_code}"
        if problem:
            raise ConfigError(problem, where=f"succession from {entry.from_code} to {entry.to_code}")
        seen[entry.from_code] = entry
    return tuple(table)


def _problem(entry: Succession) -> str:
    try:
        ended, successor = AreaKey(entry.from_code), AreaKey(entry.to_code)
    except ValueError as error:
        return f"{error}; expected 2, 3, 4, 5, 9 or 12 digits"
    if ended == successor:
        return "an area cannot succeed itself"
    if ended.level is not successor.level:
        return f"a {ended.level.name.title()} cannot be succeeded by a {successor.level.name.title()}"
    return ""


def map_codes(successions: Iterable[Succession], on: date) -> dict[str, str]:
    """Return for every code that has ended by the day the code that speaks for it then.

    Chains are followed forwards in time only, so an area that went and came back is not lost. Where the
    lines of one day lead into a circle, nobody moves on that day.
    """
    steps = {s.from_code: s for s in check_successions(successions) if s.on <= on}
    return {code: _last(code, steps) for code in steps}


def map_code(code: str, successions: Iterable[Succession], on: date) -> str:
    """Return the code that speaks for ``code`` on a day; for many codes use :func:`map_codes`."""
    return map_codes(successions, on).get(code, code)


def _chain(code: str, steps: Mapping[str, Succession]) -> tuple[str, ...]:
    """Return the codes that follow on ``code`` in order, up to the first day that leads into a circle."""
    chain: list[str] = []
    at, since = code, date.min
    while (step := steps.get(at)) is not None and step.on >= since:
        of_day: list[str] = []
        since = step.on
        while step is not None and step.on == since:
            if step.to_code in of_day or step.to_code == at:
                return tuple(chain)
            of_day.append(step.to_code)
            step = steps.get(step.to_code)
        chain += of_day
        at = chain[-1]
    return tuple(chain)


def _last(code: str, steps: Mapping[str, Succession]) -> str:
    return (code, *_chain(code, steps))[-1]


# --- the register in force on a day -------------------------------------------------------------------------


def effective_areas(areas: Iterable[Area], successions: Iterable[Succession], on: date) -> tuple[Area, ...]:
    """Return the register in force on a day: an edition with the later successions applied.

    A municipality whose successor is in the register merges into it and hands over its inhabitants (an
    edition that lists the ended one is older than the change). Otherwise it takes the new key, and Kreis and
    Verband of that key are made if they are missing; names of merged newcomers come from the most populous.
    Kreise and Verbände without municipalities end. Successions of other levels only name what is made.
    """
    table = [s for s in check_successions(successions) if s.on <= on]
    register = {area.key.code: area for area in areas}
    templates = {s.to_code: register[s.from_code] for s in reversed(table) if s.from_code in register}
    municipal = [s for s in table if len(s.from_code) == AreaLevel.GEMEINDE]
    for day, entries in groupby(municipal, key=lambda s: s.on):
        steps = {s.from_code: s for s in entries}
        targets = {code: _last(code, steps) for code in steps if code in register}
        movers = [register.pop(code) for code, target in targets.items() if target != code]
        for area in sorted(movers, key=lambda a: (-a.population, a.key.code)):
            code = targets[area.key.code]
            _arrive(register, area, code, day)
            _make_containers(register, templates, code, day)
        _drop_empty(register, [area.key.code for area in movers])
    return with_sums(register.values())


def _arrive(register: dict[str, Area], area: Area, code: str, day: date) -> None:
    present = register.get(code)
    if present is not None:
        register[code] = replace(present, population=present.population + area.population)
        return
    if code.endswith(_TOWN_TAIL):
        kind = AreaKind.KREISFREIE_STADT
    elif code[5] == _UNINCORPORATED_MARK:
        kind = AreaKind.GEMEINDEFREI
    else:
        kind = AreaKind.GEMEINDE
    register[code] = replace(area, key=AreaKey(code), ags=ags_of(code), kind=kind, valid_from=day)


def _make_containers(register: dict[str, Area], templates: Mapping[str, Area], code: str, day: date) -> None:
    """Make Kreis and Verband of a municipality that took a new key, where the edition does not have them."""
    if code[:2] not in register:
        message = f"{code} lies in Land {code[:2]}, which the register does not have"
        raise ConfigError(message, where=f"succession to {code}")
    for level, title in ((AreaLevel.KREIS, "Kreis"), (AreaLevel.VERBAND, "Verband")):
        key = AreaKey(code[:level])
        if key.code in register:
            continue
        is_town = code.endswith(_TOWN_TAIL)
        stands_alone = is_town or (level is AreaLevel.VERBAND and code[5:9] == f"0{code[9:]}")
        if template := templates.get(key.code):
            register[key.code] = replace(template, key=key, valid_from=day)
        elif stands_alone:
            kind = AreaKind.KREISFREIE_STADT if level is AreaLevel.KREIS else AreaKind.VERBAND
            register[key.code] = Area(key, register[code].name, kind, 0, valid_from=day)
        else:
            # The next edition brings the official name; until then the key says which one is meant.
            kind = AreaKind.LANDKREIS if level is AreaLevel.KREIS else AreaKind.VERBAND
            register[key.code] = Area(key, f"{title} {key.code}", kind, 0, valid_from=day)


def _drop_empty(register: dict[str, Area], left: Sequence[str]) -> None:
    """End the Kreise and Verbände whose last municipality has left."""
    suspects = {code[:level] for code in left for level in (AreaLevel.KREIS, AreaLevel.VERBAND)}
    alive = {code[:n] for code in register if len(code) == AreaLevel.GEMEINDE for n in (5, 9)}
    for code in suspects - alive:
        register.pop(code, None)


# --- two editions -------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True, slots=True)
class Renamed:
    """One area under the same key with another name."""

    code: str
    old_name: str
    new_name: str


@dataclass(frozen=True, order=True, slots=True)
class Ended:
    """One area that the new edition no longer has; ``successor`` is None while nobody is known.

    ``candidates`` are codes of the new edition that might be meant, for the operator to choose from.
    """

    code: str
    name: str
    successor: str | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EditionDiff:
    """What a new edition changes.

    Every code of the old edition is alive in the new one, or in exactly one of ``dissolved`` (the table of
    successions names a successor that is alive), ``rekeyed`` (evident) and ``unresolved``.
    """

    dissolved: tuple[Ended, ...]
    new: tuple[str, ...]
    renamed: tuple[Renamed, ...]
    rekeyed: tuple[Ended, ...]
    unresolved: tuple[Ended, ...]
    population_changes_count: int
    """How many municipalities in both editions have another number of inhabitants."""

    @property
    def moves(self) -> dict[str, str]:
        """Old code to new code for every area that ended with a known successor."""
        return {e.code: e.successor for e in (*self.dissolved, *self.rekeyed) if e.successor is not None}


def compare_editions(
    old: Iterable[Area], new: Iterable[Area], successions: Iterable[Succession]
) -> EditionDiff:
    """Compare two editions, all levels.

    Evident without a line in the table: a municipality that ended and a new one of the same full name in the
    same Land, if there is one of each; a Kreis, Verband or the like whose municipalities are exactly those of
    a new one. Everything else that ended needs a line, because a guess would move decisions to strangers.
    """
    before = {area.key.code: area for area in old}
    after = {area.key.code: area for area in new}
    steps = {s.from_code: s for s in check_successions(successions)}
    ended = sorted(before.keys() - after.keys())
    named = {code: heir for code in ended if (heir := _living_heir(code, steps, after))}
    open_codes = [code for code in ended if code not in named]
    created = sorted(after.keys() - before.keys())
    evident = _same_name(before, after, open_codes, [c for c in created if c not in named.values()])
    evident |= _same_members(before, after, named | evident, open_codes)
    both = sorted(before.keys() & after.keys())
    return EditionDiff(
        dissolved=tuple(Ended(c, before[c].name, named[c]) for c in ended if c in named),
        new=tuple(created),
        renamed=tuple(
            Renamed(c, before[c].name, after[c].name) for c in both if before[c].name != after[c].name
        ),
        rekeyed=tuple(Ended(c, before[c].name, evident[c]) for c in open_codes if c in evident),
        unresolved=tuple(
            Ended(c, before[c].name, candidates=_candidates(before[c], after))
            for c in open_codes
            if c not in evident
        ),
        population_changes_count=sum(
            len(c) == AreaLevel.GEMEINDE and before[c].population != after[c].population for c in both
        ),
    )


def _living_heir(code: str, steps: Mapping[str, Succession], after: Mapping[str, Area]) -> str | None:
    """Return the first successor that is alive: a table may already know changes after the edition."""
    return next((heir for heir in _chain(code, steps) if heir in after), None)


def _same_name(
    before: Mapping[str, Area], after: Mapping[str, Area], ended: Sequence[str], created: Sequence[str]
) -> dict[str, str]:
    """Pair municipalities of the same full name inside a Land, where each side has exactly one."""
    old_names = _by_land_and_name(before, ended)
    new_names = _by_land_and_name(after, created)
    return {
        codes[0]: new_names[key][0]
        for key, codes in old_names.items()
        if len(codes) == 1 and len(new_names.get(key, ())) == 1
    }


def _by_land_and_name(areas: Mapping[str, Area], codes: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for code in codes:
        area = areas[code]
        # A name that fills its field may be cut, and then it is not the full name.
        if len(code) == AreaLevel.GEMEINDE and len(area.name) < LONGEST_NAME:
            found.setdefault((code[:2], area.name), []).append(code)
    return found


def _same_members(
    before: Mapping[str, Area], after: Mapping[str, Area], moves: Mapping[str, str], ended: Sequence[str]
) -> dict[str, str]:
    """Pair ended Kreise, Verbände and the like with the one that has exactly their municipalities now."""
    containers = [code for code in ended if len(code) != AreaLevel.GEMEINDE]
    old_members = _members(before, {len(c) for c in containers})
    new_members = _members(after, {len(c) for c in containers})
    pairs: dict[str, str] = {}
    for code in containers:
        heirs = frozenset(moves.get(member, member) for member in old_members.get(code, ()))
        homes = {heir[: len(code)] for heir in heirs}
        home = homes.pop() if len(homes) == 1 else ""
        if home in after and new_members.get(home) == heirs:
            pairs[code] = home
    return pairs


def _members(areas: Mapping[str, Area], lengths: Iterable[int]) -> dict[str, frozenset[str]]:
    members: dict[str, set[str]] = {}
    for length in lengths:
        for code in areas:
            if len(code) == AreaLevel.GEMEINDE:
                members.setdefault(code[:length], set()).add(code)
    return {code: frozenset(found) for code, found in members.items()}


def _candidates(area: Area, after: Mapping[str, Area]) -> tuple[str, ...]:
    """Return living areas of the same level and Land that share the name or its first word."""
    code, word = area.key.code, _first_word(area.name)
    return tuple(
        c
        for c in sorted(after)
        if len(c) == len(code) and c[:2] == code[:2] and _first_word(after[c].name) == word
    )[:_MOST_CANDIDATES]


def _first_word(name: str) -> str:
    return name.replace(",", " ").replace("-", " ").split()[0].casefold() if name.strip() else ""


# --- importing an edition -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What importing an edition would do, or why it must not be done yet.

    ``successions`` are the evident ones of this import, dated with its Gebietsstand, to be kept beside the
    table. ``toml`` holds the lines the operator has to complete when the plan is refused.
    """

    stated_on: date
    diff: EditionDiff
    successions: tuple[Succession, ...]
    toml: str = ""

    @property
    def is_refused(self) -> bool:
        """True while an area ends without a successor."""
        return bool(self.diff.unresolved)

    @property
    def moves(self) -> dict[str, str]:
        """Old code to new code, for carrying over claims, decisions and history; empty when refused."""
        return {} if self.is_refused else self.diff.moves


def plan_import(old: Iterable[Area], new: Edition, successions: Iterable[Succession]) -> ImportPlan:
    """Plan the import of an edition over the register that was imported before it."""
    diff = compare_editions(old, new.areas, successions)
    evident = tuple(
        Succession(e.code, e.successor, new.stated_on, "evident: same name or same municipalities")
        for e in diff.rekeyed
        if e.successor is not None
    )
    return ImportPlan(new.stated_on, diff, evident, succession_lines(diff.unresolved, new.stated_on))


def succession_lines(ended: Sequence[Ended], on: date) -> str:
    """Return TOML for ``successions.toml``, a block per area; the operator fills the empty ``to``."""
    blocks = []
    for area in ended:
        hint = f"  # candidates: {', '.join(area.candidates)}" if area.candidates else ""
        blocks.append(
            f'[[succession]]\nfrom = "{area.code}"  # {_one_line(area.name)}\nto = ""{hint}\n'
            f'on = {on.isoformat()}  # the day of the change, at the latest the Gebietsstand\nreason = ""\n'
        )
    return "\n".join(blocks)


def _one_line(name: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())
