"""The grammar of the command line. Names the module of each command without importing it."""

from __future__ import annotations

import argparse
from typing import Final

from syncd import __version__
from syncd.cli.grammar import AREA, Parsers, command, count, limited, of_release, port, with_config
from syncd.cli.grammar_coverage import add_coverage
from syncd.cli.grammar_gaps import add_gaps
from syncd.cli.grammar_judging import add_judging
from syncd.cli.grammar_planning import add_planning

DESCRIPTION: Final = (
    "Keeps one unified catalogue of German public services and says where coverage is missing."
)
EPILOG: Final = """exit codes: 0 done; 1 done, but something was refused or failed, or gaps were found;
2 wrong arguments or configuration; 3 the database failed; 4 a defect of syncd"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; parsed arguments carry ``handler`` as ``module:function``."""
    parser = argparse.ArgumentParser(prog="syncd", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"syncd {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (_configure, _operate, _look, add_judging, add_coverage, add_planning, _keep, _try_out):
        add(commands)
    return parser


def _configure(commands: Parsers) -> None:
    check = with_config(
        command(commands, "check", "configure:check", "check the whole configuration and list every problem")
    )
    check.add_argument("directory", nargs="?", metavar="DIR", help="the same as --config DIR")
    schema = with_config(
        command(commands, "schema", "configure:schema", "write the JSON Schemas of the configuration files")
    )
    schema.add_argument("--check", action="store_true", help="only tell whether they are up to date")
    init = command(
        commands, "init", "configure:init", "lay out a working configuration in an empty directory"
    )
    init.add_argument("directory", metavar="DIR")


def _operate(commands: Parsers) -> None:
    run = with_config(command(commands, "run", "operate:run", "run the daemon with API and pages"))
    run.add_argument(
        "--once", action="store_true", help="bring every source up to date once, publish, and end"
    )
    sync = with_config(command(commands, "sync", "operate:sync", "bring sources up to date now and publish"))
    sync.add_argument("sources", nargs="*", metavar="SOURCE")
    sync.add_argument("--all", action="store_true", help="all enabled sources")
    sync.add_argument(
        "--accept-loss",
        metavar="REASON",
        default="",
        help="accept a loss or growth the limits refuse; the reason is kept with the run",
    )
    rebuild = with_config(
        command(commands, "rebuild", "operate:rebuild", "recompute what changed and publish a release")
    )
    rebuild.add_argument(
        "--accept",
        default="",
        metavar="REASON",
        help="publish although the report turns over; the reason is kept with the release",
    )
    how = rebuild.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="recompute everything and compare, publish nothing")
    how.add_argument("--full", action="store_true", help="recompute everything")
    probe = with_config(
        command(commands, "probe", "probe:probe", "look at links: the ones named, or those that are due")
    )
    probe.add_argument("links", nargs="*", metavar="URL", help="look at these; nothing is stored")
    probe.add_argument(
        "--due", type=count, metavar="N", default=0, help="look at up to N links that are due, and publish"
    )
    health = with_config(command(commands, "health", "operate:health", "ask a running daemon how it is"))
    health.add_argument("--url", help="its address (default: from the configuration)")


def _look(commands: Parsers) -> None:
    sources = with_config(
        command(commands, "sources", "decide:sources", "list sources and their age, or retire one")
    )
    sources.add_argument("words", nargs="*", metavar="WORD", help="nothing; or: retire SOURCE")
    sources.add_argument("--reason", metavar="TEXT", default="", help="with retire: why; kept for good")
    runs = with_config(
        command(commands, "runs", "decide:runs", "list runs, show one, or decide on a refused one")
    )
    runs.add_argument("words", nargs="*", metavar="WORD", help="ID; or: decide ID")
    verdict = runs.add_mutually_exclusive_group()
    verdict.add_argument("--accept", metavar="REASON", help="with decide: take what was refused")
    verdict.add_argument("--reject", metavar="REASON", help="with decide: never take this content")
    runs.add_argument("--source", metavar="SOURCE")
    limited(runs)
    areas = with_config(command(commands, "areas", "areas:areas", "search areas, or import another edition"))
    areas.add_argument("query", nargs="*", metavar="QUERY", help="a name or key; or: import FILE")
    areas.add_argument("--dry-run", action="store_true", help="with import: only show what would change")
    limited(areas)
    services = with_config(command(commands, "services", "look:services", "search services by name or key"))
    services.add_argument("query", nargs="?", default="", metavar="QUERY")
    of_release(services)
    limited(services)
    catalogue = with_config(
        command(commands, "catalogue", "look:catalogue", "list the merged entries of the catalogue")
    )
    catalogue.add_argument("--service", metavar="KEY")
    catalogue.add_argument("--area", metavar="AREA", help=f"{AREA}; with all that lies in it or above it")
    of_release(catalogue)
    limited(catalogue)
    add_gaps(commands)
    _yardstick(commands)
    _report(commands)
    _links(commands)
    explain = with_config(
        command(commands, "explain", "look:explain", "derive the state of one service in one area")
    )
    explain.add_argument("service", metavar="SERVICE", help="service key, dots and blanks allowed")
    explain.add_argument("area", metavar="AREA", help=AREA)
    explain.add_argument("--obligation", metavar="ID")
    explain.add_argument("--field", metavar="NAME", help="why this field of the entry has its value")
    of_release(explain)
    release = with_config(command(commands, "release", "look:release", "list releases, or show one"))
    release.add_argument("number", nargs="?", type=int, metavar="N")
    release.add_argument("--changes", action="store_true", help="with its change list")
    limited(release)


