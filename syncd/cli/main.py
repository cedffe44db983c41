"""Entry point: find the command, run it, turn errors into words and an exit code; never a traceback.

This module must stay cheap to import: ``syncd --help`` and health checks run often.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from syncd.cli.parser import build_parser
from syncd.errors import ConfigError, NotFound, StorageError, SyncdError

EXIT_OK, EXIT_FINDINGS, EXIT_USAGE, EXIT_STORAGE, EXIT_DEFECT = 0, 1, 2, 3, 4
_SIGINT, _SIGPIPE = 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (``docs/reference/cli.md``)."""
    parsed = build_parser().parse_args(arguments)
    debug = bool(os.environ.get("SYNCD_DEBUG"))
    try:
        module, _, function = parsed.handler.partition(":")
        code: int = getattr(import_module(f"syncd.cli.{module}"), function)(parsed)
        sys.stdout.flush()
    except SyncdError as error:
        if debug:
            raise
        _say(error, as_json=parsed.json, language=parsed.lang)
        return exit_code(error)
    except KeyboardInterrupt:
        return _SIGINT
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Nothing more may be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _SIGPIPE
    except Exception as error:
        if debug:
            raise
        defect = SyncdError(
            f"{type(error).__name__}: {error}",
            code="defect",
            fix="This is a defect of syncd. Repeat with SYNCD_DEBUG=1 and report what it prints.",
        )
        _say(defect, as_json=parsed.json, language=parsed.lang)
        return EXIT_DEFECT
    return code


def exit_code(error: SyncdError) -> int:
    """Return the exit code an error stands for."""
    if isinstance(error, (ConfigError, NotFound)):
        return EXIT_FINDINGS if error.code == "no_release" else EXIT_USAGE
    return EXIT_STORAGE if isinstance(error, StorageError) else EXIT_FINDINGS


def _say(error: SyncdError, *, as_json: bool, language: str) -> None:
    words = None
    if language != "en":
        # Rarely needed and of no use to `syncd --help`.
        from syncd.rules.fault_words import fault_words

        words = fault_words(error.code, language)
    if as_json:
        body = {"code": error.code, "where": error.where, "message": error.message, "fix": error.fix}
        if words:
            body |= {"title": words.title, "cause": words.cause, "fix": words.fix or error.fix}
        print(json.dumps({"error": body}, ensure_ascii=False), file=sys.stderr)
        return
    place = f"{error.where}: " if error.where else ""
    if words:
        # The message keeps the details of this case, which no table can know.
        print(f"syncd: {words.title}. {words.cause} [{error.code}]", file=sys.stderr)
        print(f"  {place}{error.message}", file=sys.stderr)
    else:
        print(f"syncd: {place}{error.message} [{error.code}]", file=sys.stderr)
    if fix := (words and words.fix) or error.fix:
        print(f"  → {fix}", file=sys.stderr)
