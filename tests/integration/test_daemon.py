"""The daemon as a process of its own: start, stop, reload, crash, and what it tells its supervisor."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from syncd.replay import ReplayServer
from tests.support.daemon import PORTALS, DaemonProcess, lay_out_demo, replayed_portals, run_syncd, until

BUND = PORTALS["pvog-bund"]


@pytest.fixture(scope="module")
def portals() -> Iterator[ReplayServer]:
    with replayed_portals() as server:
        yield server


@pytest.fixture(autouse=True)
def _healthy(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "portals" in request.fixturenames:
        request.getfixturevalue("portals").set_faults({"*": "none"})


def daemon_on(config: Path, **environment: str) -> DaemonProcess:
    return DaemonProcess(config, config.parent / "daemon.log", environment)


def marked_days(folder: Path) -> int:
    """On how many days upkeep was done."""
    with closing(sqlite3.connect(folder / "state" / "syncd.sqlite3")) as raw:
        return int(raw.execute("SELECT count(*) FROM day_mark").fetchone()[0])


def outcome_of(daemon: DaemonProcess, source: str) -> str:
    sources = daemon.get_json("/v1/sources")["items"]
    return str(next(s["outcome"] for s in sources if s["source_id"] == source))


@pytest.mark.fault("P1")
def test_it_publishes_serves_and_ends_within_ten_seconds(portals: ReplayServer, tmp_path: Path) -> None:
    with daemon_on(lay_out_demo(tmp_path, portals)) as daemon:
        daemon.wait_for("release_published")
        assert daemon.get_json("/health/ready")["release"]["number"] >= 1
        # Upkeep belongs to the schedule: it counts the days from the first one on.
        until(lambda: marked_days(tmp_path) == 1, "the first day of upkeep")
        assert daemon.stop() == 0
        assert "Traceback" not in daemon.log()
    with daemon_on(lay_out_demo(tmp_path, portals, {"sources.pvog-bund.interval": "1d"})) as daemon:
        portals.set_faults({"*": "down"})
        # The last release is served at once, before any portal was asked.
        assert daemon.get_json("/health/ready")["release"]["number"] >= 1


@pytest.mark.fault("P1", "C8")
@pytest.mark.parametrize("mood", ["hang", "slow"])
def test_a_stop_cuts_the_network_and_the_run_is_repeated(
    portals: ReplayServer, tmp_path: Path, mood: str
) -> None:
    config = lay_out_demo(tmp_path, portals, {"sources.pvog-bund.interval": "1d"})
    portals.set_faults({BUND: mood})
    with daemon_on(config) as daemon:
        daemon.wait_for("release_published")
        until(lambda: "pvog-bund" in daemon.get_json("/health/ready")["facts"]["running"], "a hanging run")
        began = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - began < 10
        portals.set_faults({BUND: "none"})
        daemon.start()
        # Its interval is a day, but a run that was cut off is due at once.
        daemon.wait_for("run_accepted", source="pvog-bund")
        assert "Traceback" not in daemon.log()
    runs = json.loads(run_syncd("runs", "--source", "pvog-bund", "--json", "--config", str(config)).stdout)
    assert [run["outcome"] for run in runs] == ["accepted", "interrupted"]


@pytest.mark.fault("P1")
def test_a_second_signal_ends_at_once(portals: ReplayServer, tmp_path: Path) -> None:
    portals.set_faults({BUND: "hang"})
    with daemon_on(lay_out_demo(tmp_path, portals)) as daemon:
        daemon.url()
        daemon.signal(signal.SIGTERM)
        daemon.signal(signal.SIGTERM)
        assert daemon.process.wait(3) in {0, 128 + signal.SIGTERM}


@pytest.mark.fault("C8")
def test_kill_9_leaves_no_process_and_no_open_run(portals: ReplayServer, tmp_path: Path) -> None:
    portals.set_faults({BUND: "hang"})
    with daemon_on(lay_out_demo(tmp_path, portals, {"sources.pvog-bund.interval": "1d"})) as daemon:
        daemon.wait_for("release_published")
        children = psutil.Process(daemon.process.pid).children(recursive=True)
        daemon.kill()
        until(lambda: not any(child.is_running() for child in children), "the end of all children")
        portals.set_faults({BUND: "none"})
        daemon.start()
        daemon.wait_for("run_interrupted", source="pvog-bund")
        daemon.wait_for("run_accepted", source="pvog-bund")


@pytest.mark.fault("P4")
def test_reload_takes_a_good_configuration_and_refuses_a_bad_one(
    portals: ReplayServer, tmp_path: Path
) -> None:
    config = lay_out_demo(tmp_path, portals)
    with daemon_on(config) as daemon:
        daemon.wait_for("release_published")
        path = config / "sources" / "pvog-bund.toml"
        good = path.read_text()
        path.write_text(good.replace('title = "PVOG Suchdienst, Bund"', 'title = "The Bund"'))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for("config_reloaded")

        def titles() -> list[str]:
            return [source["title"] for source in daemon.get_json("/v1/sources")["items"]]

        assert "The Bund" in titles()
        path.write_text(f"intervall = 3\n{good}")
        daemon.signal(signal.SIGHUP)
        refused = daemon.wait_for("config_refused")
        assert "sources/pvog-bund.toml:1" in refused["reason"]
        assert "did you mean 'interval'?" in refused["reason"]
        assert "The Bund" in titles()
        runs = len(daemon.events("run_unchanged"))
        daemon.wait_for("run_unchanged", count=runs + 2)
        assert daemon.get("/health/ready")[0] == 200
        path.unlink()
        daemon.signal(signal.SIGHUP)
        daemon.wait_for("config_reloaded", count=2)
        assert "The Bund" not in titles()


@pytest.mark.fault("D10")
def test_two_daemons_on_one_state_folder_are_refused(portals: ReplayServer, tmp_path: Path) -> None:
    config = lay_out_demo(tmp_path, portals)
    with daemon_on(config) as daemon:
        daemon.url()
        second = run_syncd("run", "--config", str(config))
        assert second.returncode == 2
        assert "daemon_running" in second.stderr
        assert "Traceback" not in second.stderr


def test_a_taken_port_is_a_clear_refusal(portals: ReplayServer, tmp_path: Path) -> None:
    config = lay_out_demo(tmp_path, portals, {"web.port": portals.port})
    done = run_syncd("run", "--config", str(config))
    assert done.returncode == 2
    assert "address_unusable" in done.stderr
    assert "in use" in done.stderr


@pytest.mark.fault("C6")
def test_a_source_in_progress_is_not_run_twice(portals: ReplayServer, tmp_path: Path) -> None:
    portals.set_faults({BUND: "hang"})
    config = lay_out_demo(tmp_path, portals)
    with daemon_on(config) as daemon:
        daemon.wait_for("release_published")
        until(lambda: "pvog-bund" in daemon.get_json("/health/ready")["facts"]["running"], "a hanging run")
        done = run_syncd("sync", "pvog-bund", "--config", str(config))
        assert done.returncode == 3
        assert "source_busy" in done.stderr
        daemon.wait_for("run_skipped", source="pvog-bund")


def test_a_command_beside_the_daemon_publishes_too(portals: ReplayServer, tmp_path: Path) -> None:
    config = lay_out_demo(tmp_path, portals, {"sources.pvog-wiesbaden.interval": "1d"})
    with daemon_on(config) as daemon:
        daemon.wait_for("run_accepted", source="pvog-wiesbaden")
        done = run_syncd("sync", "pvog-wiesbaden", "--json", "--config", str(config))
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)[0]["outcome"] == "unchanged"
        check = run_syncd("rebuild", "--check", "--json", "--config", str(config))
        assert check.returncode == 0, check.stdout


def test_systemd_hears_ready_watchdog_and_stopping(portals: ReplayServer, tmp_path: Path) -> None:
    config = lay_out_demo(tmp_path, portals)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(30)
        with daemon_on(config, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="1000000") as daemon:
            heard = [supervisor.recv(1_000).decode()]
            assert heard == ["READY=1"]
            while "WATCHDOG=1" not in heard or not any(h.startswith("STATUS=release") for h in heard):
                heard.append(supervisor.recv(1_000).decode())
            daemon.signal(signal.SIGTERM)
            while heard[-1] != "STOPPING=1":
                heard.append(supervisor.recv(1_000).decode())
            assert daemon.process.wait(10) == 0


@pytest.mark.fault("D4", "P10")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_log_disk_does_not_stop_it(portals: ReplayServer, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = lay_out_demo(tmp_path, portals, {"log.file": "/dev/full", "web.port": port})
    with daemon_on(config) as daemon:

        def lost() -> float:
            from tests.support.daemon import fetch  # noqa: PLC0415 - only here without a log to read the port from

            try:
                _, page = fetch(f"http://127.0.0.1:{port}/metrics")
            except OSError:
                return 0.0
            lines = page.decode().splitlines()
            released = any(line.startswith("syncd_release_number ") and line[-2:] != " 0" for line in lines)
            return max(float(x.split()[1]) for x in lines if x.startswith("syncd_log_lines_lost ")) * released

        assert until(lost, "lost lines and a release") > 0
        assert daemon.stop() == 0


def test_once_brings_everything_up_to_date_and_ends(portals: ReplayServer, tmp_path: Path) -> None:
    config = lay_out_demo(tmp_path, portals)
    done = run_syncd("run", "--once", "--json", "--config", str(config))
    assert done.returncode == 0, done.stderr
    assert {run["source_id"]: run["outcome"] for run in json.loads(done.stdout)} == {
        "pvog-bund": "accepted",
        "pvog-wiesbaden": "accepted",
    }
    assert marked_days(tmp_path) == 1
    portals.set_faults({BUND: "html"})
    done = run_syncd("run", "--once", "--config", str(config))
    assert done.returncode == 1


def test_last_months_report_is_written_while_it_serves(portals: ReplayServer, tmp_path: Path) -> None:
    wanted = {"reports.keep": ["pilots"], "reports.formats": ["md"], "reports.languages": ["de"]}
    config = lay_out_demo(tmp_path, portals, wanted)
    assert run_syncd("run", "--once", "--config", str(config)).returncode == 0
    with closing(sqlite3.connect(tmp_path / "state" / "syncd.sqlite3")) as raw:
        # Whatever day it is, forty days ago was a month that has ended.
        raw.execute("UPDATE release SET published_at = datetime(published_at, '-40 days') || '.000000'")
        raw.commit()
    with daemon_on(config) as daemon:
        kept = daemon.wait_for("reports_kept")
        (told,) = daemon.get_json("/v1/kept-reports?subject=pilots")["items"]
        assert (told["period"], told["release"]) == (kept["period"], kept["release"])
        status, body = daemon.get(f"/v1/kept-reports/{told['report']}")
        assert (status, len(body)) == (200, told["size"])
        assert body.decode().startswith("# Lückenbericht: Die sechs Pilotkommunen")
        assert daemon.stop() == 0
        assert "report_not_kept" not in daemon.log()
