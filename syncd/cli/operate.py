"""Commands that operate: the daemon, runs and rebuilds by hand, health."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from syncd.cli.output import print_facts, print_json, print_rows, progress, say
from syncd.cli.reading import load
from syncd.errors import ConfigError

if TYPE_CHECKING:
    from syncd.bootstrap import Application
    from syncd.cli.output import Progress
    from syncd.model.entry import Release
    from syncd.model.run import Run
    from syncd.observability.logs import Logging
    from syncd.settings.config import Config

_HEALTH_TIMEOUT_S = 4.0
_T = TypeVar("_T")


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon until it is told to stop; with ``--once`` 1 when a run was refused or failed."""
    from syncd.daemon import run_daemon, run_once

    config = load(arguments)
    log = start_log(config, threaded=not arguments.once)
    try:
        if arguments.once:
            return report_runs(arguments, asyncio.run(run_once(config)))
        return asyncio.run(run_daemon(config, lambda: load(arguments), log))
    finally:
        log.close()


def start_log(config: Config, *, threaded: bool) -> Logging:
    """Send log lines where the configuration says, without the secrets it holds."""
    from syncd.observability.logs import configure_logging

    table = config.file.log
    file = Path(table.file).expanduser() if table.file else None
    log = configure_logging(format=table.format, level=table.level, file=file, threaded=threaded)
    log.redactor.learn(*config.secrets())
    return log


def sync(arguments: argparse.Namespace) -> int:
    """Bring sources up to date and publish; 1 when a run was refused or failed."""
    config = load(arguments)
    if arguments.all == bool(arguments.sources):
        known = ", ".join(source.source_id for source in config.enabled_sources) or "none"
        raise ConfigError("name sources, or --all", where="sync", fix=f"Enabled are: {known}.")
    if arguments.accept_loss and len(arguments.sources) != 1:
        raise ConfigError("a loss is accepted for one source", where="--accept-loss", fix="Name one source.")
    names = arguments.sources or [source.source_id for source in config.enabled_sources]
    runs = asyncio.run(interruptible(_sync(config, names, arguments.accept_loss)))
    return report_runs(arguments, runs)


async def _sync(config: Config, names: list[str], accept_loss: str) -> list[Run]:
    from syncd.bootstrap import build_application

    log_for_a_person(config)
    with progress("opening the database") as shown:
        async with build_application(config) as app:
            shown.step(f"bringing {', '.join(names)} up to date")
            trigger = "manual"
            work = (app.sync(name, trigger=trigger, accept_loss=accept_loss) for name in names)
            runs = await asyncio.gather(*work)
            if any(run.outcome.is_good for run in runs):
                await publish(app, shown, accept=accept_loss)
            return list(runs)


async def publish(
    app: Application, shown: Progress, *, full: bool = False, accept: str = ""
) -> Release | None:
    """Rebuild what changed and publish it; ``accept`` says why a report that turns over is right."""
    shown.step("rebuilding and publishing")
    release = await app.rebuild(full=full, accept=accept)
    if release is None and (held := await asyncio.to_thread(app.held)) is not None:
        say(f"not published: the report would turn over ({'; '.join(held.shifts)})")
        say("if that is right: syncd rebuild --accept REASON")
    return release


def report_runs(arguments: argparse.Namespace, runs: list[Run]) -> int:
    """Print how runs ended; 1 when one was refused or failed."""
    columns = {
        "source_id": "source",
        "outcome": "outcome",
        "received": "received",
        "added": "added",
        "changed": "changed",
        "withdrawn": "withdrawn",
        "issues": "findings",
        "reason": "why",
    }
    rows = [
        {
            "run_id": run.run_id,
            "source_id": run.source_id,
            "outcome": run.outcome.value,
            "code": run.code,
            "reason": run.reason,
            "fix": run.fix,
        }
        | {
            name: getattr(run.counts, name)
            for name in ("received", "added", "changed", "withdrawn", "issues")
        }
        for run in runs
    ]
    print_rows(arguments, rows, columns, none="no source is enabled")
    if not arguments.json:
        for run in runs:
            if not run.outcome.is_good and run.fix:
                say(f"{run.source_id} → {run.fix}")
    return 0 if all(run.outcome.is_good for run in runs) else 1


def rebuild(arguments: argparse.Namespace) -> int:
    """Publish what changed; with ``--check`` 1 when the published release cannot be reproduced."""
    config = load(arguments)
    return asyncio.run(interruptible(_rebuild(arguments, config)))


async def _rebuild(arguments: argparse.Namespace, config: Config) -> int:
    from syncd.bootstrap import build_application

    log_for_a_person(config)
    with progress("opening the database") as shown:
        async with build_application(config) as app:
            if arguments.check:
                shown.step("recomputing everything")
                report = await app.check()
                facts = asdict(report) | {"ok": report.ok}
            else:
                release = await publish(app, shown, full=arguments.full, accept=arguments.accept)
                current = release or await asyncio.to_thread(app.store.current_release)
                facts = {"published": release is not None, "release": current.number if current else None}
                if held := await asyncio.to_thread(app.held):
                    facts |= {"ok": False, "held_since": held.since.isoformat(), "shifts": list(held.shifts)}
                if current:
                    facts |= {"digest": current.digest, **current.counts}
    _print(arguments, facts)
    return 0 if facts.get("ok", True) else 1


def health(arguments: argparse.Namespace) -> int:
    """Ask a daemon whether it is ready; 1 when it is not, or does not answer."""
    import http.client
    from urllib.parse import urlsplit

    url = arguments.url or _own_address(arguments)
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ConfigError(f"{url!r} is no http address", where="--url", fix="Write http://HOST:PORT.")
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=_HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        _print(arguments, {"url": url, "ok": False, "reason": f"no answer: {error}"})
        return 1
    finally:
        connection.close()
    ready = answer.status == http.client.OK
    facts: dict[str, Any] = {"url": url, "ok": ready, "status": answer.status}
    with contextlib.suppress(ValueError):
        facts["answer"] = json.loads(body)
    _print(arguments, facts)
    return 0 if ready else 1


def _own_address(arguments: argparse.Namespace) -> str:
    """Return the address of the daemon on this machine, without the cost of a full check."""
    import tomllib

    from syncd.cli.reading import overrides_of
    from syncd.settings.shipped import MAIN_FILE, find_directory

    try:
        file = tomllib.loads((find_directory(arguments.config) / MAIN_FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{MAIN_FILE} cannot be read: {error}", fix="Name the daemon with --url."
        ) from error
    overrides = overrides_of(arguments)
    web = file.get("web", {})
    host = overrides.get("web.host", str(web.get("host", "127.0.0.1"))).strip('"')
    port = overrides.get("web.port", str(web.get("port", 8080)))
    # A daemon that listens everywhere answers on loopback too.
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared, not listened on
    return f"http://{host}:{port}"


def _print(arguments: argparse.Namespace, facts: dict[str, Any]) -> None:
    if arguments.json:
        print_json(facts)
    else:
        print_facts(facts.items())


def log_for_a_person(config: Config) -> None:
    """Show only what goes wrong: the command itself reports the rest."""
    from syncd.observability.logs import configure_logging

    log = configure_logging(format="console", level="error")
    log.redactor.learn(*config.secrets())


async def interruptible(work: Coroutine[Any, Any, _T]) -> _T:
    """Do the work; SIGTERM ends it like Ctrl-C, so that the run is closed as interrupted."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        sys.stderr.write("syncd: interrupted; nothing half-done is stored\n")
        raise KeyboardInterrupt from None
