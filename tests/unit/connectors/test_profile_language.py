"""Mistakes in a profile, or in settings that name one, are answered with place, reason and remedy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.generic.connector import SPEC
from connectors.generic.settings import GenericSettings
from connectors.generic.shelf import FOLDER, from_file, shipped, shipped_names
from connectors.generic.walk import Walk
from syncd.sdk.connector import Document
from syncd.sdk.settings import SecretRef

GOOD = (FOLDER / "open_referral_uk.toml").read_text(encoding="utf-8")


def refused(text: str, folder: Path) -> str:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"own\.toml") as caught:
        from_file(path)
    return str(caught.value)


def line_with(text: str, part: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('items = "contents"', 'itms = "contents"', "stream.0.itms: unknown key; did you mean 'items'?"),
        ('items = "contents"', 'items = "contents["', "cannot be read at character 9; allowed: name, *, 0"),
        ('kind = "page"', 'kind = "pages"', "stream.0.paging.kind: Input should be 'single', 'offset'"),
        ('start_param = "page"', "", "kind = 'page' needs start_param"),
        ('policy = "exact"', 'policy = "whole_document"', "total belongs to policy = 'exact' or 'tolerance'"),
        ('total = "total_items"', "", "total belongs to policy"),
        ('format = "json"', 'format = "json"\nroots = ["a"]', "roots is for xml, not for json"),
        ('date = ["iso"]', 'date = ["iso"], pad = 3', "a step has exactly one of"),
        ('date = ["iso"]', 'extract = "(a+)+"', "repeats a group"),
        ('path = "services"', 'path = "services/{mandant}"', "{mandant} is not known; known: nothing"),
        ('path = "services"', 'path = "services/{a.b}"', "braces hold one name"),
        ('path = "services"', 'path = "https://other.example"', "stays below base_url"),
        ('path = "services"', 'path = "a/../b"', "stays below base_url"),
        ('path = "services"', "", "needs either path or discovery"),
        ('title = "name"', 'title = "$region"', "$region is no known fact"),
        (
            'title = "name"',
            'title = { path = "name", constant = "x" }',
            "exactly one of path, constant, fill",
        ),
        ('kind = "unknown_link"', 'kind = "web"', "map.channel.0.kind"),
        ('policy = "flag"', 'policy = "absence"', "flag belongs to policy = 'flag'"),
        ("profile_version = 1", "profile_version = 2", "profile_version: Input should be 1"),
        ("profile_version = 1", 'profile_version = "1', "is not valid TOML"),
        ('key = "id"', 'key = "id"\nduplicates = "newest"', "version belongs to duplicates = 'newest'"),
    ],
)
def test_mistakes_are_named_with_what_is_allowed(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    assert said in refused(text, tmp_path)


def test_mistakes_are_named_with_their_line(tmp_path: Path) -> None:
    text = GOOD.replace('items = "contents"', 'itms = "contents"', 1)
    assert f"own.toml:{line_with(text, 'itms')}: stream.0.itms" in refused(text, tmp_path)
    text = GOOD.replace('kind = "unknown_link"', 'kind = "web"', 1)
    assert f"own.toml:{line_with(text, chr(34) + 'web' + chr(34))}: map.channel.0.kind" in refused(
        text, tmp_path
    )


def test_deletion_needs_proof(tmp_path: Path) -> None:
    text = GOOD.replace('policy = "exact"\ntotal = "total_items"', 'policy = "none"')
    assert "needs a completeness policy that proves something" in refused(text, tmp_path)


def test_files_that_are_no_profile(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        from_file(tmp_path / "absent.toml")
    (tmp_path / "own.toml").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="is not UTF-8 at byte 0"):
        from_file(tmp_path / "own.toml")
    with pytest.raises(ValueError, match="did you mean 'service_bw'"):
        shipped("service_bv")


def settings(**table: Any) -> GenericSettings:
    return GenericSettings.model_validate({"base_url": "https://a.example", **table})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "exactly one of profile, profile_file, definition; here: none"),
        ({"profile": "ldes", "profile_file": "/etc/x.toml"}, "cannot be read"),
        ({"profile": "ldez"}, "did you mean 'ldes'"),
        ({"profile": "ldes"}, "access is 'header': secret must be given"),
        ({"profile": "dldb", "parameters": {"area": "11"}, "secret": "env:X"}, "secret has no use"),
        ({"profile": "dldb"}, "parameters.area is required: ARS or AGS"),
        ({"profile": "dldb", "parameters": {"area": "Berlin"}}, "'Berlin' does not match"),
        ({"profile": "dldb", "parameters": {"area": "11", "x": "1"}}, "does not know x; it knows: area"),
        ({"profile": "spring_page"}, "list the regions of this source"),
        ({"profile": "spring_page", "regions": ["064", "064"]}, "listed twice"),
        ({"profile": "open_referral_uk", "regions": ["064"]}, "does not ask per region"),
        ({"profile": "ldes", "secret": "geheim"}, "never as the value itself"),
    ],
)
def test_settings_that_do_not_fit(table: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**table)
    assert said in str(caught.value)
    assert "geheim" not in str(caught.value).split("input_value")[0]


def test_a_profile_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(GOOD, encoding="utf-8")
    own = settings(profile_file=str(path))
    inline = settings(definition=shipped("open_referral_uk").model_dump(by_alias=True))
    assert (
        own.parse_options() == inline.parse_options() == settings(profile="open_referral_uk").parse_options()
    )


def test_secrets_and_addresses_do_not_travel() -> None:
    told = settings(profile="ldes", secret="env:TOP").parse_options()
    assert "TOP" not in str(told)
    assert "X-API-KEY" not in str(told)
    assert settings(profile="ldes", secret="env:TOP").secret == SecretRef("env:TOP")


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_profiles_say_what_they_rest_on(name: str) -> None:
    profile = shipped(name)
    assert len(profile.note) > 40
    assert profile.title


def test_the_worker_pays_for_no_pydantic() -> None:
    code = f"import sys, {SPEC.parser}; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- walks -------------------------------------------------------------------------------------------
SINCE = shipped("oparl_list").records.since
PAGE = Document("p", Path("p"), "https://a.example", "0" * 64, 1)


def test_positions_name_what_was_read() -> None:
    walks = [Walk.begin(SINCE, "", "one") for _ in range(2)]
    first, second = (walk.step(PAGE, "2026-01-05T00:00:00+00:00") for walk in walks)
    assert first.context == second.context
    assert first.context["position_from"] == ""
    other = Walk.begin(SINCE, "", "one").step(Document("p", Path("p"), "", "1" * 64, 1), "")
    assert other.context["position_to"] != first.context["position_to"]


def test_a_walk_of_changes_continues_and_ends() -> None:
    whole = Walk.begin(SINCE, "", "one")
    position = whole.step(PAGE, "2026-01-05T12:00:00+00:00").context["position_to"]
    for run in range(1, 10):
        walk = Walk.begin(SINCE, position, "one")
        assert (walk.since, walk.prefix) == ("2026-01-04T12:00:00Z", f"changes-{run}-")
        context = walk.step(PAGE, "2026-01-02T00:00:00+00:00").context
        assert context["position_from"] == position
        position = context["position_to"]
    assert Walk.begin(SINCE, position, "one").is_whole
    assert Walk.begin(SINCE, position, "another profile").is_whole


@pytest.mark.parametrize("position", ["", "x", "[]", '{"runs": null, "stamp": 1}', '{"stamp": "bald"}'])
def test_a_position_that_is_not_ours_means_everything(position: str) -> None:
    assert Walk.begin(SINCE, position, "one").is_whole
