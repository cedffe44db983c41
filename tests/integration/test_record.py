"""Recording a portal and replaying it: same documents, no secret, nothing left of a refused recording."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from syncd.bootstrap.recording import record
from syncd.errors import ConfigError, SourceUnavailable
from syncd.replay import ReplayServer, load_recordings
from syncd.replay.writing import RecordingWriter
from syncd.settings.config import Config
from syncd.settings.load import load_config
from syncd.settings.shipped import shipped_directory
from tests.support.replayed import replayed

DAY = date(2026, 11, 22)


def config_for(server: ReplayServer) -> Config:
    """The shipped source of the Bund, led to a portal on loopback."""
    config = load_config(shipped_directory())
    source = config.sources["pvog-bund"]
    limits = source.file.limits.model_copy(update={"allow_private": True})
    moved = replace(
        source,
        file=source.file.model_copy(update={"limits": limits}),
        settings=source.settings.model_copy(update={"base_url": server.base_url("pvog-bund-2025-01-20")}),
    )
    return replace(config, sources={"pvog-bund": moved})


def test_a_recording_replays_what_the_portal_said(tmp_path: Path) -> None:
    with replayed(shipped_directory() / "recordings") as portal:
        config = config_for(portal)
        report = record(config, "pvog-bund", tmp_path / "out", today=DAY)
    assert report.replayed
    assert (report.answers, report.documents) == (1, 1)
    recording = load_recordings(tmp_path / "out")["pvog-bund-2026-11-22"]
    (route,) = recording.routes
    assert route.query == {"ars": "000000000000"}
    assert route.body().count(b"\n") > 900
    assert not list((tmp_path / "out").glob(".recording-*")), "no draft is left"
    with replayed(shipped_directory() / "recordings") as portal, pytest.raises(ConfigError, match="exists"):
        record(config_for(portal), "pvog-bund", tmp_path / "out", today=DAY)


def test_a_portal_that_is_down_leaves_nothing(tmp_path: Path) -> None:
    with replayed(shipped_directory() / "recordings") as portal:
        config = config_for(portal)
        portal.set_faults({"*": "error500"})
        with pytest.raises(SourceUnavailable):
            record(config, "pvog-bund", tmp_path / "out", today=DAY)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("path", "query", "body", "headers"),
    [
        ("/a", {"key": "gen heim"}, b"{}", {}),
        ("/a", {}, b'{"echo": "gen heim"}', {}),
        ("/a", {}, b"x?key=gen%20heim", {}),
        ("/a", {}, b"{}", {"x-echo": "gen heim"}),
    ],
)
def test_a_secret_is_never_recorded(
    path: str, query: dict[str, str], body: bytes, headers: dict[str, str], tmp_path: Path
) -> None:
    writer = RecordingWriter(tmp_path / "r", "t", "https://a.example", secrets=["gen heim"])
    with pytest.raises(ConfigError) as caught:
        writer.add(path, query, body, content_type="text/plain", headers=headers)
    assert caught.value.code == "secret_in_recording"
    assert "gen heim" not in str(caught.value)
    assert not (tmp_path / "r").exists()


async def test_links_of_a_recording_lead_to_the_replay(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "portal", 'Ti"tel\n', "https://live.example/api", recorded_on=DAY)
    body = json.dumps({"next": "https://live.example/api/v1?page=2"}).encode()
    escaped = body.replace(b"/", b"\\/")
    assert writer.add("/v1", {}, body, content_type="application/json", headers={"total-item-count": "2"})
    assert writer.add("/v1", {"page": "2"}, escaped, content_type="application/json")
    assert not writer.add("/v1", {}, body, content_type="application/json")
    writer.close()
    async with ReplayServer(tmp_path) as server:
        reader, out = await asyncio.open_connection("127.0.0.1", server.port)
        for path in ("/portal/v1", "/portal/v1?page=2"):
            out.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        out.write(b"POST /_replay/token HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        said = b""
        while b"access_token" not in said:
            said += await asyncio.wait_for(reader.read(65_536), 5)
        out.close()
        base = server.base_url("portal")
    assert f'"{base}/v1?page=2"'.encode() in said
    assert base.replace("/", "\\/").encode() in said
    assert b"total-item-count: 2" in said
    assert b"live.example" not in said
