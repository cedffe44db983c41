"""``syncd review --out-of-scope``: what a source may not speak for is listed, and nothing else is."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from syncd.cli.main import main
from syncd.model.linkage import Linkage, LinkMethod, LinkState
from syncd.pipeline.link_ports import LinkResult
from syncd.settings.load import load_config
from syncd.storage import open_store
from tests.support.paths import REPOSITORY
from tests.support.review_desk import DOG_KEEPING, DOG_TAX, SOURCE, lay_out

TUTORIAL = (REPOSITORY / "docs" / "tutorial" / "connect-a-portal.md").read_text("utf-8")


def narrowed_to(directory: Path, service_key: str) -> list[str]:
    """Configure the source with a scope of one service; returns the command's arguments."""
    found = re.search(r"```toml\n(#:schema.*?)```", TUTORIAL, re.DOTALL)
    assert found is not None
    text = found[1].replace("[scope]\n", f'[scope]\nservices = ["{service_key}"]\n')
    (directory / "sources").mkdir(exist_ok=True)
    (directory / "sources" / f"{SOURCE}.toml").write_text(text)
    return ["review", "--out-of-scope", "--json", "--config", str(directory)]


def test_a_link_the_scope_refuses_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = lay_out(tmp_path)
    with open_store(load_config(directory).database_url) as store:
        (one,) = store.ids_of([(SOURCE, "1")])
        linkage = Linkage(LinkState.LINKED, LinkMethod.SCORED, service_keys=(DOG_TAX,), score=950)
        store.keep_links([LinkResult(one, linkage)], now=datetime.now(UTC))
    capsys.readouterr()
    assert main(narrowed_to(directory, DOG_KEEPING)) == 1
    (found,) = orjson.loads(capsys.readouterr().out)
    assert (found["where"], found["value"]) == (f"{SOURCE}/1", DOG_TAX)
    assert "scope.services" in found["fix"]
    assert main(narrowed_to(directory, DOG_TAX)) == 0
    assert orjson.loads(capsys.readouterr().out) == []
