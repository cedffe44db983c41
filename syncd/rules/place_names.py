"""What a German place name says: the name proper, what tells it from others, and the kind of body.

Why: portals write areas in words – "Stadt Bad Homburg v.d.H.", "Heuchelheim (Lahn)", "Landkreises Gießen" –
and 298 names of municipalities occur more than once. So a name is taken apart before it is compared:

- *kind*: words such as Stadt, Gemeinde, Landkreis or Verbandsgemeinde, before the name, after a comma or in
  brackets. "Stadt Kassel" and "Landkreis Kassel" are two bodies;
- *core*: the name proper, as one word without umlauts, blanks and hyphens;
- *hints*: the words after "am", "bei", "v. d.", a slash, a comma or in brackets, which decide between places
  of one name. Abbreviations stay marked with a dot, so that "v. d. H." fits "vor der Höhe".

Source of the rules: the names and titles of GV100AD (Destatis), and how the Länder call their bodies.
Must not know: which areas there are (:mod:`syncd.rules.place_index`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from syncd.rules.names import fold_letters

LONGEST_TEXT = 200
"""No name of an area is longer; a longer text is a sentence."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class PlaceKind(StrEnum):
    """What a name says of the kind of body."""

    TOWN = "town"
    MARKET = "market"
    MUNICIPALITY = "municipality"
    """Of whatever title."""
    KREISFREI = "kreisfrei"
    KREIS = "kreis"
    VERBAND = "verband"
    BEZIRK = "bezirk"
    REGION = "region"
    LAND = "land"
    BUND = "bund"
    UNINCORPORATED = "unincorporated"


