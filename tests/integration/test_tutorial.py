"""The tutorial, typed along: its files work, and what it promises comes true."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from syncd.bootstrap.previewing import preview
from syncd.pipeline.preview import Preview
from syncd.settings.load import load_config
from syncd.settings.shipped import shipped_directory
from syncd.storage import open_store
from tests.support.loopback import served_in_thread
from tests.support.paths import REPOSITORY

TEXT = (REPOSITORY / "docs" / "tutorial" / "connect-a-portal.md").read_text("utf-8")
PORTAL = json.loads(re.findall(r"<<'JSON'\n(.*?)\nJSON\n", TEXT, re.DOTALL)[0])
SOURCE, CHANNEL = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "portal"
    folder.mkdir()
    (folder / "services.json").write_text(json.dumps(PORTAL))
    with served_in_thread(partial(Quiet, directory=str(folder))) as address:
        yield folder / "services.json", address


def look(tmp_path: Path, address: str, source: str) -> Preview:
    conf = tmp_path / "conf"
    if not conf.exists():
        shutil.copytree(shipped_directory(), conf)
    (conf / "sources" / "musterstadt.toml").write_text(source.replace("http://127.0.0.1:8099", address))
    config = load_config(conf, {"daemon.data_dir": str(tmp_path / "state")})
    with open_store(f"sqlite:///{tmp_path}/empty.sqlite3") as store:
        return asyncio.run(preview(config, store, "musterstadt", pages=1, limit=10))


def test_typed_along(portal: tuple[Path, str], tmp_path: Path) -> None:
    listing, address = portal
    first = look(tmp_path, address, SOURCE)
    assert [r.service_keys for r in first.records] == [
        ("99102013104000",),
        ("99050012104000",),
        ("local:musterstadt:19",),
    ]
    assert (first.outcome, first.added) == ("accepted", 3)
    assert first.issue_counts == {"unknown_field": 3, "record_without_key": 1}

    key_line, _, rest = CHANNEL.partition("\n")
    assert key_line in SOURCE
    second = look(tmp_path, address, SOURCE.replace(key_line, f"{key_line}\n{rest}"))
    assert [c.evidence for r in second.records for c in r.channels] == ["online_service", "pdf_form"]
    assert second.issue_counts == {"unknown_field": 1, "record_without_key": 1}

    listing.write_text(json.dumps({**PORTAL, "services": PORTAL["services"][:2]}))
    cut = look(tmp_path, address, SOURCE)
    assert cut.outcome == "refused", "the portal announces three and sends two"
