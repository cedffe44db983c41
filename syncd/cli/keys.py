"""Asking a person: one key at a time in a terminal, or lines of standard input.

A key is taken without Enter where the terminal can do that. Must not know what is asked.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from syncd.errors import ConfigError

_STEP_S = 0.2
_LONGEST_LINE = 4_096
"""Bytes; a terminal hands over no longer line (POSIX: MAX_CANON)."""
_CTRL_D = b"\x04"


class Ended(Exception):
    """Standard input has ended."""


class Keys(Protocol):
    """Where answers come from."""

    def key(self) -> str:
        """Return the next key in lower case; raises Ended, and KeyboardInterrupt for Ctrl-C."""
        ...

    def line(self, prompt: str) -> str:
        """Ask for a line of text and return it without blanks around; raises Ended."""
        ...


def keys_of(*, lines: bool) -> Keys:
    """Return the keys of this terminal; with ``lines`` standard input is read by lines, whatever it is.

    Raises ConfigError ``no_terminal`` where nobody can be asked.
    """
    if lines:
        return Lines()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError(
            "this command asks questions, and there is no terminal",
            where="review",
            code="no_terminal",
            fix="Run it in a terminal, print the queue with --json, or send answers as lines with --lines.",
        )
    return Lines() if os.environ.get("TERM", "dumb") == "dumb" or not _has_termios() else SingleKeys()


def _has_termios() -> bool:
    try:
        import termios  # noqa: F401 - only whether it is there
    except ImportError:
        return False
    return True


class Lines:
    """One answer per line; the first character of a line is the key."""

    def key(self) -> str:
        """Return the first character of the next line that has one."""
        while True:
            if text := self.line("> "):
                return text[0].lower()

    def line(self, prompt: str) -> str:
        """Ask for a line."""
        print(prompt, end="", flush=True)
        text = sys.stdin.readline()
        if not text:
            print()
            raise Ended
        return _legible(text).strip()


class SingleKeys:
    """Single keys without Enter; the terminal is put back after each."""

    def key(self) -> str:
        """Return the next key."""
        with _without_enter():
            raw = _read(1)
            # The rest of a letter in UTF-8; what else a key sends is another key.
            for _ in range({0xC: 1, 0xD: 1, 0xE: 2, 0xF: 3}.get(raw[0] >> 4, 0)):
                raw += _read(1)
        if raw == _CTRL_D:
            raise Ended
        return raw.decode(errors="replace").lower()

    def line(self, prompt: str) -> str:
        """Ask for a line; the terminal itself offers to correct it."""
        print(prompt, end="", flush=True)
        return _legible(_read(_LONGEST_LINE).decode(errors="replace")).strip()


def _read(size: int) -> bytes:
    """Read from the terminal; raises Ended, and KeyboardInterrupt for Ctrl-C.

    Waiting is done in short steps: a signal that arrives just before a plain read would be seen after it.
    """
    descriptor = sys.stdin.fileno()
    while not select.select([descriptor], [], [], _STEP_S)[0]:
        pass
    raw = os.read(descriptor, size)
    if not raw:
        raise Ended
    return raw


def _legible(text: str) -> str:
    """Return a text that can be stored: no control characters, no halves of letters."""
    whole = text.encode("utf-8", "replace").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in whole)


@contextmanager
def _without_enter() -> Iterator[None]:
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        # Ctrl-C keeps its meaning.
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
