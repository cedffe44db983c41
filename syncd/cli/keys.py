"""Asking a person: one key at a time in a terminal, or lines of standard input.

A key is taken without Enter where the terminal can do that. Must not know what is asked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from syncd.errors import ConfigError


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
            raw = os.read(sys.stdin.fileno(), 1)
            if not raw or raw == b"\x04":
                raise Ended
            # The rest of a letter in UTF-8, or of a key that sends a sequence; what follows is another key.
            more = {0xC: 1, 0xD: 1, 0xE: 2, 0xF: 3}.get(raw[0] >> 4, 0)
            while more and (next_byte := os.read(sys.stdin.fileno(), 1)):
                raw += next_byte
                more -= 1
        return raw.decode(errors="replace").lower()

    def line(self, prompt: str) -> str:
        """Ask for a line, with what the terminal offers for editing it."""
        try:
            return _legible(input(prompt)).strip()
        except EOFError as error:
            raise Ended from error


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
