"""Documents that contradict the tree or each other; part of `./dev check`.

Finds links that lead nowhere, German terms that the glossary explains twice, and decisions that their index
does not list. External addresses are not fetched: a check must give the same answer without a network.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
CODE_BLOCK = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`[^`\n]*`")
ADR_NAME = re.compile(r"(\d{4})-[a-z0-9-]+\.md")
ADR_SECTIONS = ("## Context", "## Decision", "## Consequences")


def find_problems(root: Path) -> Iterator[str]:
    """Yield one sentence per problem in the documents below root."""
    for document in _documents(root):
        yield from _broken_links(root, document)
    yield from _glossary_duplicates(root / "docs" / "glossary.md")
    yield from _unlisted_decisions(root / "docs" / "adr")


def _documents(root: Path) -> list[Path]:
    patterns = ("*.md", "docs/**/*.md", "connectors/*/README.md", "config/**/*.md", "bench/*.md")
    return sorted({document for pattern in patterns for document in root.glob(pattern)})


def _broken_links(root: Path, document: Path) -> Iterator[str]:
    text = CODE_SPAN.sub("", CODE_BLOCK.sub("", document.read_text("utf-8")))
    for target in LINK.findall(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (document.parent / unquote(path)).resolve() if path else document
        if not linked.exists():
            yield f"{document.relative_to(root)}: link to {target} leads nowhere"
        elif anchor and linked.suffix == ".md" and unquote(anchor) not in _anchors(linked):
            yield f"{document.relative_to(root)}: {target} names no heading of {linked.name}"


def _anchors(document: Path) -> set[str]:
    headings = HEADING.findall(CODE_BLOCK.sub("", document.read_text("utf-8")))
    # As the usual renderers do it: lower case, punctuation dropped, blanks to hyphens.
    return {re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower())) for heading in headings}


def _glossary_duplicates(glossary: Path) -> Iterator[str]:
    if not glossary.exists():
        yield "docs/glossary.md is missing"
        return
    terms = Counter(term for line in glossary.read_text("utf-8").splitlines() for term in _terms(line))
    for term, count in sorted(terms.items()):
        if count > 1:
            yield f"docs/glossary.md explains {term!r} {count} times"


def _terms(line: str) -> Iterable[str]:
    """German terms in the first cell of a table row; several are separated by commas."""
    if not line.startswith("|"):
        return []
    first = line.strip("|").split("|")[0].strip()
    if first in {"German", "–"} or set(first) <= set("-: "):
        return []
    return [term.strip() for term in re.sub(r"\([^)]*\)", "", first).split(",")]


def _unlisted_decisions(folder: Path) -> Iterator[str]:
    index = folder / "README.md"
    if not index.exists():
        yield "docs/adr/README.md is missing"
        return
    listed = set(LINK.findall(index.read_text("utf-8")))
    decisions = sorted(path for path in folder.glob("*.md") if path != index)
    for position, decision in enumerate(decisions, start=1):
        name = f"docs/adr/{decision.name}"
        numbered = ADR_NAME.fullmatch(decision.name)
        if not numbered or int(numbered[1]) != position:
            yield f"{name}: expected the number {position:04d} and a lower-case title"
        if decision.name not in listed:
            yield f"{name} is not in the index docs/adr/README.md"
        text = decision.read_text("utf-8")
        for section in ADR_SECTIONS:
            if section not in text:
                yield f"{name} lacks the section {section!r}"


def main() -> int:
    """Print the problems of this repository; the exit status is 1 if there are any."""
    problems = list(find_problems(Path(__file__).resolve().parents[2]))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
