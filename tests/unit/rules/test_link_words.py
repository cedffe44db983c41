"""Every feature that can speak for or against a link has a sentence in both languages."""

from __future__ import annotations

import pytest

from syncd.model.linkage import LinkMethod, Reason
from syncd.rules import link_features
from syncd.rules.link_words import METHODS, REASONS, reason_in_words

NAMES = ("TITLE", "OTHER_NAME", "SYNONYM", "ONLY_RECORD", "ONLY_SERVICE", "ACT_SAME")
FEATURES = sorted({*link_features.POINTS, *(getattr(link_features, name) for name in NAMES)})


def test_words_and_features_are_the_same_set() -> None:
    assert sorted(REASONS) == FEATURES
    assert set(METHODS) == {method.value for method in LinkMethod}


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("language", ["de", "en"])
def test_sentences_say_what_matched(feature: str, language: str) -> None:
    said = reason_in_words(Reason(feature, 10, "hund {anmelden}"), language)
    assert said.endswith("hund {anmelden}")
    assert said != reason_in_words(Reason(feature, 10, "hund {anmelden}"), "en" if language == "de" else "de")


def test_an_unknown_feature_is_shown_by_its_id() -> None:
    assert reason_in_words(Reason("of_tomorrow", 1, "x"), "de") == "of_tomorrow: x"
