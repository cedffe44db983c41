"""The check of the documents has to find what it exists for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.docs_check import find_problems

ADR = "# 1. T\n\n## Context\n\n## Decision\n\n## Consequences\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "adr").mkdir(parents=True)
    (tmp_path / "docs" / "adr" / "0001-first.md").write_text(ADR)
    (tmp_path / "docs" / "adr" / "README.md").write_text("[1](0001-first.md)")
    (tmp_path / "docs" / "glossary.md").write_text("| German | code |\n|---|---|\n| Gebiet, ARS | `Area` |\n")
    (tmp_path / "README.md").write_text(
        "## Über uns\n[a](docs/glossary.md) [b](#über-uns) [c](https://x.test/)"
    )
    return tmp_path


def test_a_sound_tree_has_no_problems(tree: Path) -> None:
    assert list(find_problems(tree)) == []


@pytest.mark.parametrize(
    ("path", "text", "problem"),
    [
        ("README.md", "[a](docs/gone.md)", "README.md: link to docs/gone.md leads nowhere"),
        (
            "README.md",
            "[a](docs/glossary.md#no)",
            "README.md: docs/glossary.md#no names no heading of glossary.md",
        ),
        (
            "docs/glossary.md",
            "| Gebiet | a |\n| ARS, Gebiet | b |\n",
            "docs/glossary.md explains 'Gebiet' 2 times",
        ),
        ("docs/adr/README.md", "none", "docs/adr/0001-first.md is not in the index docs/adr/README.md"),
        ("docs/adr/0001-first.md", ADR[:-16], "docs/adr/0001-first.md lacks the section '## Consequences'"),
    ],
)
def test_problems_are_found(tree: Path, path: str, text: str, problem: str) -> None:
    (tree / path).write_text(text)
    assert problem in list(find_problems(tree))


def test_a_number_used_twice_is_found(tree: Path) -> None:
    (tree / "docs" / "adr" / "0001-second.md").write_text(ADR)
    (tree / "docs" / "adr" / "README.md").write_text("[1](0001-first.md) [2](0001-second.md)")
    assert any("expected the number 0002" in problem for problem in find_problems(tree))


def test_code_is_not_searched_for_links(tree: Path) -> None:
    (tree / "README.md").write_text("`[a](gone)`\n```\n[b](gone)\n```\n")
    assert list(find_problems(tree)) == []
