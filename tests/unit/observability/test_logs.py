"""Log lines: what is hidden, what is escaped, and that nothing about logging stops the daemon."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from syncd.errors import ConfigError
from syncd.observability.handlers import QUEUE_LENGTH, LostLines, SafeStreamHandler, ThreadedHandler
from syncd.observability.logs import configure_logging
from syncd.observability.redaction import HIDDEN, Redactor
from syncd.sdk.settings import SecretRef

CANARY = "canary-9c2e7"


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    # pytest listens on the root logger; configuring replaces and closes what it finds there.
    for handler in handlers:
        root.removeHandler(handler)
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_events_carry_context_and_libraries_take_the_same_way(tmp_path: Path) -> None:
    log = configure_logging(file=tmp_path / "log")
    with structlog.contextvars.bound_contextvars(run_id=7, source="town"):
        structlog.get_logger("a").info("run_accepted", added=3)
    logging.getLogger("library").warning("odd %s", "thing")
    log.close()
    first, second = lines_of(tmp_path / "log")
    assert first | {"at": ""} == {
        "event": "run_accepted",
        "run_id": 7,
        "source": "town",
        "added": 3,
        "level": "info",
        "logger": "a",
        "at": "",
    }
    assert str(first["at"]).endswith("Z")
    assert second["event"] == "odd thing"


@pytest.mark.fault("P6")
@pytest.mark.parametrize("kind", ["json", "console"])
def test_secrets_are_hidden_by_type_name_and_value(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWN_TOKEN", CANARY)
    log = configure_logging(file=tmp_path / "log", format=kind)  # type: ignore[arg-type]
    log.redactor.learn(SecretRef("env:TOWN_TOKEN").reveal())
    structlog.get_logger().warning(
        f"request_failed {CANARY}",
        by_type=SecretStr(CANARY),
        reference=SecretRef("env:TOWN_TOKEN"),
        api_key="a" + CANARY,
        nested={"headers": [{"Authorization": f"Bearer {CANARY}"}, ("x", f"text {CANARY} text")]},
        url="https://user:hidden-pass@portal.example.org/a?token=hidden-too&page=2",
        header="Bearer hidden.bearer.token",
    )
    try:
        raise ValueError(f"cannot use {CANARY}")  # noqa: TRY301 - the trace is what is tested
    except ValueError:
        structlog.get_logger().exception("run_crashed")
    log.close()
    text = (tmp_path / "log").read_text()
    for hidden in (CANARY, "hidden-pass", "hidden-too", "hidden.bearer.token"):
        assert hidden not in text
    assert "page=2" in text
    assert "ValueError" in text
    assert text.count(HIDDEN) >= 7


def test_harmless_names_stay_readable() -> None:
    event = {"key": "99036020001000", "tokens_left": 3, "passed": 5, "secretary": "x", "area_key": "06"}
    assert Redactor()(None, "info", dict(event)) == event


@pytest.mark.fault("P7")
@pytest.mark.parametrize("kind", ["json", "console"])
def test_a_portals_text_cannot_forge_lines_or_steer_terminals(tmp_path: Path, kind: str) -> None:
    log = configure_logging(file=tmp_path / "log", format=kind)  # type: ignore[arg-type]
    structlog.get_logger().info("title_read", title='x\n{"event":"forged"}\r\x1b[2J\u2028\x9b31m')
    log.close()
    data = (tmp_path / "log").read_bytes()
    assert data.count(b"\n") == 1
    assert b"\x1b" not in data
    assert b"\r" not in data


@pytest.mark.fault("D4")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    log = configure_logging(file=Path("/dev/full"))
    for number in range(50):
        structlog.get_logger().info("run_accepted", number=number)
    log.close()
    assert log.lost.count >= 50


@pytest.mark.fault("D4")
def test_a_closed_stream_costs_lines_and_nothing_else() -> None:
    stream = io.StringIO()
    lost = LostLines()
    handler = SafeStreamHandler(stream, lost)
    stream.close()
    handler.emit(logging.makeLogRecord({"msg": "x"}))
    handler.close()
    assert lost.count == 1


def test_a_value_that_cannot_be_rendered_costs_its_line(tmp_path: Path) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    log = configure_logging(file=tmp_path / "log")
    structlog.get_logger().info("bad", value=Broken())
    structlog.get_logger().info("good")
    log.close()
    assert log.lost.count == 1
    assert [line["event"] for line in lines_of(tmp_path / "log")] == ["good"]


def test_rotation_by_rename_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = configure_logging(file=path, threaded=True)
    structlog.get_logger().info("first")
    deadline = time.monotonic() + 5
    while "first" not in path.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    path.rename(tmp_path / "log.1")
    structlog.get_logger().info("second")
    log.close()
    assert [line["event"] for line in lines_of(path)] == ["second"]
    assert log.lost.count == 0


@pytest.mark.fault("D4")
def test_a_pipe_nobody_reads_does_not_block_the_daemon() -> None:
    reader, writer = os.pipe()
    lost = LostLines()
    with os.fdopen(writer, "w") as stream:
        handler = ThreadedHandler(SafeStreamHandler(stream, lost), lost)
        began = time.monotonic()
        for number in range(QUEUE_LENGTH + 5_000):
            handler.emit(logging.makeLogRecord({"msg": "x" * 100, "levelno": 20, "lineno": number}))
        assert time.monotonic() - began < 10
        handler.close()
        assert time.monotonic() - began < 15
        assert lost.count > 0
        # Only now the writer thread may go on and end.
        drain = threading.Thread(target=_drain, args=(reader,))
        drain.start()
        handler._thread.join(10)
    drain.join(10)


def _drain(reader: int) -> None:
    while os.read(reader, 65_536):
        pass
    os.close(reader)


def test_a_log_file_that_cannot_be_opened_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="log file cannot be opened"):
        configure_logging(file=tmp_path / "file" / "log")


@pytest.mark.fault("D4")
def test_a_process_ends_although_its_standard_error_is_gone() -> None:
    script = (
        "import os, structlog\n"
        "from syncd.observability.logs import configure_logging\n"
        "log = configure_logging(threaded=True)\n"
        "os.close(2)\n"
        "structlog.get_logger().info('event')\n"
        "log.close()\n"
        "print(log.lost.count)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (0, "1\n")


class StuckChannel(io.StringIO):
    """Takes nothing until it is opened, then everything."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()
        self.lines: list[str] = []

    def write(self, text: str) -> int:
        self.opened.wait(30)
        self.lines.append(text.rstrip("\n"))
        return len(text)


