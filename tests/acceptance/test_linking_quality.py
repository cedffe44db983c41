"""Links made without a person are right: precision on the half of the labelled titles nothing was tuned on.

The figures are frozen in bench/baselines/linking.json; `./dev bench linking --write` freezes new ones.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from bench._linking_data import TEST, offices, register
from bench.linking import BASELINE, judged
from syncd.model.linkage import Described
from syncd.rules.candidates import ServiceIndex, decide

PRECISION = 0.99
TITLES_LINKED_AT_LEAST = 200
WORSE_BY = 0.02


def test_precision_on_the_test_half(shared_data: Path) -> None:
    figures = judged(shared_data, TEST)
    together = figures["together"]
    assert together.linked >= TITLES_LINKED_AT_LEAST
    assert together.precision >= PRECISION, together.wrong
    for name in ("bund", "bund+name", "lands"):
        assert figures[name].precision >= PRECISION, (name, figures[name].wrong)
    frozen = json.loads(BASELINE.read_text())
    for name, known in frozen.items():
        assert figures[name].recall >= known["recall"] - WORSE_BY, name
        assert figures[name].recall_at_5 >= known["recall_at_5"] - WORSE_BY, name


@pytest.mark.nightly
def test_the_whole_catalogue_in_a_minute(shared_data: Path) -> None:
    index = ServiceIndex.build(register())
    began = time.process_time()
    for _, _, title in offices(shared_data):
        decide(index.candidates(Described(title)))
    assert time.process_time() - began < 60
