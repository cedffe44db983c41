"""What the daemon needs from its machine is taken away for a while: the database, file descriptors."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from syncd.replay import ReplayServer
from tests.support.daemon import DaemonProcess, fetch, lay_out_demo, replayed_portals, until
from tests.support.postgres import running_server


@pytest.fixture(scope="module")
def portals() -> Iterator[ReplayServer]:
    with replayed_portals() as server:
        yield server


@contextlib.contextmanager
def frozen(home: str) -> Iterator[None]:
    """Stop every process of the cluster in this folder while the block runs; connections stay open."""
    stopped = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() == "postgres" and process.cwd().startswith(home):
                process.suspend()
                stopped.append(process)
    assert len(stopped) > 3
    try:
        yield
    finally:
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


@pytest.mark.fault("D6", "P13")
@pytest.mark.skipif("SYNCD_TEST_PG_URL" in os.environ, reason="a server of others is not stopped")
def test_a_frozen_database_makes_it_unready_and_not_dead(portals: ReplayServer, tmp_path: Path) -> None:
    with running_server() as server:
        url = server.url_of(server.create_database())
        home = parse_qs(urlsplit(url).query)["host"][0]
        config = lay_out_demo(tmp_path, portals, {"database.url": url})
        with DaemonProcess(config, tmp_path / "log") as daemon:
            daemon.wait_for("release_published")
            address = daemon.url()
            with frozen(home):
                began = time.monotonic()
                status, body = fetch(f"{address}/health/ready")
                assert status == 503
                assert json.loads(body)["database"] is False
                assert time.monotonic() - began < 9
                # The event loop lives: it is not the process that is dead.
                for _ in range(5):
                    assert fetch(f"{address}/health/live")[0] == 200
            until(lambda: fetch(f"{address}/health/ready")[0] == 200, "the return of the database")
            runs = len(daemon.events("run_unchanged"))
            daemon.wait_for("run_unchanged", count=runs + 2)
            assert daemon.stop() == 0


@pytest.mark.fault("P3")
def test_too_many_clients_cost_answers_and_never_the_daemon(portals: ReplayServer, tmp_path: Path) -> None:
    config = lay_out_demo(tmp_path, portals)
    with DaemonProcess(config, tmp_path / "log") as daemon, contextlib.ExitStack() as clients:
        daemon.wait_for("release_published")
        address = urlsplit(daemon.url())
        limit = psutil.Process(daemon.process.pid).num_fds() + 60
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        for _ in range(2 * limit):
            client = clients.enter_context(socket.socket())
            client.settimeout(5)
            # Beyond the limit the kernel's queue takes them in, until it is full too.
            with contextlib.suppress(OSError):
                client.connect((address.hostname, address.port))
        time.sleep(3)
        assert daemon.process.poll() is None
        clients.close()
        until(lambda: answers(daemon), "answers after the rush")
        page = daemon.get("/metrics")[1].decode()
        assert f"process_max_fds {limit:.1f}" in page
        assert "process_open_fds" in page
        runs = len(daemon.events("run_unchanged"))
        daemon.wait_for("run_unchanged", count=runs + 4)
        daemon.signal(signal.SIGTERM)
        assert daemon.process.wait(15) == 0


def answers(daemon: DaemonProcess) -> bool:
    try:
        return daemon.get("/health/ready")[0] == 200
    except OSError:
        return False
