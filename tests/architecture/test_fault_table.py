"""The table of faults says what the markers say, and no case is silently without a proof."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fault_table import (
    Catalogue,
    CatalogueError,
    collect_marks,
    proofs,
    read_catalogue,
    render,
    silent_cases,
)
from tests.support.paths import REPOSITORY

CASES = {"N": 15, "T": 25, "F": 19, "S": 23, "D": 17, "C": 12, "P": 14, "A": 16, "X": 8}


def test_the_catalogue_is_whole() -> None:
    expected = {f"{group}{number}" for group, last in CASES.items() for number in range(1, last + 1)}
    catalogue = read_catalogue()
    assert set(catalogue.cases) == expected
    assert all(set(texts) == {"fault", "expected"} for texts in catalogue.cases.values())


def test_every_case_has_a_test_or_a_reason() -> None:
    catalogue = read_catalogue()
    tests = proofs(catalogue, collect_marks(REPOSITORY / "tests"))
    assert silent_cases(catalogue, tests) == []
    assert all(len(reason) > 20 for reason in (catalogue.open | catalogue.later).values())


def sample(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_sample.py").write_text(text, "utf-8")
    return folder


CATALOGUE = Catalogue(
    groups={"N": "Network", "A": "Interface"},
    cases={name: {"fault": f"fault {name}", "expected": "good"} for name in ("N1", "N2", "N3", "A1")},
    later={"A": "the interface of operators"},
    open={"N3": "needs a second machine"},
)


def test_markers_are_found_wherever_pytest_finds_them(tmp_path: Path) -> None:
    folder = sample(
        tmp_path,
        "import pytest\n"
        "pytestmark = [pytest.mark.fault('N3')]\n"
        "@pytest.mark.fault('N1', 'N2')\n"
        "async def test_one(): ...\n"
        "class TestTwo:\n"
        "    @pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.fault('N1'))])\n"
        "    def test_three(self, x): ...\n",
    )
    assert proofs(CATALOGUE, collect_marks(folder)) == {
        "N3": ["tests/test_sample.py"],
        "N1": ["tests/test_sample.py::test_one", "tests/test_sample.py::TestTwo::test_three"],
        "N2": ["tests/test_sample.py::test_one"],
    }


@pytest.mark.parametrize("marker", ["'N9'", "CASE", "", "'N1', why='x'"])
def test_a_marker_that_proves_nothing_is_an_error(tmp_path: Path, marker: str) -> None:
    folder = sample(tmp_path, f"import pytest\n@pytest.mark.fault({marker})\ndef test_one(): ...\n")
    with pytest.raises(CatalogueError, match=r"test_sample\.py::test_one"):
        proofs(CATALOGUE, collect_marks(folder))


def test_the_page_shows_tests_reasons_and_silence() -> None:
    tests = {"N1": ["tests/test_sample.py::test_one"]}
    page = render(CATALOGUE, tests)
    assert "| N1 | fault N1 | good | `test_sample.py::test_one` |" in page
    assert "| N2 | fault N2 | good | **nothing** |" in page
    assert "| N3 | fault N3 | good | *not proven:* needs a second machine |" in page
    assert "| A1 | fault A1 | good | due with the interface of operators |" in page
    assert silent_cases(CATALOGUE, tests) == ["N2"]


def test_an_exception_for_no_case_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text("[groups]\nN = 'x'\n[cases]\nN1 = {}\n[open]\nN2 = 'because'\n", "utf-8")
    with pytest.raises(CatalogueError, match="N2"):
        read_catalogue(path)
