"""The demonstration: recorded portals on loopback and a real daemon on a fresh database, with a summary.

Everything is what an operator would run; only the portals are replayed and the intervals are seconds. This
module must not know how the daemon or the replay server work.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from rich import box
from rich.console import Console
from rich.table import Table

from syncd.daemon import Daemon, run_daemon
from syncd.errors import ConfigError, NotFound
from syncd.model.area import AreaLevel
from syncd.observability.logs import configure_logging
from syncd.replay import Mood, ReplayServer, parse_faults
from syncd.settings.layout import lay_out
from syncd.settings.load import load_config
from syncd.settings.shipped import shipped_directory

if TYPE_CHECKING:
    from syncd.model.area import Area
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.views import AreaSummary

_WEB_PORT, _REPLAY_PORT = 8080, 8081
_PATIENCE_S = 45.0
_LOOK_S = 0.2
_STATES = ("own", "inherited", "offline", "dead", "missing", "unknown")


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What ``syncd demo`` was asked for. Ports: 0 takes any free one, None a usual one if it is free."""

    port: int | None = None
    replay_port: int | None = None
    directory: str | None = None
    database: str | None = None
    faults: tuple[str, ...] = ()
    once: bool = False
    keep: bool = False
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class _Profile:
    """``config/demo/demo.toml``: which recordings stand in for which portals, and other settings."""

    portals: Mapping[str, str]
    settings: Mapping[str, Any]


def run_demo(options: DemoOptions) -> int:
    """Run the demonstration; 0 when it ends as asked, 1 when ``once`` and a source has not spoken."""
    shipped = shipped_directory()
    if not (shipped / "recordings").is_dir():
        raise ConfigError(
            "the recordings are not there", where=str(shipped), fix="Run this from a checkout: ./dev run."
        )
    profile = _profile(shipped / "demo" / "demo.toml")
    faults = {profile.portals.get(name, name): mood for name, mood in parse_faults(options.faults).items()}
    with _state_folder(options) as folder:
        return asyncio.run(_Demo(options, profile, shipped, folder).run(faults))


class _Demo:
    """One demonstration."""

    def __init__(self, options: DemoOptions, profile: _Profile, shipped: Path, folder: Path) -> None:
        self._options = options
        self._profile = profile
        self._shipped = shipped
        self._folder = folder
        self._config_folder = folder / "config"
        self._complete = False

    async def run(self, faults: Mapping[str, Mood]) -> int:
        """Replay, lay out the configuration, run the daemon."""
        recordings = self._shipped / "recordings"
        port = _free(self._options.replay_port, _REPLAY_PORT)
        async with ReplayServer(recordings, port=port, faults=faults) as replay:
            lay_out(self._config_folder, self._shipped, self._changes(replay))
            config = load_config(self._config_folder)
            table = config.file.log
            log = configure_logging(format=table.format, level=table.level, threaded=True)
            try:
                code = await run_daemon(
                    config,
                    lambda: load_config(self._config_folder),
                    log,
                    companion=lambda daemon, stop: self._accompany(daemon, stop, replay),
                )
            finally:
                log.close()
        return code if self._complete or not self._options.once else 1

    def _changes(self, replay: ReplayServer) -> dict[str, Any]:
        changes: dict[str, Any] = {
            **self._profile.settings,
            "daemon.data_dir": str(self._folder / "state"),
            "web.port": _free(self._options.port, _WEB_PORT),
        }
        if self._options.database:
            changes["database.url"] = self._options.database
        for file in sorted((self._shipped / "sources").glob("*.toml")):
            portal = self._profile.portals.get(file.stem)
            changes[f"sources.{file.stem}.enabled"] = portal is not None
            if portal is not None:
                changes[f"sources.{file.stem}.settings.base_url"] = replay.base_url(portal)
                changes[f"sources.{file.stem}.limits.allow_private"] = True
        return changes

    async def _accompany(self, daemon: Daemon, stop: asyncio.Event, replay: ReplayServer) -> None:
        """Print where everything is, wait for the first answers, print the summary."""
        if not self._options.as_json:
            self._print_addresses(daemon, replay)
        self._complete = await self._wait_for_answers(daemon)
        summary = await asyncio.to_thread(_summary, daemon)
        if self._options.as_json:
            addresses = {"web": daemon.url, "replay": replay.control_url, "config": str(self._config_folder)}
            _write(orjson.dumps({**addresses, **summary}, option=orjson.OPT_INDENT_2).decode())
        else:
            _print_summary(summary)
        if self._options.once:
            stop.set()
        elif not self._options.as_json:
            _write("The daemon goes on at its schedule; end it with Ctrl-C.\n")

    async def _wait_for_answers(self, daemon: Daemon) -> bool:
        """Wait until every source has answered or failed; tell whether a release holds what all said."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_S
        while loop.time() < deadline:
            views = await asyncio.to_thread(daemon.app.ask.sources)
            release = await asyncio.to_thread(daemon.app.store.current_release)
            told = release.inputs["sources"] if release else {}
            mine = [view for view in views if view.source_id in self._profile.portals]
            tried = all(view.outcome not in {None, "running"} for view in mine)
            spoke = [view for view in mine if view.last_good_at is not None]
            if tried and release and all(told.get(view.source_id, {}).get("spoken") for view in spoke):
                return len(spoke) == len(mine)
            await asyncio.sleep(_LOOK_S)
        return False

    def _print_addresses(self, daemon: Daemon, replay: ReplayServer) -> None:
        portal = next(iter(self._profile.portals.values()))
        program = _program()
        replayed = "\n".join(
            f"  {replay.base_url(name)}  {replay.recordings[name].title}"
            for name in self._profile.portals.values()
        )
        _write(
            f"""
