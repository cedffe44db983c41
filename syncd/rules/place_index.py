"""From the names portals write to areas of the register: only within a scope, and only what leaves no doubt.

Why: a name is no key. 298 names of municipalities occur more than once, a Landkreis and the town in its midst
share theirs, and one wrong link moves the services of one town to another. So a name links to an area only if
exactly one body of the source's own scope can be meant; whatever fits two is handed back with both.

The index is a text of lines, as small as the names themselves, and is read when the first name is asked for:
a parse worker of a source that writes codes never pays for it.

Must not know: codes and their spellings (:mod:`syncd.rules.areas`), files, sources.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncd.model.area import BUND_CODE, AreaKey, AreaLevel
from syncd.rules.names import plain
from syncd.rules.place_names import PlaceKind, PlaceName, hints_within, kreis_tail, parse_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from syncd.model.area import Area, AreaAlias

_ALIAS_MARK = "="
_FORMER_MARK = "~"
_MARKS = frozenset({_ALIAS_MARK, _FORMER_MARK})
_TOWN_TAIL = "0000000"
_UNINCORPORATED = "9"
_ALONE = frozenset({"0", _UNINCORPORATED})
"""Sixth digit of an ARS where the Verband is the municipality itself."""
_ALWAYS_SAID = frozenset({PlaceKind.VERBAND, PlaceKind.BEZIRK, PlaceKind.REGION})
_LONGEST_MEMORY = 20_000
_MOST_TABLES = 64
_KIND_OF_LEVEL = {
    AreaLevel.BUND: PlaceKind.BUND,
    AreaLevel.LAND: PlaceKind.LAND,
    AreaLevel.BEZIRK: PlaceKind.BEZIRK,
    AreaLevel.REGION: PlaceKind.REGION,
    AreaLevel.KREIS: PlaceKind.KREIS,
    AreaLevel.VERBAND: PlaceKind.VERBAND,
    AreaLevel.GEMEINDE: PlaceKind.MUNICIPALITY,
}


@dataclass(frozen=True, slots=True)
class PlaceMatch:
    """The one area a name means; ``name`` is the register's. ``by_alias``: the operator decided so."""

    area: AreaKey
    name: str
    by_alias: bool = False


@dataclass(frozen=True, slots=True)
class SeveralPlaces:
    """The areas a name could mean, as (area, register name), sorted by code."""

    candidates: tuple[tuple[AreaKey, str], ...]


@dataclass(frozen=True, slots=True)
class _Body:
    code: str
    name: str
    said: PlaceName
    kinds: frozenset[PlaceKind]
    context: frozenset[str]
    """Words of its Kreis and its Land."""


