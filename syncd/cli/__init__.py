"""The command line: what operators type. Each command imports what it needs when it runs, and not before."""

from syncd.cli.main import main

__all__ = ["main"]
