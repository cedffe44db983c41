"""Log lines: structlog for who writes them, the standard library's handlers for where they go.

One event per noteworthy thing, named noun_past_participle, with the keys ``run_id``, ``source`` and
``release`` where they apply. Lines of libraries take the same way. This module must not know any event.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
import structlog

from syncd.observability.handlers import LostLines, SafeFileHandler, SafeStreamHandler, ThreadedHandler
from syncd.observability.redaction import Redactor

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_QUIET = {
    "apscheduler": logging.ERROR,
    # Every request would be a line; they are counted as metrics instead.
    "aiohttp.access": logging.WARNING,
    "asyncio": logging.WARNING,
    "alembic": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "stamina": logging.WARNING,
}


@dataclass(frozen=True, slots=True)
class Logging:
    """A configured log. ``close`` writes out what is queued."""

    lost: LostLines
    redactor: Redactor
    close: Callable[[], None]


def configure_logging(
    *,
    format: Literal["json", "console"] = "json",  # noqa: A002 - the name operators write in syncd.toml
    level: str = "info",
    file: Path | None = None,
    threaded: bool = False,
    redactor: Redactor | None = None,
) -> Logging:
    """Send all log lines of this process to a file or to standard error.

    ``threaded`` is for the daemon: lines are written by a thread, so that a blocked disk or pipe never blocks
    the event loop. Raises ConfigError when the file cannot be opened. Calling again replaces the old log.
    """
    lost, hide = LostLines(), redactor or Redactor()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            hide,
            *_renderers(format),
        ],
    )
    target = SafeFileHandler(file, lost) if file is not None else SafeStreamHandler(sys.stderr, lost)
    handler: logging.Handler = ThreadedHandler(target, lost) if threaded else target
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, root.level))
    logging.captureWarnings(capture=True)

    def close() -> None:
        root.removeHandler(handler)
        handler.close()

    return Logging(lost, hide, close)


def _renderers(kind: str) -> list[Any]:
    if kind == "json":
        return [structlog.processors.JSONRenderer(serializer=_json)]
    colours = sys.stderr.isatty()
    return [_escape, structlog.dev.ConsoleRenderer(colors=colours, timestamp_key="at", pad_event_to=0)]


def _json(event: Any, **_: Any) -> str:  # noqa: ANN401 - the signature structlog calls
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _escape(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Make control characters visible: a portal's text must not forge lines or steer a terminal."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":
            event[key] = _CONTROL.sub(
                lambda found: found[0].encode("unicode_escape").decode(), value
            ).replace("\n", "\\n")
    return event
