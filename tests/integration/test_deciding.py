"""Both doors of decisions beside a running daemon: a pin through the API, everything else by command."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import DaemonProcess, lay_out_demo, replayed_portals, run_syncd, until

TOKEN = "7" * 64


def post(url: str, body: dict[str, str]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - the same
        found: dict[str, Any] = json.loads(response.read())
        return found


@pytest.mark.fault("A13")
def test_what_is_decided_is_published_at_once_on_record_and_can_be_undone(tmp_path: Path) -> None:
    with replayed_portals() as portals:
        config = lay_out_demo(tmp_path, portals)
        settings = config / "syncd.toml"
        operator = '\n[[web.operator]]\nname = "Anna Beispiel"\ntoken = "env:TOKEN_OF_ANNA"\n'
        settings.write_text(settings.read_text() + operator)
        where = ["--config", str(config), "--lang", "en"]
        with DaemonProcess(config, tmp_path / "daemon.log", {"TOKEN_OF_ANNA": TOKEN}) as daemon:
            entry = until(
                lambda: (
                    next((e for e in daemon.get_json("/v1/catalogue?limit=20")["items"] if e["title"]), None)
                    if daemon.get_json("/v1/releases")["items"]
                    else None
                ),
                "an entry",
            )
            key, area, title = entry["service_key"], entry["area"], entry["title"]

            def title_now() -> str:
                found = daemon.get_json(f"/v1/catalogue?service={key}&area={area}")["items"]
                return str(next(e["title"] for e in found if e["area"] == area))

            pin = {"service": key, "area": area, "field": "title", "value": "Von Hand", "until": "2099-12-31"}
            written = post(f"{daemon.url()}/v1/pins", {**pin, "reason": "Der Titel ist falsch."})
            uid = written["judgement"]["uid"]
            # Nobody had to ask for the release.
            until(lambda: title_now() == "Von Hand", "the pinned title")
            (kept,) = json.loads(run_syncd("judge", "list", "--json", *where).stdout)
            assert (kept["uid"], kept["decided_by"], kept["standing"]) == (uid, "Anna Beispiel", "holds")
            told = run_syncd("explain", key, area, "--field", "title", *where)
            assert "Von Hand" in told.stdout
            (listed,) = json.loads(run_syncd("pin", "list", "--json", *where).stdout)
            assert (listed["state"], listed["source_value"]) == ("in_force", title)
            # Beside the daemon, by the user logged in.
            done = run_syncd(
                "pin", "remove", key, area, "title", "--reason", "Doch richtig.", "--json", *where
            )
            assert done.returncode == 0, done.stderr
            assert title_now() == title
            log = json.loads(run_syncd("judge", "show", uid, "--json", *where).stdout)
            assert [one["standing"] for one in log] == ["undone", "holds"]
            assert log[1]["decided_by"] not in {"", "Anna Beispiel"}
            assert json.loads(run_syncd("pin", "list", "--json", *where).stdout) == []
            assert TOKEN not in daemon.log()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["judge", "list", "x"], "no judgement"),
        (["judge", "a", "b", "same"], "a decision needs a reason"),
        (["judge", "a", "b", "same", "--reason", "x"], "neither SOURCE/ID"),
        (["judge", "undo", "0" * 32], "a decision needs a reason"),
        (["conflicts", "decide", "x", "--reason", "x"], "names a conflict and a side"),
        (["conflicts", "--both"], "name the conflict"),
        (["pin", "a", "b", "c", "d", "--reason", "x"], "its last day"),
        (["pin", "a", "b", "c", "d", "--reason", "x", "--until", "tomorrow"], "is no day"),
        (["pin", "remove", "--reason", "x"], "name the pin"),
        (["pin", "remove", "x", "--reason", " \n "], "a decision needs a reason"),
        (["pin", "remove", "x", "--reason", "x" * 3_000], "longer than 2000"),
        (["pin", "remove", "x", "--reason", "x", "--by", "x" * 300], "longer than 100"),
    ],
)
def test_words_that_make_no_sense_are_explained(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from syncd.cli.main import main  # noqa: PLC0415 - heavy

    (tmp_path / "reference").symlink_to(Path(__file__).parents[2] / "config" / "reference")
    (tmp_path / "syncd.toml").write_text(f'[daemon]\ndata_dir = "{tmp_path / "var"}"\n')
    assert main([*words, "--config", str(tmp_path), "--lang", "en"]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "→" in error
