"""What the name of an authority says: which body it is, which place it serves, which office inside it.

Why: "Magistrat der Stadt Kassel", "Stadt Kassel – Bürgerbüro" and "documenta-Stadt Kassel" are one body, and
"Landkreis Kassel" is another. Two sources that spell a body differently, or name an office of it, do not
contradict each other; two that name different bodies do. A name that is not understood equals only itself.

Source of the rules: what the municipal codes of the Länder call the bodies: Magistrat, Gemeindevorstand and
Kreisausschuss in Hessen, Landratsamt in the south and east, Kreisverwaltung, Bezirksregierung, Regierung.
Must not know: who is competent for what, records, sources.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from syncd.rules.names import fold_letters, plain
from syncd.rules.place_names import PlaceKind, hints_within, kreis_tail, parse_place


class BodyKind(StrEnum):
    """What kind of body a name says it is."""

    MUNICIPALITY = "municipality"
    KREIS = "kreis"
    VERBAND = "verband"
    DISTRICT = "district"
    """A Bezirk of Berlin or Hamburg; the register of areas does not have it."""
    BEZIRK = "bezirk"
    LAND = "land"
    BUND = "bund"
    OTHER = "other"
    """A body of its own that is no territorial authority, such as a Finanzamt, a chamber or a Bundesamt."""
    UNSAID = "unsaid"


@dataclass(frozen=True, slots=True)
class AuthorityName:
    """A name taken apart, folded. ``place`` and ``office`` are "" where the name has none."""

    body: BodyKind
    place: str
    office: str


_OF = r"(?:\s+(?:der|des|von|vom|fuer\s+d(?:en|ie|as))\b)?\s*"
_WORDS_OF_BODIES = {
    BodyKind.MUNICIPALITY: r"magistrat(?:s|es)?|gemeindevorstand|stadtvorstand|stadtverwaltung|stadtrat"
    r"|gemeindeverwaltung|marktverwaltung|verwaltung|gemeinderat|rathaus"
    r"|(?:ober)?buergermeister(?:in|/in|/-in|\(in\))?",
    BodyKind.KREIS: r"kreisausschuss(?:es)?|landratsamt(?:s|es)?|landrat(?:s)?|landraetin|kreisverwaltung",
    BodyKind.VERBAND: r"(?:verbandsgemeinde|samtgemeinde|amts|verbands)verwaltung|amtsdirektor(?:in)?"
    r"|amtsausschuss",
    BodyKind.DISTRICT: r"bezirksamt(?:s|es)?|bezirksverwaltung",
    BodyKind.BEZIRK: r"regierungspraesidium|regierungspraesident(?:in)?|bezirksregierung|regierung",
}
_BODIES = {kind: re.compile(rf"(?:{words})\b{_OF}(?P<place>.*)") for kind, words in _WORDS_OF_BODIES.items()}
_KINDS_OF_PLACES = {
    PlaceKind.TOWN: BodyKind.MUNICIPALITY,
    PlaceKind.MARKET: BodyKind.MUNICIPALITY,
    PlaceKind.MUNICIPALITY: BodyKind.MUNICIPALITY,
    PlaceKind.KREISFREI: BodyKind.MUNICIPALITY,
    PlaceKind.KREIS: BodyKind.KREIS,
    PlaceKind.VERBAND: BodyKind.VERBAND,
    PlaceKind.BEZIRK: BodyKind.BEZIRK,
    PlaceKind.LAND: BodyKind.LAND,
    PlaceKind.BUND: BodyKind.BUND,
}
_OWN_BODIES = re.compile(
    r"bundes(?!republik|stadt|hauptstadt)|ministeri|\blandes(?!hauptstadt)|senat|staatlich|oberste "
    r"|finanzamt|zollamt|forstamt|(?:amts|land|landes|verwaltungs|arbeits|sozial|finanz)gericht"
    r"|staatsanwalt|notar|kammer\b|job-?center|agentur|universitaet(?!sstadt)|hochschule"
    r"|studierendenwerk|studentenwerk|krankenkasse|versicherung|polizei|\bbehoerde fuer|\bihk\b|\bhwk\b"
    r"|zweckverband|gmbh|\bag\b|e\. ?v\.|anstalt"
)
_UNNAMED = r"fachbereich|fachdienst|fachgebiet|abteilung|team|dezernat|sachgebiet|referat|stabsstelle|bereich"
_WORDS_BEFORE_NAMES = frozenset(_UNNAMED.split("|"))
"""Offices called after what they do, so that the word behind is no place."""
_OFFICE = re.compile(
    rf"(?:(?:amt|{_UNNAMED})\b"
    r"|[\w-]*(?:amt|buero|stelle|abteilung|dienst|service|behoerde|referat|center|zentrum|kasse|aufsicht)\b)"
)
_OFFICE_OF_PLACE = re.compile(r"(?P<office>\S+)\s+(?:(?:der|des|von|in|beim)\s+)?(?P<place>\S.*)")
_OFFICE_OF_BODY = re.compile(
    r"(?P<office>.+?)\s+(?P<body>(?:der|des|beim|bei der)\s+"
    r"(?:magistrat|gemeindevorstand|kreisausschuss|landratsamt|\S*stadt|gemeinde|marktgemeinde|landkreis|kreis"
    r"|verbandsgemeinde|samtgemeinde|\S*kreis)\S*(?:\s.*)?)$"
)
_ARTICLE = re.compile(r"^(?:der|die|das|des|dem|beim|bei)\s+")
_SEGMENTS = re.compile(
    r"\s+[-\u2013\u2014]\s*|[\u2013\u2014]|[,;|:]|\s*\((?=[^)]*(?:amt|buero|stelle|service)\))"
)
_NO_PLACE = re.compile(r"\(|(?:fuer|und|im|zur|zum|an|mit|\d)\b")
_OF_BERLIN = re.compile(r"\b(?:von |in )?(?:berlin|hamburg)[- ]?")
_LONGEST_NAME = 300
"""A longer text is a sentence, and no pattern here was made for it."""
_TERRITORIAL = frozenset(
    {BodyKind.MUNICIPALITY, BodyKind.KREIS, BodyKind.VERBAND, BodyKind.BEZIRK, BodyKind.UNSAID}
)
_KREIS_END = re.compile(r"kreis(?:es)?$")


@lru_cache(maxsize=8_192)
def parse_authority(name: str) -> AuthorityName:
    """Take the name of an authority apart.

    "Der Magistrat der Universitätsstadt Gießen – Bürgerbüro" is the body ``MUNICIPALITY``, the place
    ``universitaetsstadt giessen`` and the office ``buergerbuero``.
    """
    folded = " ".join(fold_letters(name).split())
    if len(folded) > _LONGEST_NAME:
        return AuthorityName(BodyKind.OTHER, plain(folded), "")
    segments = [part for part in (_bare(piece) for piece in _SEGMENTS.split(folded)) if part]
    read = [_segment(segment) for segment in segments]
    if any(one.body is BodyKind.OTHER for one in read):
        return AuthorityName(BodyKind.OTHER, plain(name), "")
    said = [one for one in read if one.body is not BodyKind.UNSAID]
    placed = [one for one in said if one.place] or said or [one for one in read if one.place]
    if not placed:
        return AuthorityName(BodyKind.UNSAID, "", plain(" ".join(one.office for one in read)))
    body = placed[0]
    place = body.place
    if not place and body.body in _TERRITORIAL:
        # "Hanau, Stadtverwaltung": the place stands beside the body.
        place = next((one.place for one in read if one.body is BodyKind.UNSAID and one.place), "")
    offices = [one.office or (one.place if one is not body and one.place != place else "") for one in read]
    return AuthorityName(body.body, place, plain(" ".join(offices)))


@lru_cache(maxsize=8_192)
def same_authority(one: str, other: str) -> bool:
    """Tell whether two names can be the same body: other spellings, or an office of it.

    Reflexive and symmetric, not transitive: "Bürgerbüro" fits every municipality, and these are different.
    An office without a body fits a body that names no other office.
    """
    if plain(one) == plain(other):
        return True
    first, second = parse_authority(one), parse_authority(other)
    kinds = {first.body, second.body}
    if BodyKind.OTHER in kinds or not _one_kind(kinds):
        return False
    if not (_names_body(first) and _names_body(second)):
        return _names_body(first) != _names_body(second) and _offices_agree(first, second)
    return not first.place or not second.place or _same_place(first, second)


def _bare(text: str) -> str:
    text = text.strip(" .-/")
    if text.count("(") < text.count(")"):
        text = text.rstrip(") ")
    return _ARTICLE.sub("", text)


def _segment(text: str) -> AuthorityName:
    for kind, pattern in _BODIES.items():
        if match := pattern.fullmatch(text):
            return _body(kind, _bare(match["place"]))
    if _OWN_BODIES.search(text):
        return AuthorityName(BodyKind.OTHER, text, "")
    if match := _OFFICE_OF_BODY.fullmatch(text):
        inner = _segment(_bare(match["body"]))
        return AuthorityName(inner.body, inner.place, match["office"])
    place = parse_place(text)
    if place is not None and place.kind is not None and not _NO_PLACE.match(_after_first(text)):
        return AuthorityName(_KINDS_OF_PLACES.get(place.kind, BodyKind.UNSAID), text, "")
    if _OFFICE.match(text):
        return _office(text)
    return AuthorityName(BodyKind.KREIS if _KREIS_END.search(text) else BodyKind.UNSAID, text, "")


def _body(kind: BodyKind, place: str) -> AuthorityName:
    if kind is BodyKind.DISTRICT:
        return AuthorityName(kind, plain(_OF_BERLIN.sub("", place)), "")
    said = parse_place(place) if place else None
    if said is not None and said.kind is not None and kind is not BodyKind.BEZIRK:
        # "Bürgermeister der Verbandsgemeinde …": the place knows better.
        kind = _KINDS_OF_PLACES.get(said.kind, kind)
    elif kind is BodyKind.MUNICIPALITY and _KREIS_END.search(place):
        kind = BodyKind.KREIS
    return AuthorityName(kind, place, "")


def _office(text: str) -> AuthorityName:
    match = _OFFICE_OF_PLACE.fullmatch(text)
    if match is None or _NO_PLACE.match(match["place"]) or match["office"] in _WORDS_BEFORE_NAMES:
        return AuthorityName(BodyKind.UNSAID, "", text)
    inner = _segment(_bare(match["place"]))
    return AuthorityName(inner.body, inner.place, match["office"])


def _after_first(text: str) -> str:
    return text.partition(" ")[2]


def _names_body(name: AuthorityName) -> bool:
    return bool(name.place) or name.body is not BodyKind.UNSAID


def _one_kind(kinds: set[BodyKind]) -> bool:
    return len(kinds) == 1 or (BodyKind.UNSAID in kinds and kinds <= _TERRITORIAL)


def _offices_agree(first: AuthorityName, second: AuthorityName) -> bool:
    return not first.office or not second.office or first.office == second.office


def _same_place(first: AuthorityName, second: AuthorityName) -> bool:
    one, other = parse_place(first.place), parse_place(second.place)
    if one is None or other is None:
        return plain(first.place) == plain(second.place)
    names, more = {one.core, one.bare}, {other.core, other.bare}
    if BodyKind.KREIS in {first.body, second.body}:
        names |= {one.without_kreis, kreis_tail(first.place)}
        more |= {other.without_kreis, kreis_tail(second.place)}
    if not (names & more) - {""}:
        return False
    return hints_within(one.hints, other.hints) or hints_within(other.hints, one.hints)
