"""What commands that look have in common: the configuration, the release asked for, the area meant."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from syncd.errors import ConfigError

if TYPE_CHECKING:
    from syncd.pipeline.ask import Ask, ReleaseView
    from syncd.settings.config import Config


def overrides_of(arguments: argparse.Namespace) -> dict[str, str]:
    """Return ``--set`` as a mapping; raises ConfigError for one without a value."""
    found = {}
    for text in arguments.overrides:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"{text!r} is no setting", where="--set", fix="Write --set KEY=VALUE.")
        found[key.strip()] = value.strip()
    return found


def load(arguments: argparse.Namespace) -> Config:
    """Return the configuration the arguments name; raises ConfigError with every problem."""
    from syncd.settings.load import load_config
    from syncd.settings.shipped import find_directory

    return load_config(find_directory(arguments.config), overrides_of(arguments))


@contextmanager
def asking(arguments: argparse.Namespace) -> Iterator[tuple[Config, Ask]]:
    """Give the configuration and the read use cases on its database, which is not changed."""
    from syncd.pipeline.ask import Ask
    from syncd.storage import open_store

    config = load(arguments)
    with open_store(config.database_url, create=False) as store:
        registry = config.to_registry(datetime.now(UTC).date())
        yield config, Ask(store, registry, lambda: datetime.now(UTC))


def view_of(arguments: argparse.Namespace, config: Config, ask: Ask) -> ReleaseView:
    """Return the release named by ``--release`` or ``--at``, else the published one."""
    at = parse_instant(arguments.at, config.file.daemon.timezone) if arguments.at else None
    return ask.view(release=arguments.release, at=at)


def parse_instant(text: str, zone: str, *, option: str = "--at") -> datetime:
    """Return the instant a text names; a day means its end in ``zone``. Raises ConfigError."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        pass
    else:
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) + timedelta(days=1)
        return midnight.astimezone(UTC) - timedelta(microseconds=1)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is neither a day nor an instant",
            where=option,
            code="bad_parameter",
            fix="Write 2026-11-22 or 2026-11-22T14:30+01:00.",
        ) from error
    return (instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def obligation_of(view: ReleaseView, obligation_id: str | None) -> str | None:
    """Return the id, or None for all; raises NotFound for one the release does not know.

    A typing error would otherwise look like good news: no gap.
    """
    from syncd.pipeline.figures import check_obligations

    check_obligations(view, [obligation_id] if obligation_id is not None else [])
    return obligation_id