pages                  {daemon.url}/
API                    {daemon.url}/v1/openapi.json
health, metrics        {daemon.url}/health/ready  {daemon.url}/metrics
configuration          {self._config_folder}
replayed portals
{replayed}

break a portal         {program} replay --port {replay.port} --set-fault {portal}=down
heal it                {program} replay --port {replay.port} --set-fault {portal}=none
  other faults         {", ".join(mood.value for mood in Mood if mood not in {Mood.NONE, Mood.DOWN})}
ask                    {program} sources --config {self._config_folder}
                       {program} explain 99036020001000 Wiesbaden --config {self._config_folder}
"""
        )


def _program() -> str:
    """Return what the reader can type for this program: its name if the shell finds it, else its path."""
    if shutil.which("syncd"):
        return "syncd"
    path = Path(sys.executable).parent / "syncd"
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _summary(daemon: Daemon) -> dict[str, Any]:
    """Return the counts of the cohorts' areas, per obligation."""
    ask = daemon.app.ask
    sources = [
        {"source": s.source_id, "outcome": s.outcome, "records": s.records, "reason": s.reason}
        for s in ask.sources()
        # The shipped files that wait for a key have nothing to tell here.
        if s.enabled
    ]
    try:
        view = ask.view()
    except NotFound:
        return {"release": None, "sources": sources, "pilots": []}
    rows = [
        row
        for cohort in ask.registry.cohorts
        for code in cohort.areas
        for row in _rows(view, view.area(code), cohort.titles.get(code, ""))
    ]
    return {
        "release": view.release.number,
        "registers": [view.release.inputs["areas_label"], view.release.inputs["services_label"]],
        "sources": sources,
        "pilots": rows,
    }


def _rows(view: ReleaseView, area: Area, title: str) -> Iterator[dict[str, Any]]:
    for summary in view.summaries(area):
        is_municipality = area.key.level is AreaLevel.GEMEINDE
        if is_municipality and summary.line != "gemeinde":
            continue
        yield {
            "area": title or area.name,
            "what": _what(summary, is_municipality=is_municipality),
            "obligation": summary.obligation_id,
            "owed": summary.owed,
            **{state: summary.counts[state] for state in _STATES},
        }


def _what(summary: AreaSummary, *, is_municipality: bool) -> str:
    if is_municipality:
        return "its inhabitants"
    if summary.line == "kreis":
        return "its own tasks"
    return f"its {summary.bodies} municipalities"


def _print_summary(summary: Mapping[str, Any]) -> None:
    for source in summary["sources"]:
        outcome = source["outcome"] or "no run yet"
        _write(f"{source['source']}: {outcome}, {source['records']} records. {source['reason']}")
    if summary["release"] is None:
        _write("Nothing has been published yet.")
        return
    title = f"Release {summary['release']}: services owed to the inhabitants of the pilots, by state"
    table = Table(title=title, box=box.SIMPLE, header_style="bold", title_justify="left")
    for column in ("obligation", "area", "what", "owed", *_STATES):
        table.add_column(column, justify="left" if column in {"obligation", "area", "what"} else "right")
    for row in sorted(summary["pilots"], key=lambda r: r["obligation"]):
        table.add_row(*(str(row[column.header]) for column in table.columns))
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table)
    _write("Registers: " + "; ".join(summary["registers"]) + ".")
    _write("Where no portal with real data speaks for a pilot the answer is unknown, and that is right.\n")


def _profile(path: Path) -> _Profile:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return _Profile(table["portals"], table["set"])
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise ConfigError(
            f"the profile of the demonstration cannot be read: {error}", where=str(path)
        ) from error


@contextmanager
def _state_folder(options: DemoOptions) -> Iterator[Path]:
    if options.directory:
        folder = Path(options.directory).expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    folder = Path(tempfile.mkdtemp(prefix="syncd-demo-"))
    try:
        yield folder
    finally:
        if options.keep:
            _write(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _free(wanted: int | None, usual: int) -> int:
    """Return the wanted port, or the usual one where it is free, else 0 for any."""
    if wanted is not None:
        return wanted
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", usual))
        except OSError:
            return 0
    return usual


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