@dataclass(slots=True)
class _Table:
    """The bodies of one scope by the spellings of their names."""

    open: dict[str, list[_Body]] = field(default_factory=lambda: defaultdict(list))
    """By name; no word of kind is needed."""
    named: dict[str, list[_Body]] = field(default_factory=lambda: defaultdict(list))
    """By name, where the kind has to be said."""
    aliases: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    names: dict[str, str] = field(default_factory=dict)
    """Code → name in the register."""
    city_states: dict[str, str] = field(default_factory=dict)
    """Land → its only town."""
    answers: dict[tuple[str, AreaLevel | None], PlaceMatch | SeveralPlaces | None] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class PlaceIndex:
    """Names of the effective register, former names and the operator's aliases.

    ``text`` has one line per name, sorted: code, tab, name. An alias begins with ``=``, a former name with
    ``~``. Answers are remembered per scope; they never change, because the text does not.
    """

    text: str = ""
    _tables: dict[tuple[str, ...], _Table] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    @classmethod
    def from_areas(
        cls,
        areas: Iterable[Area],
        former: Iterable[tuple[str, AreaKey]] = (),
        aliases: Iterable[AreaAlias] = (),
    ) -> PlaceIndex:
        """Build the index; equal content in any order gives an equal index.

        ``former`` are names of areas that ended, with the area that speaks for them now. Of a body that is in
        the register on several levels (a kreisfreie Stadt, a municipality without Verband) the deepest entry
        counts, as for codes.
        """
        listed = {area.key.code: area.name for area in areas}
        lines = {f"{code}\t{_line(name)}" for code, name in listed.items() if not _is_double(code, listed)}
        lines |= {
            f"{_FORMER_MARK}{key.code}\t{_line(name)}"
            for name, key in former
            if not _is_double(key.code, listed)
        }
        lines |= {f"{_ALIAS_MARK}{alias.code}\t{_line(alias.name)}" for alias in aliases}
        return cls("\n".join(sorted(lines)))

    def resolve(
        self, name: str, within: Sequence[AreaKey], *, level: AreaLevel | None = None
    ) -> PlaceMatch | SeveralPlaces | None:
        """Return the area of ``within`` that a name means, the several it could mean, or None.

        ``level`` says which level is meant where the text does not ("Kassel" in a list of towns). An alias of
        the operator comes first. A hint ("a. d. Lahn", "Kreis Gießen", "Hessen") excludes every area whose
        own name, Kreis or Land does not have it.
        """
        if not self.text or not any(c.isalpha() for c in name):
            return None
        table = self._table(tuple(sorted({area.code for area in within})))
        asked = (name, level)
        try:
            return table.answers[asked]
        except KeyError:
            answer = _resolve(table, name, level)
        if len(table.answers) >= _LONGEST_MEMORY:
            table.answers.clear()
        table.answers[asked] = answer
        return answer

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield (code, name) of the bodies of the register, sorted by code."""
        for mark, code, name in _lines(self.text):
            if not mark:
                yield code, name

    def _table(self, within: tuple[str, ...]) -> _Table:
        if (table := self._tables.get(within)) is None:
            table = _build(self.text, within)
            if len(self._tables) >= _MOST_TABLES:
                self._tables.clear()
            self._tables[within] = table
        return table


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (mark, code, name) of each line."""
    for line in filter(None, text.split("\n")):
        code, _, name = line.partition("\t")
        mark = code[0] if code[0] in _MARKS else ""
        yield mark, code.removeprefix(mark), name


def _line(name: str) -> str:
    return " ".join(name.split())


def _is_double(code: str, listed: dict[str, str]) -> bool:
    """Tell whether a deeper entry of the register is the same body."""
    if len(code) == AreaLevel.KREIS:
        return code + _TOWN_TAIL in listed
    return len(code) == AreaLevel.VERBAND and code[5] in _ALONE


# --- building ---------------------------------------------------------------------------------------------


def _build(text: str, within: tuple[str, ...]) -> _Table:
    table = _Table()
    everywhere = BUND_CODE in within
    containers: dict[str, PlaceName | None] = {}
    inside: list[tuple[str, str, str]] = []
    towns: dict[str, set[str]] = defaultdict(set)
    for mark, code, name in _lines(text):
        if not mark:
            if len(code) == AreaLevel.GEMEINDE:
                towns[code[:2]].add(code)
            elif len(code) in {AreaLevel.LAND, AreaLevel.KREIS}:
                containers[code] = parse_place(name)
        if everywhere or code.startswith(within):
            inside.append((mark, code, name))
            if mark == _ALIAS_MARK:
                table.aliases[plain(name)].add(code)
    table.city_states = {land: codes.copy().pop() for land, codes in towns.items() if len(codes) == 1}
    table.names = {code: name for mark, code, name in inside if not mark}
    contexts: dict[str, frozenset[str]] = {}
    for mark, code, name in inside:
        said = parse_place(name)
        # An alias that needs its hint to be clear holds as it is written only.
        if said is None or (mark == _ALIAS_MARK and said.hints):
            continue
        home = code[:5]
        if home not in contexts:
            contexts[home] = _context(containers.get(home), containers.get(code[:2]))
        _enter(table, _Body(code, name, said, _kinds_of(code, said), contexts[home]))
    return table


def _context(kreis: PlaceName | None, land: PlaceName | None) -> frozenset[str]:
    words: set[str] = set()
    for place in (kreis, land):
        if place is not None:
            words |= {place.core, place.bare, place.without_kreis} | place.hints
    return frozenset(words - {""})