_KINDS = {
    word: kind
    for kind, words in {
        PlaceKind.TOWN: "stadt gkst kreisstadt landeshauptstadt hauptstadt bundeshauptstadt"
        " universitaetsstadt hochschulstadt hansestadt lutherstadt wissenschaftsstadt residenzstadt"
        " barbarossastadt klingenstadt kurstadt bergstadt domstadt einhardstadt oranienstadt stadtgemeinde",
        PlaceKind.MARKET: "markt marktes marktgemeinde marktflecken flecken fleckens",
        PlaceKind.MUNICIPALITY: "gemeinde ortsgemeinde einheitsgemeinde kommune nationalparkgemeinde"
        " inselgemeinde",
        PlaceKind.KREISFREI: "stadtkreis",
        PlaceKind.KREIS: "landkreis kreis lkr lk altkreis",
        PlaceKind.VERBAND: "verbandsgemeinde samtgemeinde amt amtes verwaltungsgemeinschaft vgem vg sg"
        " vvg gvv gemeindeverwaltungsverband verwaltungsverband gemeindeverband",
        PlaceKind.BEZIRK: "regierungsbezirk regierungsbezirks regbez",
        PlaceKind.REGION: "region staedteregion regionalverband regionalverbands",
        PlaceKind.LAND: "land landes bundesland bundeslandes freistaat freistaates freistaats",
        PlaceKind.BUND: "bundesrepublik",
        PlaceKind.UNINCORPORATED: "gemfr gemfr. gemeindefrei gemeindefreies gemeindefreie",
    }.items()
    for word in words.split()
}
_BEFORE_KINDS = _words(
    "kreisfreie kreisfreien grosse grossen kreisangehoerige kreisangehoerigen amtsfreie amtsfreien"
    " freie freien alte vereinbarte"
)
_ARTICLES = _words("der die das des den dem d")
_PREPOSITIONS = _words(
    "a am an auf aus b bei beim hinterm i im in nahe o ob u ueber unter unterm v vor vorm zu zum zur"
)
_NO_HINTS = _words("und gebiet geb bezirk freie freien grosse teil sitz")
# Abbreviations that are not the beginning of the word they stand for.
_LONG_FORMS = {
    "bgld": "burgenland",
    "hzgt": "herzogtum",
    "ndb": "niederbayern",
    "nds": "niedersachsen",
    "obb": "oberbayern",
    "odw": "odenwald",
    "oldb": "oldenburg",
    "opf": "oberpfalz",
    "rhld": "rheinland",
    "rhn": "rheinhessen",
    "schlesw": "schleswig",
    "ww": "westerwald",
}
_LONGEST_CUT = 7
_LONG_HEADS = {
    "st": "sankt",
    "gr.": "gross",
    "kl.": "klein",
    "hann.": "hannoversch",
    "hess.": "hessisch",
    "preuss.": "preussisch",
}
_PAIRS = ((re.compile(r"\bo\. ?l\b\.?"), "oberlausitz"), (re.compile(r"\breg\. ?-? ?bez\b\.?"), "regbez "))
_GENITIVE = re.compile(r"kreises\b")
_INFLECTED = re.compile(r"isch(?:en|em|e) kreis\b")
_DOUBLE_TITLE = re.compile(r"\b\w+-\s+und\s+(?=\w*(?:stadt|gemeinde)\b)|\bfreie\s+und\s+(?=hansestadt\b)")
_HYPHENED_TITLE = re.compile(r"\b[\w-]+-stadt\b")
_CITY_STATE = re.compile(r"^freien? hansestadt\b")
_DASH = re.compile(r"\s+[-\u2013\u2014]\s+|[\u2013\u2014]")
_PIECES = re.compile(r"(?=,)|[;(\[/|]+")
_WORD = re.compile(r"[a-z0-9]+\.?")
_TOWN_ENDS = ("stadt",)
_MUNICIPAL_ENDS = ("gemeinde", "kommune")
_KREIS = "kreis"


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A name taken apart.

    ``core`` is the name with its leading words of kind ("marktschwaben", "stadtkassel"), ``bare`` the one
    without them ("schwaben", "kassel"); both are the same where there are none. ``kind`` is what any word of
    kind says, ``title`` the one beside the name only. ``joined`` is the core with all hints behind it.
    """

    core: str
    bare: str
    kind: PlaceKind | None
    title: PlaceKind | None
    hints: frozenset[str]
    joined: str

    @property
    def without_kreis(self) -> str:
        """The bare name without its own word Kreis: ``wetterau`` for Wetteraukreis; "" if nothing is left."""
        return _stem(self.bare.removesuffix(_KREIS)) if self.bare.endswith(_KREIS) else self.bare


def parse_place(text: str) -> PlaceName | None:
    """Take a name apart; None when the text holds none or is too long for one."""
    if len(text) > LONGEST_TEXT:
        return None
    folded = _GENITIVE.sub(_KREIS, " ".join(fold_letters(text).split()))
    folded = _INFLECTED.sub("ischer kreis", folded)
    for pattern, long_form in _PAIRS:
        folded = pattern.sub(long_form, folded)
    folded = _HYPHENED_TITLE.sub("stadt", _DOUBLE_TITLE.sub("", _DASH.sub(",", folded)))
    main, *pieces = _PIECES.split(folded.lstrip(" ([/,;|"))
    words = _WORD.findall(main)
    while words and words[0] in _ARTICLES:
        words = words[1:]
    leading = PlaceKind.LAND if _CITY_STATE.match(main) else None
    name, hints = _split_hints(words)
    bare = _without_kind(name)
    if len(bare) < len(name):
        leading = leading or _leading_kind(name)
    bare, trailing = _without_trailing_kind(bare)
    title = None
    for piece in pieces:
        said, more = _read_piece(piece)
        title = title or said
        hints += more
    title = title or trailing
    core = _joined(name[: len(name) - (1 if trailing else 0)])
    if not core:
        return None
    return PlaceName(
        core=core,
        bare=_joined(bare),
        kind=title or leading,
        title=title,
        hints=frozenset(hints),
        joined=core + "".join(hint.rstrip(".") for hint in hints),
    )


def kreis_tail(text: str) -> str:
    """Return what a Kreis with "…kreis" in front is called: ``bitburgpruem`` for Eifelkreis Bitburg-Prüm."""
    words = _WORD.findall(fold_letters(text))
    at = next((n for n, word in enumerate(words) if word.endswith(_KREIS)), None)
    return "" if at is None else "".join(words[at + 1 :])


def same_hint(one: str, other: str) -> bool:
    """Tell whether two hints can be the same word; an abbreviation fits every word that begins with it."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    for abbreviated, word in ((short, long), (long, short)):
        if abbreviated.endswith(".") and word.rstrip(".").startswith(abbreviated[:-1]):
            return True
    return False


def hints_within(hints: frozenset[str], known: frozenset[str]) -> bool:
    """Tell whether every hint is one of the known words."""
    return all(any(same_hint(hint, word) for word in known) for hint in hints)


