"""What a source would bring: shown with verdict and difference, and provably nothing is written."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.bootstrap import build_application
from syncd.bootstrap.previewing import preview
from syncd.cli.preview import _print as show
from syncd.errors import NotFound, SourceFormatError, SourceUnavailable
from syncd.model.evidence import ChannelKind
from syncd.pipeline.preview import Preview
from syncd.pipeline.preview import _record as shown_as
from syncd.replay import ReplayServer
from syncd.settings.config import Config
from syncd.settings.load import load_config
from syncd.settings.shipped import shipped_directory
from syncd.storage import open_store
from tests.support.miniature import channel, claim
from tests.support.replayed import replayed

RECORDINGS = shipped_directory() / "recordings"


def config_for(server: ReplayServer, data_dir: Path) -> Config:
    config = load_config(shipped_directory(), {"daemon.data_dir": str(data_dir)})
    source = config.sources["pvog-bund"]
    limits = source.file.limits.model_copy(update={"allow_private": True})
    base_url = server.base_url("pvog-bund-2025-01-20")
    moved = replace(
        source,
        file=source.file.model_copy(update={"limits": limits}),
        settings=source.settings.model_copy(update={"base_url": base_url}),
    )
    return replace(config, sources={"pvog-bund": moved})


def fingerprints(folder: Path) -> Mapping[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def looked_at(config: Config, **more: int | None) -> Preview:
    wanted: dict[str, int | None] = {"pages": None, "limit": 3, **more}
    with open_store(config.database_url) as store:
        ahead = preview(config, store, "pvog-bund", pages=wanted["pages"], limit=wanted["limit"] or 0)
        return asyncio.run(ahead)


async def synced(config: Config) -> None:
    async with build_application(config) as app:
        await app.sync("pvog-bund")
        await app.rebuild()


def test_nothing_is_written_and_the_difference_is_told(data_dir: Path) -> None:
    with replayed(RECORDINGS) as server:
        config = config_for(server, data_dir)
        asyncio.run(synced(config))
        before = fingerprints(data_dir)
        same = looked_at(config)
        assert (same.outcome, same.added, same.changed, same.absent) == ("unchanged", 0, 0, 0)
        assert same.unchanged == same.stored == 911
        assert same.partial is False
        server.set_faults({"*": "shrunken"})
        shrunken = looked_at(config)
        assert (shrunken.outcome, shrunken.absent > 500) == ("refused", True)
        assert shrunken.fix
        assert shrunken.examples_absent
        server.set_faults({"*": "html"})
        with pytest.raises(SourceFormatError):
            looked_at(config)
        server.set_faults({"*": "error500"})
        with pytest.raises(SourceUnavailable):
            looked_at(config)
        assert fingerprints(data_dir) == before, "a preview writes nothing"


def test_before_the_first_run_everything_is_new(data_dir: Path) -> None:
    with replayed(RECORDINGS) as server:
        config = config_for(server, data_dir)
        found = looked_at(config, pages=1)
    assert (found.outcome, found.stored, found.added) == ("accepted", 0, 911)
    assert found.partial is False, "one document was all there is"
    assert len(found.records) == 3
    assert found.more_records == 908
    record = found.records[0]
    assert record.areas == ("00",)
    assert all(len(key) == 14 for key in record.service_keys)
    with open_store(config.database_url) as store, pytest.raises(NotFound):
        asyncio.run(preview(config, store, "nobody", pages=1, limit=1))


def test_all_rejected_records_are_counted_where_only_the_first_are_shown(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with replayed(RECORDINGS) as server:
        found = looked_at(config_for(server, data_dir), pages=1)
    one = {"where": "/3", "code": "id_absent", "message": "no id", "raw": "{}"}
    found = replace(found, rejected=(one,), rejected_count=500)
    show(argparse.Namespace(json=False, limit=None), found)
    assert "rejected\t500" in capsys.readouterr().out


def test_a_connector_that_wants_more_is_stopped(data_dir: Path) -> None:
    with replayed(RECORDINGS) as server:
        config = config_for(server, data_dir)
        source = config.sources["pvog-bund"]
        regions = source.settings.model_copy(update={"regions": ("000000000000", "064140000000")})
        two = replace(config, sources={"pvog-bund": replace(source, settings=regions)})
        first = looked_at(two, pages=1)
        assert first.partial
        assert (first.absent, len(first.documents)) == (0, 1)
        # The second region is not recorded: had it been asked for, this would have failed.
        with pytest.raises((SourceUnavailable, SourceFormatError)):
            looked_at(two, pages=None)


def test_a_form_for_another_act_is_shown_as_what_it_proves() -> None:
    link = channel(ChannelKind.ONLINE_SERVICE, "olav/verlust")
    passport = claim("portal", "1", "99085001012000", "06", link, title="Reisepass")
    (shown,) = shown_as((passport,)).channels
    assert (shown.evidence, shown.rule) == ("description", "address.other_act")
    (shown,) = shown_as((replace(passport, title="Reisepass nach Verlust"),)).channels
    assert shown.evidence == "online_service"