def _yardstick(commands: Parsers) -> None:
    yardstick = with_config(
        command(
            commands,
            "yardstick",
            "yardstick:yardstick",
            "list where the official dashboard and our coverage differ, and why",
        )
    )
    yardstick.add_argument("--area", metavar="AREA", help=f"{AREA}; with all that lies in it")
    yardstick.add_argument("--service", metavar="KEY")
    yardstick.add_argument(
        "--verdict",
        action="append",
        default=[],
        choices=("same", "ours_only", "theirs_only", "not_in_register", "not_counted", "unknown_here"),
        help="repeatable; without it all but same",
    )
    yardstick.add_argument("--summary", action="store_true", help="only count, per verdict and reason")
    of_release(yardstick)
    limited(yardstick)


def _report(commands: Parsers) -> None:
    report = with_config(
        command(
            commands, "report", "report:report", "write the report of an area or cohort; kept per release"
        )
    )
    report.add_argument("subject", metavar="AREA|COHORT", nargs="?", help=f"{AREA}; or the id of a cohort")
    report.add_argument("--list", action="store_true", help="list what was written before and is kept")
    report.add_argument("--kept", metavar="NUMBER", type=int, help="give a kept one again, byte for byte")
    report.add_argument("--out", metavar="FILE", help="default: standard output")
    report.add_argument(
        "--format", choices=("html", "md", "xlsx", "json"), help="default: by the ending of the file, else md"
    )
    report.add_argument("--obligation", metavar="ID", help="default: the first one configured")
    report.add_argument(
        "--since", metavar="DAY", help="show changes since then (default: 30 days before the release)"
    )
    report.add_argument("--names", action="store_true", help="name the people gaps are assigned to")
    limited(report)
    of_release(report)


def _links(commands: Parsers) -> None:
    links = with_config(
        command(commands, "links", "probe:links", "list the links of the catalogue and what a look found")
    )
    links.add_argument("--state", choices=("new", "unchecked", "ok", "dead"))
    limited(links)


def _keep(commands: Parsers) -> None:
    backup = with_config(
        command(commands, "backup", "keep:backup", "write a consistent copy of the database")
    )
    backup.add_argument("file", metavar="FILE")
    restore = with_config(
        command(
            commands,
            "restore",
            "keep:restore",
            "put a backup in the place of the database; stop the daemon first",
        )
    )
    restore.add_argument("file", metavar="FILE")
    database = with_config(
        command(commands, "db", "keep:database", "upgrade the database schema, or show its state")
    )
    database.add_argument("action", choices=("upgrade", "state"))


def _try_out(commands: Parsers) -> None:
    replay = with_config(
        command(commands, "replay", "try_out:replay", "serve recorded portals on loopback, faults included")
    )
    replay.add_argument("--fault", action="append", default=[], metavar="PORTAL=NAME", help="repeatable")
    replay.add_argument("--port", type=port, default=None, metavar="PORT", help="default: any free port")
    replay.add_argument(
        "--set-fault",
        action="append",
        default=[],
        metavar="PORTAL=NAME",
        help="change a running replay server (at --port) instead of starting one; NAME none heals",
    )
    connector = command(
        commands, "connector", "connectors:connector", "list connectors, begin a new one, or test one"
    )
    connector.add_argument("action", choices=("list", "new", "test"))
    connector.add_argument("name", nargs="?", metavar="NAME", help="with new and test")
    connector.add_argument("--title", metavar="TEXT", help="with new: what it reads")
    connector.add_argument("--into", metavar="DIR", default=".", help="with new: where (default: here)")
    preview = with_config(
        command(
            commands,
            "preview",
            "preview:preview",
            "show what a source would bring, with verdict and difference; writes nothing",
        )
    )
    preview.add_argument("source", metavar="SOURCE")
    how_much = preview.add_mutually_exclusive_group()
    how_much.add_argument(
        "--pages", type=count, metavar="N", default=1, help="documents to fetch (default: 1)"
    )
    how_much.add_argument("--all", action="store_true", help="fetch everything")
    limited(preview)
    record = with_config(
        command(
            commands,
            "record",
            "try_out:record",
            "record a live portal for replay, refusing whatever holds a secret",
        )
    )
    record.add_argument("source", metavar="SOURCE")
    record.add_argument("--into", metavar="DIR", default="recordings", help="default: ./recordings")
    demo = command(
        commands, "demo", "try_out:demo", "demonstration: replayed portals and the daemon, nothing kept"
    )
    demo.add_argument(
        "--port", type=port, metavar="PORT", help="of API and pages; 0: any (default: 8080 if free)"
    )
    demo.add_argument(
        "--replay-port", type=port, metavar="PORT", help="of the replayed portals (default: 8081 if free)"
    )
    demo.add_argument("--dir", metavar="DIR", help="state folder (default: a temporary one)")
    demo.add_argument("--database", metavar="URL", help="use this database instead of a fresh SQLite file")
    demo.add_argument("--fault", action="append", default=[], metavar="PORTAL=NAME", help="repeatable")
    demo.add_argument("--once", action="store_true", help="print the summary and end")
    demo.add_argument("--keep", action="store_true", help="keep the state folder afterwards")