def _split_hints(words: list[str]) -> tuple[list[str], list[str]]:
    """Divide the words at the first preposition that has a name before it."""
    for at, word in enumerate(words):
        if at and word.rstrip(".") in _PREPOSITIONS:
            return words[:at], _hints_of(words[at:])
    return words, []


def _hints_of(words: list[str]) -> list[str]:
    said = [word for word in words if word.rstrip(".") not in _PREPOSITIONS | _ARTICLES]
    if not said:
        # "Freiburg i. B.": the last letter is no preposition, because nothing follows.
        said = words[-1:]
    hints = []
    for word in said:
        stem = word.rstrip(".")
        if stem in _LONG_FORMS:
            hints.append(_LONG_FORMS[stem])
        elif stem not in _NO_HINTS:
            # A single letter is cut even without a dot; a long word with one ends a sentence.
            hints.append(f"{word}." if len(word) == 1 else word if len(stem) <= _LONGEST_CUT else stem)
    return hints


def _read_piece(piece: str) -> tuple[PlaceKind | None, list[str]]:
    """Read what stands after a comma or a slash or in brackets: words of kind, and hints."""
    if "kreisfreie stadt" in piece:
        return PlaceKind.KREISFREI, []
    # The register writes ", M" for a Markt; "/M" and "(M)" are rather the Main.
    kind = _SHORT_TITLES.get(piece.strip(", )]")) if piece.startswith(",") else None
    if kind is not None:
        return kind, []
    rest = []
    for word in _WORD.findall(piece):
        said = _TITLES.get(word) or _kind_of_title(word)
        if said is None:
            rest.append(word)
        else:
            kind = kind or said
    hints = _hints_of(rest)
    # "Heuchelheim, Kreis Gießen" lies in it; "Hagen, Stadt der FernUniversität" is a town all the same.
    if hints and not (piece.startswith(",") and kind in _KINDS_WITH_WORDS):
        kind = None
    return kind, hints


_TITLES = {word: kind for word, kind in _KINDS.items() if word not in {"lk", "region"}}
_KINDS_WITH_WORDS = frozenset({PlaceKind.TOWN, PlaceKind.MUNICIPALITY, PlaceKind.UNINCORPORATED})
_SHORT_TITLES = {"st": PlaceKind.TOWN, "m": PlaceKind.MARKET}


def _kind_of_title(word: str) -> PlaceKind | None:
    if word.endswith(_TOWN_ENDS):
        return PlaceKind.TOWN
    if word.endswith("flecken"):
        return PlaceKind.MARKET
    return PlaceKind.MUNICIPALITY if word.endswith(_MUNICIPAL_ENDS) else None


def _leading_kind(name: list[str]) -> PlaceKind | None:
    kinds = [_KINDS[word] for word in name if word in _KINDS]
    kind = kinds[0] if kinds else None
    if kind is PlaceKind.TOWN and name[0].startswith("kreisfrei"):
        return PlaceKind.KREISFREI
    return kind


def _without_kind(name: list[str]) -> list[str]:
    """Return the name without the words of kind in front of it, unless nothing would be left."""
    at = 0
    while at < len(name) and (
        name[at] in _KINDS or name[at] in _BEFORE_KINDS or (at and name[at] in _ARTICLES)
    ):
        at += 1
    if at == len(name) or not any(word in _KINDS for word in name[:at]):
        return name
    return name[at:]


def _without_trailing_kind(name: list[str]) -> tuple[list[str], PlaceKind | None]:
    """Take "Stadt" or "Landkreis" off the end ("Kassel Stadt"), not off "Weil der Stadt"."""
    if (
        len(name) > 1
        and name[-1] in {"stadt", "landkreis", "lkr", "stadtkreis"}
        and name[-2] not in _ARTICLES
    ):
        return name[:-1], _KINDS[name[-1]]
    return name, None


def _joined(name: list[str]) -> str:
    long = [_LONG_HEADS.get(word, _LONG_HEADS.get(word.rstrip("."), word)) for word in name]
    return "".join(word.rstrip(".") for word in long)


def _stem(adjective: str) -> str:
    """Return "oberbergisch" for Oberbergischer and Oberbergischen."""
    return re.sub(r"(?<=isch)(er|en|e)$", "", adjective)