@pytest.mark.fault("P10")
def test_alarms_wait_for_a_channel_that_is_down_and_the_gap_is_told() -> None:
    channel, lost = StuckChannel(), LostLines()
    root = logging.getLogger()
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
    handler = ThreadedHandler(SafeStreamHandler(channel, lost), lost, length=100, reserve=20)
    root.addHandler(handler)
    root.setLevel("INFO")
    for number in range(500):
        root.info("chatter %d", number)
    for number in range(15):
        root.error("alarm %d", number)
    assert 400 < lost.count < 500, "counted while nobody reads"
    channel.opened.set()
    deadline = time.monotonic() + 10
    while not any("log_lines_lost" in line for line in channel.lines) and time.monotonic() < deadline:
        time.sleep(0.01)
    handler.close()
    assert [line for line in channel.lines if line.startswith("alarm")] == [f"alarm {n}" for n in range(15)]
    (told,) = [line for line in channel.lines if "log_lines_lost" in line]
    assert str(lost.count) in told


@pytest.mark.fault("P10")
def test_a_channel_that_stays_down_costs_no_more_than_its_lines() -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    lost = LostLines()
    root = logging.getLogger()
    handler = ThreadedHandler(SafeStreamHandler(Broken(), lost), lost)
    root.addHandler(handler)
    for _ in range(20):
        root.error("alarm")
    handler.close()
    assert lost.count == 20
