"""Linking: precision, recall and speed of scored candidates on labelled titles.

Read ``bench/_linking_data.py`` for what the sets are and where their labels come from. ``--half`` says which
half is measured (default: test), ``--confusion`` lists every wrong link, ``--speed`` times the whole PVOG id
catalogue of 17,166 titles (bar of the house: 60 s on 2 cores; one process here). ``--write`` freezes the
figures of the test half in ``bench/baselines/linking.json``. Needs the recorded portal data
(SYNCD_SHARED_DATA, or ../shared/data).

Columns: ``right`` links to a labelled key; ``coarse`` ones to its ``000`` parent, which stands for it;
``wrong`` ones. Precision is (right + coarse) / linked, strict precision right / linked. Recall is over titles
whose service the register has and that were drawn without looking at our links. ``@5`` is the share of them
whose service is linked or among the first five candidates.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench._linking_data import (
    TEST,
    TUNING,
    Labelled,
    adversarial,
    bund,
    lands,
    offices,
    register,
    wiesbaden,
)
from bench._measure import table
from syncd.model.linkage import Described, LinkState
from syncd.model.service import Service, ServiceKey
from syncd.rules.candidates import DEFAULT_THRESHOLDS, ServiceIndex, Thresholds, decide
from syncd.rules.title_terms import fold, words_of
from tests.support.paths import shared_data_folder

BASELINE = Path(__file__).parent / "baselines" / "linking.json"
SHOWN = 5


@dataclass
class Figures:
    """Counts of one set."""

    titles: int = 0
    linked: int = 0
    right: int = 0
    coarse: int = 0
    differing: int = 0
    """Right links of titles that are not word for word the name in the register."""
    review: int = 0
    findable: int = 0
    found: int = 0
    shown: int = 0
    wrong: list[tuple[str, str]] = field(default_factory=list)
    """Title and the name it was linked to."""

    @property
    def precision(self) -> float:
        """Share of links that are right or coarse; 1 where there are none."""
        return (self.right + self.coarse) / self.linked if self.linked else 1.0

    @property
    def recall(self) -> float:
        """Share of findable titles that were linked to a labelled key."""
        return self.found / self.findable if self.findable else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def recall_at_5(self) -> float:
        """Share of findable titles whose service is among the first five candidates."""
        return self.shown / self.findable if self.findable else 0.0

    def add(self, other: Figures) -> None:
        """Add the counts of another set."""
        for name in (
            "titles",
            "linked",
            "right",
            "coarse",
            "differing",
            "review",
            "findable",
            "found",
            "shown",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong += other.wrong


def measure(
    rows: Iterable[Labelled],
    index: ServiceIndex,
    services: Mapping[str, Service],
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> Figures:
    """Link every title and count."""
    figures = Figures()
    for row in rows:
        candidates = index.candidates(row.described, SHOWN)
        linkage = decide(candidates, thresholds)
        figures.titles += 1
        figures.review += linkage.state is LinkState.REVIEW
        findable = row.keys & services.keys() if row.ranks else frozenset()
        figures.findable += bool(findable)
        figures.shown += bool(findable & {c.service_key for c in candidates})
        if linkage.state is not LinkState.LINKED:
            continue
        key = linkage.service_keys[0]
        figures.linked += 1
        if key in row.keys:
            figures.right += 1
            figures.found += bool(findable)
            figures.differing += _words(row.described.title) != _words(services[key].name)
        elif any(ServiceKey(key).covers(ServiceKey(right)) for right in row.keys):
            figures.coarse += 1
        else:
            figures.wrong.append((row.described.title, services[key].name))
    return figures


def sets(data: Path, half: str) -> dict[str, list[Labelled]]:
    """Return the labelled sets of one half by name; ``bund+name`` repeats the titles of ``bund``."""
    every = {
        "bund": bund(data),
        "bund+name": bund(data, with_name=True),
        "lands": lands(data),
        "wiesbaden": wiesbaden(data),
    }
    return {name: [row for row in rows if row.half == half] for name, rows in every.items()}


def judged(data: Path, half: str) -> dict[str, Figures]:
    """Measure every set of one half, and all together (the Bund's titles once, with their names)."""
    services = register()
    index = ServiceIndex.build(services)
    figures = {name: measure(rows, index, services) for name, rows in sets(data, half).items()}
    together = Figures()
    for name in ("bund+name", "lands", "wiesbaden"):
        together.add(figures[name])
    figures["together"] = together
    return figures


def opposites() -> tuple[list[tuple[str, str]], int, int]:
    """Return adversarial titles linked wrongly (title, name), and how many were, and could be, rightly."""
    own, pairs = adversarial()
    services = {**register(), **own}
    index = ServiceIndex.build(services)
    wrong, right = [], 0
    for described, never, keys in pairs:
        linked = set(decide(index.candidates(described)).service_keys)
        right += bool(linked & keys)
        if never in linked or (linked and keys and not linked & keys):
            wrong.append((described.title, services[min(linked)].name))
    return wrong, right, sum(bool(keys) for *_, keys in pairs)


def speed(data: Path) -> tuple[float, float, float, int, dict[str, int]]:
    """Return seconds to build the index, wall and processor seconds to link, titles, and titles by state."""
    services = register()
    began = time.perf_counter()
    index = ServiceIndex.build(services)
    built, busy = time.perf_counter(), time.process_time()
    states = dict.fromkeys(LinkState, 0)
    titles = offices(data)
    for _, _, title in titles:
        states[decide(index.candidates(Described(title))).state] += 1
    seconds = (built - began, time.perf_counter() - built, time.process_time() - busy)
    return *seconds, len(titles), {s.value: n for s, n in states.items()}


def frozen(figures: Mapping[str, Figures]) -> dict[str, dict[str, float]]:
    """Return what the baseline keeps of each set."""
    return {
        name: {
            "titles": f.titles,
            "linked": f.linked,
            "precision": round(f.precision, 4),
            "strict_precision": round(f.right / f.linked, 4) if f.linked else 1.0,
            "recall": round(f.recall, 4),
            "f1": round(f.f1, 4),
            "recall_at_5": round(f.recall_at_5, 4),
        }
        for name, f in figures.items()
    }


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--half", choices=(TUNING, TEST), default=TEST)
    arguments.add_argument("--confusion", action="store_true", help="list every wrong link")
    arguments.add_argument("--speed", action="store_true", help="time the whole PVOG id catalogue only")
    arguments.add_argument("--write", action="store_true", help="freeze the figures of the test half")
    options = arguments.parse_args()
    data = shared_data_folder()
    if data is None:
        raise SystemExit("recorded portal data absent: set SYNCD_SHARED_DATA, or put it at ../shared/data")
    if not options.speed:
        _print_quality(judged(data, options.half), data, options)
    build, link, busy, titles, states = speed(data)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nindex of {len(register()):,} services: {build:.2f} s")
    print(f"{titles:,} titles: {link:.1f} s, {busy:.1f} s of one core;", end=" ")
    print(f"{titles / busy:,.0f} records per second and core, {peak:.0f} MiB at most; {states}")


def _print_quality(figures: Mapping[str, Figures], data: Path, options: argparse.Namespace) -> None:
    counts = ("set", "titles", "linked", "right", "(not equal)", "coarse", "wrong", "review")
    head = (*counts, "precision", "strict", "recall", "F1", "@5")
    percent = [
        (
            *(
                f"{100 * x:.1f} %"
                for x in (f.precision, f.right / (f.linked or 1), f.recall, f.f1, f.recall_at_5)
            ),
        )
        for f in figures.values()
    ]
    print(f"{options.half} half, thresholds {DEFAULT_THRESHOLDS}\n")
    rows = [
        (n, f.titles, f.linked, f.right, f.differing, f.coarse, len(f.wrong), f.review, *p)
        for (n, f), p in zip(figures.items(), percent, strict=True)
    ]
    table(head, rows)
    wrong, right, possible = opposites()
    print(f"\nadversarial pairs: {len(wrong)} linked wrongly, {right} of {possible} rightly")
    services = register()
    pages = measure(bund(data, information=True), ServiceIndex.build(services), services)
    print(f"pages of information (no services): {pages.linked} of {pages.titles} linked all the same")
    if options.confusion:
        for name, f in (*figures.items(), ("information", pages)):
            for title, linked in f.wrong:
                print(f"  {name}: {title!r} linked to {linked!r}")
        for title, linked in wrong:
            print(f"  adversarial: {title!r} linked to {linked!r}")
    if options.write and options.half == TEST:
        BASELINE.parent.mkdir(exist_ok=True)
        BASELINE.write_text(json.dumps(frozen(figures), indent=2) + "\n")


def _words(text: str) -> tuple[str, ...]:
    return tuple(sorted(words_of(fold(text))))


if __name__ == "__main__":
    main()
