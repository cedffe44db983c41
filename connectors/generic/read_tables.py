"""The tables of a profile that say how documents are read: decode, select, map, assert, delete.

Must not know how documents are got. Each docstring and description appears in the reference page.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from connectors.generic.base import Key, Name, PatternText, Pointers, PointerText, Table, TemplateText
from connectors.generic.templates import names_in
from syncd.sdk.text import ENCODINGS

CHANNEL_KINDS = ("online_service", "form", "pdf", "appointment", "contact", "page", "unknown_link")
ChannelKindName = Literal["online_service", "form", "pdf", "appointment", "contact", "page", "unknown_link"]
ITEM_LIMIT = 300_000


class Decode(Table):
    """``[decode]``: from bytes to items."""

    format: Literal["json", "ndjson", "xml", "csv", "xlsx", "jsonld", "html_jsonld"]
    encoding: str | None = Field(None, description="Outweighs what the portal says; csv and ndjson only.")
    max_items: int = Field(ITEM_LIMIT, ge=1, le=5_000_000, description="A document with more fails the run.")
    columns: dict[Name, list[str]] = Field(
        default_factory=dict,
        description="csv, xlsx: name of ours → names in the header, best first; case, umlauts, blanks and"
        " hyphens do not matter.",
    )
    required_columns: list[Name] = Field(default_factory=list, description="Without them the run fails.")
    delimiter: Literal[";", ",", "\t", "|"] | None = Field(None, description="csv; found out when absent.")
    one_line: bool = Field(default=True, description="csv: a cell never runs over a line end.")
    final_newline: bool = Field(
        default=True, description="csv, ndjson: the last line has its end; without it the file is cut off."
    )
    sheet: str | None = Field(None, description="xlsx: name of the sheet; the first one when absent.")
    header_row: int = Field(1, ge=1, le=100, description="xlsx: number of the row with the names.")
    roots: list[str] = Field(default_factory=list, description="xml: names of the document element.")
    records: list[str] = Field(default_factory=list, description="xml: names of the elements that are items.")
    heads: list[str] = Field(
        default_factory=list, description="xml: elements outside the items that pointers of paging name."
    )
    types: list[str] = Field(
        default_factory=list, description="jsonld, html_jsonld: types of the items; without prefix."
    )
    whole_page: bool = Field(default=True, description="html_jsonld: a page without </html> is cut off.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        own = {
            "encoding": {"csv", "ndjson"},
            "columns": {"csv", "xlsx"},
            "required_columns": {"csv", "xlsx"},
            "delimiter": {"csv"},
            "sheet": {"xlsx"},
            "roots": {"xml"},
            "records": {"xml"},
            "heads": {"xml"},
            "types": {"jsonld", "html_jsonld"},
        }
        for name, formats in own.items():
            if getattr(self, name) and self.format not in formats:
                raise ValueError(f"{name} is for {' and '.join(sorted(formats))}, not for {self.format}")
        if self.encoding is not None and self.encoding.casefold() not in ENCODINGS:
            raise ValueError(f"encoding '{self.encoding}' is not read; these are: {', '.join(ENCODINGS)}")
        if self.format == "xml" and not (self.roots and self.records):
            raise ValueError("format = 'xml' needs roots and records")
        if self.format == "html_jsonld" and not self.types:
            raise ValueError("format = 'html_jsonld' needs types")
        if unknown := sorted(set(self.required_columns) - set(self.columns)):
            raise ValueError(f"required_columns names {', '.join(unknown)}, which columns does not")
        return self


class Replace(Table):
    """``replace = { find = "…", by = "…" }``: plain text, no pattern."""

    find: str = Field(min_length=1, max_length=200)
    by: str = Field("", max_length=200)


DATE_FORMS = ("iso", "german", "compact", "unix", "unix_ms")


class Step(Table):
    """One step of a rule: a table with one key (and what belongs to it). Steps apply in order."""

    extract: PatternText | None = Field(
        None, description="First group of the pattern, or all of it; no match drops the value."
    )
    split: PatternText | None = Field(None, description="Cut into several values wherever this is found.")
    replace: Replace | None = None
    pad: int | None = Field(None, ge=1, le=40, description="Fill up with zeros on the left to that width.")
    prefix: str | None = Field(None, max_length=300)
    suffix: str | None = Field(None, max_length=300)
    case: Literal["lower", "upper"] | None = None
    table: dict[str, str] | None = Field(
        None, description="Code table; blanks around and case do not matter. An empty text drops the value."
    )
    otherwise: Literal["report", "keep", "drop"] = Field(
        "report", description="table, words: what becomes of a value that is not listed."
    )
    words: bool | None = Field(
        None, description="true: words for yes and no (ja, yes, true, 1, x / nein …) become true or false."
    )
    yes: list[str] = Field(default_factory=list, description="words: further words for yes (ok, digid).")
    no: list[str] = Field(default_factory=list, description="words: further words for no (nicht ok).")
    html: bool | None = Field(None, description="true: without tags, entities resolved.")
    date: list[Literal["iso", "german", "compact", "unix", "unix_ms"]] | None = Field(
        None, min_length=1, description="Forms a date is read in, the first that fits."
    )
    zone: str = Field("Europe/Berlin", description="date: zone of a time that names none.")
    limit: int | None = Field(None, ge=1, le=100_000, description="Longest text in characters; cut there.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in STEP_KEYS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"a step has exactly one of {', '.join(STEP_KEYS)}; here are {', '.join(given) or 'none'}"
            )
        if self.words is False or self.html is False:
            raise ValueError(f"{given[0]} = false does nothing; leave the step out")
        return self


STEP_KEYS = (
    *("extract", "split", "replace", "pad", "prefix", "suffix", "case", "table", "words", "html"),
    *("date", "limit"),
)


class PlainRule(Table):
    """Where a value comes from: ``path``, ``constant`` or ``fill``; a bare text or list is a ``path``."""

    path: Pointers | None = Field(None, description="Pointers; the first that finds something counts.")
    constant: str | None = None
    fill: TemplateText | None = Field(None, description="Text with {names} from `fields`.")
    fields: dict[Name, Pointers] = Field(default_factory=dict)
    encode: bool = Field(default=True, description="fill: percent-encode the values (addresses).")
    steps: list[Step] = Field(default_factory=list)
    join: str | None = Field(
        None, min_length=1, max_length=10, description="Put several values together with this in between."
    )
    default: str | None = Field(None, description="When nothing was found.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("path", "constant", "fill") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"a rule has exactly one of path, constant, fill; here: {', '.join(given) or '-'}"
            )
        if (names := set(names_in(self.fill or ""))) != set(self.fields):
            raise ValueError(
                f"fill and fields must name the same: {', '.join(sorted(names ^ set(self.fields)))}"
            )
        return self


def _as_rule(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    return {"path": value} if isinstance(value, str | list) else value


Rule = Annotated[
    PlainRule, BeforeValidator(_as_rule, json_schema_input_type=PlainRule | PointerText | list[PointerText])
]


class When(Table):
    """A condition: the values of ``path`` after ``steps``, lower case, are (not) among these."""

    path: Pointers
    steps: list[Step] = Field(default_factory=list)
    one_of: list[str] | None = None
    none_of: list[str] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.one_of is None) is (self.none_of is None):
            raise ValueError("a condition has either one_of or none_of")
        return self


class ChannelRule(Table):
    """``[[map.channel]]``: ways to use the service."""

    each: PointerText = Field(".", description="Objects that are one way each.")
    kind: ChannelKindName | None = Field(None, description="A `form` whose address ends in .pdf is a `pdf`.")
    kind_from: Rule | None = Field(None, description="In place of kind: a rule whose values are kinds.")
    url: Rule
    label: Rule | None = None
    native_id: Rule | None = None
    state: Rule | None = Field(None, description="A rule whose values are ok, dead or unchecked.")
    when: When | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.kind is None) is (self.kind_from is None):
            raise ValueError("a channel has either kind or kind_from")
        for name in ("kind_from", "state"):
            rule: PlainRule | None = getattr(self, name)
            known = set(CHANNEL_KINDS) if name == "kind_from" else {"ok", "dead", "unchecked"}
            said = {v for s in (rule.steps if rule else []) for v in (s.table or {}).values() if v}
            if wrong := sorted(said - known):
                raise ValueError(f"{name}: {', '.join(wrong)} is none of {', '.join(sorted(known))}")
        return self


class Map(Table):
    """``[map]``: from an item to a record. What no rule names is reported as an unknown field."""

    native_id: Rule
    title: Rule
    service_keys: Rule | None = None
    areas: Rule | None = None
    description: Rule | None = None
    authority: Rule | None = None
    authority_id: Rule | None = None
    provider_area: Rule | None = None
    language: Rule | None = None
    valid_from: Rule | None = None
    valid_to: Rule | None = None
    changed_at: Rule | None = None
    page_url: Rule | None = None
    typing: Rule | None = None
    channel: list[ChannelRule] = Field(default_factory=list)
    facts: dict[Name, Rule] = Field(default_factory=dict, description="Statements kept beside the record.")


class Lookup(Table):
    """``[[select.lookup]]``: a list of names and values becomes an object: ``fields/GEBUEHREN``."""

    list: PointerText = Field(description="Member of the item that is such a list.")
    name: PointerText = Field(description="Where an element holds its name.")
    value: Pointers = Field(description="Where it holds its value.")

    @model_validator(mode="after")
    def _plain(self) -> Self:
        if "/" in self.list or "[" in self.list:
            raise ValueError("list names a member of the item")
        return self


class Select(Table):
    """``[select]``: what of a document counts."""

    key: Key = Field(
        description="What identifies an item in the listing; the parts are joined. A part that is a list"
        " takes the first place that holds something."
    )
    unwrap: list[str] = Field(
        default_factory=list, description="Objects with one of these members stand for it: {value: …}."
    )
    lookup: list[Lookup] = Field(default_factory=list)
    duplicates: Literal["refuse", "newest", "group"] = Field(
        "refuse",
        description="Several items with one key. `refuse`: the first counts, others are reported. `newest`:"
        " by `version`. `group`: together they are one record, under `rows`.",
    )
    version: Pointers | None = Field(None, description="newest: where an item says which version it is.")
    volatile: list[PointerText] = Field(
        default_factory=list, description="Members that change without meaning; not part of the record."
    )
    ignore: list[PointerText] = Field(
        default_factory=list, description="Members that are known and not used; not reported."
    )
    stated_at: PointerText | None = Field(None, description="Where a document says when it was made.")
    identity: PointerText | None = Field(None, description="Where a document says whose it is.")
    error: PointerText | None = Field(
        None,
        description="Where a document reports an error in spite of status 200; anything but nothing is one.",
    )
    error_message: PointerText | None = None
    list_as_object: bool = Field(
        default=False, description="Items may be an object with numbers as names (lists with gaps in PHP)."
    )
    null_is_empty: bool = Field(default=False, description="null in place of the items is an empty list.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.duplicates == "newest") is not (self.version is not None):
            raise ValueError("version belongs to duplicates = 'newest', and only to it")
        if wrong := [p for p in self.volatile if any(c in p for c in '*[]".$')]:
            raise ValueError(f"volatile takes plain names joined by '/': not {', '.join(wrong)}")
        return self


class Assertion(Table):
    """``[[assert]]``: what must hold for an item; what does not is a finding."""

    path: Pointers
    steps: list[Step] = Field(default_factory=list)
    required: bool = Field(default=False, description="There must be a value.")
    matches: PatternText | None = Field(None, description="Every value must be this as a whole.")
    one_of: list[str] | None = Field(None, description="Every value must be one of these.")
    equals: PointerText | None = Field(None, description="Every value must be that, for instance $region.")
    then: Literal["reject", "report"] = Field(
        "reject", description="`reject`: the record is set aside. Too many set aside refuse the run."
    )

    @model_validator(mode="after")
    def _any(self) -> Self:
        if not (self.required or self.matches or self.one_of or self.equals):
            raise ValueError("an assertion needs required, matches, one_of or equals")
        return self


class Delete(Table):
    """``[delete]``: what makes a record go."""

    policy: Literal["none", "absence", "flag"] = Field(
        description="`none`: nothing is withdrawn, whatever is absent. `absence`: what a complete listing"
        " lacks. `flag`: also what an item says of itself."
    )
    flag: When | None = Field(None, description="Items for which this holds are gone.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.policy == "flag") is not (self.flag is not None):
            raise ValueError("flag belongs to policy = 'flag', and only to it")
        return self
