"""Commands to try things out: replayed portals and the demonstration."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from syncd.cli.output import print_facts, print_json, say
from syncd.errors import ConfigError, SourceUnavailable

if TYPE_CHECKING:
    from syncd.replay import Mood

_TIMEOUT_S = 5.0


def replay(arguments: argparse.Namespace) -> int:
    """Serve recorded portals until interrupted, or change the faults of a running server."""
    from syncd.replay import main_replay, parse_faults
    from syncd.settings.shipped import shipped_directory

    if arguments.set_fault:
        return _set_faults(arguments, parse_faults(arguments.set_fault))
    directory = shipped_directory()
    if arguments.config:
        from syncd.settings.shipped import find_directory

        directory = find_directory(arguments.config)
    return main_replay(
        directory / "recordings", port=arguments.port or 0, faults=parse_faults(arguments.fault)
    )


def _set_faults(arguments: argparse.Namespace, faults: dict[str, Mood]) -> int:
    """PUT the faults to a running server on loopback."""
    import http.client
    import json

    if not arguments.port:
        raise ConfigError("which server?", where="--set-fault", fix="Name its port: --port PORT.")
    connection = http.client.HTTPConnection("127.0.0.1", arguments.port, timeout=_TIMEOUT_S)
    try:
        body = json.dumps({portal: mood.value for portal, mood in faults.items()})
        connection.request("PUT", "/_replay/faults", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise SourceUnavailable(
            f"no replay server answers on port {arguments.port}: {error}",
            code="replay_unavailable",
            fix="Start one with 'syncd replay --port PORT', or take the port 'syncd demo' prints.",
        ) from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise ConfigError(
            str(said.get("error", said)), where="--set-fault", fix="Use one of the known names."
        )
    if arguments.json:
        print_json(said)
    else:
        for portal, mood in said.items():
            say(f"{portal}: {mood}")
    return 0


def record(arguments: argparse.Namespace) -> int:
    """Record a source's live portal into a replayable folder without secrets; 1 when it does not replay."""
    from pathlib import Path

    from syncd.bootstrap.recording import record as record_source
    from syncd.cli.operate import log_for_a_person
    from syncd.cli.output import progress
    from syncd.cli.reading import load

    config = load(arguments)
    log_for_a_person(config)
    with progress(f"recording {arguments.source}"):
        report = record_source(config, arguments.source, Path(arguments.into).absolute())
    if arguments.json:
        print_json(report)
    else:
        print_facts(
            [
                ("recording", report.folder),
                ("answers", report.answers),
                ("documents", report.documents),
                ("bytes", report.size),
                ("replays alike", "yes" if report.replayed else "no; its answers change with time"),
            ]
        )
        say("Look through the answers before you pass them on: they may hold names of persons.")
    return 0 if report.replayed else 1


def demo(arguments: argparse.Namespace) -> int:
    """Run the demonstration until interrupted, or until its summary with ``--once``."""
    from syncd.demo import DemoOptions, run_demo

    return run_demo(
        DemoOptions(
            port=arguments.port,
            replay_port=arguments.replay_port,
            directory=arguments.dir,
            database=arguments.database,
            faults=tuple(arguments.fault),
            once=arguments.once,
            keep=arguments.keep,
            as_json=arguments.json,
        )
    )
