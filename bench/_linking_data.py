"""Labelled titles for the linking benchmark, from recorded portal data and from small files of our own.

Sets:

- ``bund``: titles the Bund's editors gave (PVOG export of 20 January 2025), key hidden, against the register
  of
  October 2019. A key the register lacks is a "no link", unless ``rekeyed.csv`` names the same service under
  its key of 2019 (judged by hand, from the two names alone).
- ``bund+name``: the same with the official name of the same row as a synonym, as the export delivers it.
- ``lands``: titles of the other editorial offices and of Berlin (DLDB, 2016), labelled by hand: ``random``
  ones, and ``linked`` ones (drawn from links of an early version: they measure precision, not recall).
- ``wiesbaden``: 64 everyday services by short name and key.
- ``adversarial``: pairs written by hand, with a small register of their own where the real one lacks a side.

Recorded data are read where they lie and never copied. Halves are by the hash of the key (of the title where
there is none): what is tuned on one half is measured on the other.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from syncd.model.linkage import Described
from syncd.model.service import Service, ServiceKey
from syncd.rules.services import parse_catalogue_2019

ROOT = Path(__file__).parent.parent
OWN = Path(__file__).parent / "data"
BUND = Path("pvog") / "pvog_csv_export_bund_2025-01-20.csv"
OFFICES = Path("pvog") / "pvog_idlb_catalogue_2025-01.csv"
BERLIN = Path("dldb_berlin") / "zmsdldb_services_de.json"
WIESBADEN = Path("pvog") / "pvog_wiesbaden_2026-10-04.csv"
INFORMATION = "99154"
"""Group of pages about rights in the single market (type 11): nothing to apply for, not in the register."""
DOUBTFUL = {"steuer-identifikationsnummer", "wohnungsgeberbestaetigung"}
"""Names on the list of 64 whose key there is that of another service."""
TUNING, TEST = "tuning", "test"


@dataclass(frozen=True)
class Labelled:
    """One title with the keys that are right (none: no link is right).

    ``ranks``: it was drawn without looking at what we link, so that recall may be measured on it.
    """

    described: Described
    keys: frozenset[str]
    half: str
    ranks: bool = True


def register() -> dict[str, Service]:
    """Return the shipped register of October 2019 by key."""
    packed = (ROOT / "config" / "reference" / "ozg-leika-2019-10.csv.gz").read_bytes()
    return {s.key.value: s for s in parse_catalogue_2019(gzip.decompress(packed).decode())}


def half_of(name: str) -> str:
    """Return the half of a key or title."""
    return TEST if hashlib.sha256(name.encode()).digest()[0] % 2 else TUNING


def bund(data: Path, *, with_name: bool = False, information: bool = False) -> list[Labelled]:
    """Return the Bund's titles (with the official name as synonym), or its pages of information."""
    older = _older_keys()
    found = {}
    for row in _rows(data / BUND, "|", quoting=3):
        if row["Leikaschlüssel"].startswith(INFORMATION) is not information:
            continue
        key, name = row["Leikaschlüssel"], row["Name"].removeprefix("Vorgesehen zum Löschen - ")
        synonyms = (name.replace('""', '"'),) if with_name else ()
        said = Described(row["Name2"].replace('""', '"'), synonyms=synonyms)
        found[row["ID-LB"]] = Labelled(said, frozenset({key, *older[key]}), half_of(key))
    return [found[uid] for uid in sorted(found)]


def lands(data: Path) -> list[Labelled]:
    """Return the titles labelled by hand; the labels name each by its hash, so that no title is copied."""
    labels = {row["title_sha256"]: row for row in _rows(OWN / "linking_labels.csv", ";")}
    berlin = json.loads((data / BERLIN).read_bytes())["data"]
    titles = {title for _, _, title in offices(data)} | {str(service["name"]) for service in berlin}
    found = []
    for title in sorted({" ".join(title.split()) for title in titles}):
        row = labels.pop(hashlib.sha256(title.encode()).hexdigest()[:16], None)
        if row is not None:
            keys = frozenset(filter(None, row["keys"].split("|")))
            half = half_of(min(keys, default=title))
            found.append(Labelled(Described(title), keys, half, ranks=row["sample"] == "random"))
    if labels:
        message = f"no recorded title has the hashes {', '.join(sorted(labels))}"
        raise LookupError(message)
    return found


def wiesbaden(data: Path) -> list[Labelled]:
    """Return the everyday services by their short names."""
    older = _older_keys()
    return [
        Labelled(
            Described(row["leistung"].replace("-", " ")),
            frozenset({row["leika"], *older[row["leika"]]}),
            half_of(row["leika"]),
        )
        for row in _rows(data / WIESBADEN, ",")
        if row["leistung"] not in DOUBTFUL
    ]


def offices(data: Path) -> list[tuple[str, str, str]]:
    """Return (id, office, title) of the whole PVOG id catalogue."""
    return [(row["id_lb"], row["redaktion"], row["name"]) for row in _rows(data / OFFICES, ";")]


def adversarial() -> tuple[dict[str, Service], list[tuple[Described, str, frozenset[str]]]]:
    """Return a register of its own, and (record, key that must never be linked, keys that are right)."""
    services: dict[str, Service] = {}
    for row in _rows(OWN / "linking_adversarial_register.csv", ";"):
        services[row["key"]] = Service(ServiceKey(row["key"]), row["name"], "adversarial")
    pairs = [
        (Described(row["title"]), row["never"], frozenset(filter(None, row["right"].split("|"))))
        for row in _rows(OWN / "linking_adversarial.csv", ";")
    ]
    return services, pairs


def _older_keys() -> defaultdict[str, set[str]]:
    older: defaultdict[str, set[str]] = defaultdict(set)
    for row in _rows(OWN / "linking_rekeyed.csv", ";"):
        older[row["key"]].add(row["key_2019"])
    return older


def _rows(path: Path, delimiter: str, *, quoting: Literal[0, 3] = 0) -> list[dict[str, str]]:
    # 0 and 3 are csv.QUOTE_MINIMAL and csv.QUOTE_NONE: PVOG writes quotation marks without quoting.
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter, quoting=quoting))
