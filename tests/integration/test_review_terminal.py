"""The review queue in a real terminal, by lines of standard input, and as JSON."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from syncd.model.judgement import Judgement
from syncd.rules.judgements import active
from tests.support.review_desk import DOG_KEEPING, DOG_TAX, copied, lay_out, log_of

PATIENCE_S = 60
FIRST, SECOND = "record:musterstadt/1", "record:musterstadt/2"


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("review")
    lay_out(folder)
    return folder


@pytest.fixture
def directory(laid_out: Path, tmp_path: Path) -> Path:
    return copied(laid_out, tmp_path / "own")


def command(directory: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "syncd.cli", "review", "--config", str(directory), *more]


@dataclass
class Terminal:
    """A program in a pseudo terminal; reads what it shows and types."""

    descriptor: int
    process: int
    seen: str = ""
    _read_up_to: int = field(default=0)

    def expect(self, text: str) -> None:
        """Wait until a text is shown after the last one waited for."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := self.seen.find(text, self._read_up_to)) < 0:
            assert time.monotonic() < deadline, f"no {text!r} in {self.seen[self._read_up_to :]!r}"
            if select.select([self.descriptor], [], [], 1)[0]:
                try:
                    more = os.read(self.descriptor, 65_536)
                except OSError:
                    more = b""
                assert more, f"ended without {text!r}: {self.seen[self._read_up_to :]!r}"
                self.seen += more.decode(errors="replace")
        self._read_up_to = found + len(text)

    def type(self, text: str) -> None:
        """Type keys."""
        os.write(self.descriptor, text.encode())

    def end(self) -> int:
        """Wait for the end; returns the exit status."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with suppress(OSError):
                if select.select([self.descriptor], [], [], 0.1)[0]:
                    self.seen += os.read(self.descriptor, 65_536).decode(errors="replace")
            gone, status = os.waitpid(self.process, os.WNOHANG)
            if gone:
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"does not end: {self.seen[-500:]!r}")


@contextmanager
def terminal(arguments: list[str], **environment: str) -> Iterator[Terminal]:
    """Run a program in a pseudo terminal of 100 columns."""
    process, descriptor = pty.fork()
    if process == 0:
        # Whoever runs the tests in the background has Ctrl-C ignored; a person's shell has not.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        surroundings = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "50", **environment}
        for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
            if name not in environment:
                surroundings.pop(name, None)
        os.execve(arguments[0], arguments, surroundings)  # noqa: S606 - the interpreter that runs the tests
    shown = Terminal(descriptor, process)
    try:
        yield shown
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(process, 0)
        os.close(descriptor)


def said(log: Iterable[Judgement]) -> list[tuple[str, str, str, str]]:
    return [(j.answer, j.subject, j.object, j.reason) for j in log]


def test_keys_are_taken_without_enter_and_kept_at_once(  # noqa: PLR0915 - one sitting
    directory: Path, tmp_path: Path
) -> None:
    """One sitting with everything; afterwards a shell in the same terminal echoes again."""
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    line = " ".join(command(directory, "--lang", "en", "--by", "Anna"))
    with terminal(["/bin/sh", "-c", f"{line}; echo status $?; stty -a"], BROWSER=str(browser)) as shown:
        shown.expect("candidate 1 of 2")
        shown.expect("Hund anmelden")
        shown.expect("The titles share: anmelden hund")
        shown.expect("? help")
        # What changes nothing.
        shown.type("z")
        shown.expect("Nothing has been decided in this session yet.")
        shown.type("o")
        shown.expect("https://musterstadt.example/1\r\n")
        shown.type("y")
        shown.expect("reason: ")
        shown.type("\n")
        shown.expect("Nothing is decided without a reason.")
        shown.expect("reason: ")
        shown.type("  \n")
        shown.expect("not decided")
        assert log_of(directory) == []
        # A reason is offered again; the second answer is taken back at once.
        shown.type("n")
        shown.expect("reason: ")
        shown.type("about the täx\n")
        shown.expect("kept: different")
        assert said(log_of(directory)) == [("different", FIRST, f"service:{DOG_TAX}", "about the täx")]
        shown.expect("candidate 2 of 2")
        shown.type("y")
        shown.expect("reason [about the täx]: ")
        shown.type("\n")
        shown.expect("kept: same")
        # The second record: control characters of a portal and square brackets are shown as they are.
        shown.expect("Hundehaltung [anzeigen] [2J")
        shown.expect("? help")
        shown.type("z")
        shown.expect("taken back")
        shown.expect("candidate 2 of 2")
        shown.type("u")
        shown.expect("reason [about the täx]: ")
        shown.type("the town has to say\n")
        shown.expect("kept: unsure")
        shown.expect("? help")
        shown.type("?")
        shown.expect("Ctrl-C")
        shown.type("2")
        shown.expect("candidate 2 of 2")
        shown.type("s")
        shown.expect("End of the queue.")
        shown.expect("3 decisions kept, 1 taken back.")
        shown.expect("status 0")
        shown.expect(" icanon")
        shown.expect(" echo ")
        shown.end()
    assert opened.read_text().strip() == "https://musterstadt.example/1"
    log = log_of(directory)
    assert [j.kind.value for j in log] == ["link", "link", "undo", "link"]
    assert {j.decided_by for j in log} == {"Anna"}
    assert said(active(log)) == [
        ("different", FIRST, f"service:{DOG_TAX}", "about the täx"),
        ("unsure", FIRST, f"service:{DOG_KEEPING}", "the town has to say"),
    ]


@pytest.mark.parametrize("in_reason", [False, True], ids=["at a key", "in a reason"])
def test_after_ctrl_c_what_was_judged_stays_and_nothing_is_half(directory: Path, *, in_reason: bool) -> None:
    with terminal(command(directory, "--lang", "de")) as shown:
        shown.expect("Vorschlag 1 von 2")
        shown.type("n")
        shown.expect("Begründung: ")
        shown.type("die Steuer ist gemeint\n")
        shown.expect("festgehalten: verschieden")
        shown.expect("Vorschlag 2 von 2")
        if in_reason:
            shown.type("j")
            shown.expect("Begründung [die Steuer ist gemeint]: ")
            shown.type("das bleibt ungesagt")
        shown.type("\x03")
        shown.expect("1 Entscheidungen festgehalten")
        shown.expect("nächsten Veröffentlichung")
        assert shown.end() == 130
        assert "Traceback" not in shown.seen
    assert said(log_of(directory)) == [
        ("different", FIRST, f"service:{DOG_TAX}", "die Steuer ist gemeint"),
    ]
    # What was answered is not asked again, although no release has been made since.
    queue = json.loads(run(directory, "--json").stdout)
    assert [len(item["candidates"]) for item in queue] == [1, 2]


# --- without a terminal -----------------------------------------------------------------------------------


def run(directory: Path, *more: str, answers: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(directory, *more), input=answers, capture_output=True, text=True, timeout=120, check=False
    )


def test_without_a_terminal_it_says_what_to_do_instead(directory: Path) -> None:
    done = run(directory, "--lang", "en")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "no terminal" in done.stderr
    assert "--json" in done.stderr
    assert "--lines" in done.stderr


def test_answers_may_come_line_by_line(directory: Path) -> None:
    answers = "n\nthe tax is meant\ny\n\ny\nalso the tax\n"
    done = run(directory, "--lines", "--lang", "en", answers=answers)
    assert done.returncode == 0, done.stderr
    assert "End of the queue." in done.stdout
    assert said(log_of(directory)) == [
        ("different", FIRST, f"service:{DOG_TAX}", "the tax is meant"),
        ("same", FIRST, f"service:{DOG_KEEPING}", "the tax is meant"),
        ("same", SECOND, f"service:{DOG_TAX}", "also the tax"),
    ]
    assert json.loads(run(directory, "--json").stdout) == []


@pytest.mark.parametrize(("answers", "kept"), [("y\nwhy", 1), ("\n\nx\n9\ny\n\x00\x1b\n\n", 0)])
def test_lines_that_end_early_keep_what_was_said(directory: Path, answers: str, kept: int) -> None:
    done = run(directory, "--lines", answers=answers)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert len(log_of(directory)) == kept


def test_the_queue_as_json_has_reasons_in_words(directory: Path) -> None:
    done = run(directory, "--json", "--lang", "de")
    first, second = json.loads(done.stdout)
    assert (first["node"], second["node"]) == (FIRST, SECOND)
    assert [c["service_key"] for c in first["candidates"]] == [DOG_TAX, DOG_KEEPING]
    assert first["candidates"][0]["name"] == "Hundesteuer Festsetzung"
    assert first["candidates"][0]["reasons"][0]["text"] == "Im Titel stimmen überein: anmelden hund"


def test_only_one_source(directory: Path) -> None:
    done = run(directory, "--json", "--source", "anderswo")
    assert done.returncode == 2
    assert "anderswo" in done.stderr