def _enter(table: _Table, body: _Body) -> None:
    said, level = body.said, len(body.code)
    if level == AreaLevel.GEMEINDE:
        spellings = {said.core, said.joined}
        home = table.named if body.code[5] == _UNINCORPORATED else table.open
        for spelling in spellings:
            home[spelling].append(body)
        return
    # What the register itself calls Verwaltungsgemeinschaft or Regierungsbezirk is never meant without it.
    needs_kind = level != AreaLevel.KREIS and said.kind in _ALWAYS_SAID
    named = {said.core, said.bare, said.joined}
    if level == AreaLevel.KREIS:
        named |= {said.without_kreis, kreis_tail(body.name)}
    for spelling in named - {""}:
        table.named[spelling].append(body)
    if not needs_kind:
        for spelling in {said.core, said.joined}:
            table.open[spelling].append(body)


# --- resolving ----------------------------------------------------------------------------------------------


def _resolve(table: _Table, name: str, level: AreaLevel | None) -> PlaceMatch | SeveralPlaces | None:
    if known := table.aliases.get(plain(name)):
        codes = {code for code in known if level is None or AreaKey(code).level is level}
        if codes:
            return _answer(table, codes, by_alias=True)
    said = parse_place(name)
    if said is None:
        return None
    found = _fitting(table, said, level)
    # An area that carries the hint in its own name is meant before one that lies where the hint points.
    own = [body for body in found if said.hints and hints_within(said.hints, body.said.hints)]
    codes = {body.code for body in own or found}
    for land, town in table.city_states.items():
        if land in codes and town in codes:
            codes.discard(land)
    return _answer(table, codes)


def _answer(
    table: _Table, codes: Iterable[str], *, by_alias: bool = False
) -> PlaceMatch | SeveralPlaces | None:
    known = [(AreaKey(code), table.names.get(code, code)) for code in sorted(codes)]
    if len(known) > 1:
        return SeveralPlaces(tuple(known))
    return PlaceMatch(*known[0], by_alias=by_alias) if known else None


def _fitting(table: _Table, said: PlaceName, level: AreaLevel | None) -> list[_Body]:
    kind = said.kind
    found = [body for body in table.open.get(said.core, ()) if _is(body, said.title)]
    if said.bare != said.core or kind is not None:
        for spelling in {said.bare, said.core, said.without_kreis}:
            found += [body for body in table.open.get(spelling, ()) if kind is not None and _is(body, kind)]
            found += [body for body in table.named.get(spelling, ()) if kind is not None and _is(body, kind)]
    if level is not None:
        found += [b for b in table.named.get(said.bare, ()) if kind is None and _is(b, _KIND_OF_LEVEL[level])]
        found = [body for body in found if AreaKey(body.code).level is level]
    return [body for body in found if hints_within(said.hints, body.said.hints | body.context)]


def _is(body: _Body, kind: PlaceKind | None) -> bool:
    return kind is None or kind in body.kinds


def _kinds_of(code: str, said: PlaceName) -> frozenset[PlaceKind]:
    """Return what a body may be called."""
    level = AreaKey(code).level
    if level is not AreaLevel.GEMEINDE:
        kinds = {_KIND_OF_LEVEL[level]}
        if said.kind is PlaceKind.REGION:
            kinds.add(PlaceKind.REGION)
        return frozenset(kinds)
    if code[5] == _UNINCORPORATED:
        return frozenset({PlaceKind.UNINCORPORATED})
    kinds = {PlaceKind.MUNICIPALITY}
    if said.title is PlaceKind.MARKET:
        kinds.add(PlaceKind.MARKET)
    if code.endswith(_TOWN_TAIL):
        kinds |= {PlaceKind.KREISFREI, PlaceKind.TOWN}
    elif said.title in {PlaceKind.TOWN, PlaceKind.KREISFREI}:
        kinds.add(PlaceKind.TOWN)
    return frozenset(kinds)
