"""Known weaknesses of what is shipped: pip-audit on `requirements/run.txt`, less what is excepted.

Advisories come over the network, so this is no part of `./dev check` or of the tests: it is for whoever
releases, and for a nightly job where there is a network. `requirements/exceptions.toml` names weaknesses that
do not concern us, each with a reason and the day on which the exception ends.

    python -m tests.support.audit [--service URL]   `./dev audit`; URL of a service that speaks OSV

Exit status: 0 nothing known, 1 a weakness or an exception that has ended, 2 the advisories could not be read.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from tests.support.paths import REPOSITORY

LOCK = REPOSITORY / "requirements" / "run.txt"
EXCEPTIONS = REPOSITORY / "requirements" / "exceptions.toml"
CLEAN, WEAK, NOT_AUDITED = 0, 1, 2


class ExceptionsError(ValueError):
    """The file of exceptions is wrong; the message says where."""


@dataclass(frozen=True, slots=True)
class Exempt:
    """One weakness that is tolerated up to and including a day."""

    weakness: str
    package: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True)
class Weakness:
    """One known weakness of a locked package; ``names`` are all ids it goes by."""

    package: str
    version: str
    names: frozenset[str]
    fixed_in: tuple[str, ...]


def read_exceptions(path: Path = EXCEPTIONS) -> tuple[Exempt, ...]:
    """Return the exceptions; every one needs id, package, until and a reason."""
    found = []
    for number, one in enumerate(tomllib.loads(path.read_text("utf-8")).get("exception", []), start=1):
        try:
            found.append(Exempt(one["id"], one["package"], one["until"], one["reason"].strip()))
        except KeyError as error:
            raise ExceptionsError(f"{path.name}: exception {number} lacks {error}") from error
        if not found[-1].reason or type(found[-1].until) is not date:
            raise ExceptionsError(f"{path.name}: exception {number} needs a reason and a day")
    return tuple(found)


def judge(weaknesses: Iterable[Weakness], exceptions: Sequence[Exempt], today: date) -> Iterator[str]:
    """Yield one line per thing that must be done; none means clean."""
    used = set()
    for one in weaknesses:
        excused = [e for e in exceptions if e.package == one.package and e.weakness in one.names]
        used.update(excused)
        if not any(today <= e.until for e in excused):
            cure = f"fixed in {', '.join(one.fixed_in)}" if one.fixed_in else "no fixed version known"
            ended = f" (exception ended on {max(e.until for e in excused)})" if excused else ""
            yield f"{one.package} {one.version}: {', '.join(sorted(one.names))}; {cure}{ended}"
    for exempt in exceptions:
        if exempt not in used and today > exempt.until:
            yield f"{exempt.package}: the exception for {exempt.weakness} ended on {exempt.until}; remove it"


def weaknesses_in(report: str) -> list[Weakness]:
    """Read the JSON report of pip-audit; raises ValueError when a package was left out."""
    found = []
    for package in json.loads(report)["dependencies"]:
        if "skip_reason" in package:
            raise ValueError(f"{package['name']} was left out: {package['skip_reason']}")
        found += [
            Weakness(
                package["name"],
                package["version"],
                frozenset({one["id"], *one.get("aliases", ())}),
                tuple(one.get("fix_versions", ())),
            )
            for one in package["vulns"]
        ]
    return found


def asked(lock: Path, service: str = "") -> str:
    """Return pip-audit's report on a lock file; raises ConnectionError when it has none."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock)]
        command += ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
        command += ["--aliases", "on", "--cache-dir", folder, "--vulnerability-service", "osv"]
        if service:
            command += ["--osv-url", service]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise ConnectionError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no answer")
    return done.stdout


def main(arguments: Sequence[str], *, lock: Path = LOCK, exceptions: Path = EXCEPTIONS) -> int:
    """Audit and say what was found."""
    parser = argparse.ArgumentParser(description="look for known weaknesses of what is shipped")
    parser.add_argument("--service", default="", metavar="URL", help="a service that speaks OSV")
    service = parser.parse_args(arguments).service
    try:
        found = weaknesses_in(asked(lock, service))
    except (ConnectionError, ValueError) as error:
        print(f"not audited: {error}", file=sys.stderr)  # noqa: T201 - a command prints
        return NOT_AUDITED
    lines = list(judge(found, read_exceptions(exceptions), datetime.now(UTC).date()))
    for line in lines:
        print(line)  # noqa: T201 - a command prints
    print(f"{len(found)} known weaknesses, {len(lines)} to act on")  # noqa: T201 - a command prints
    return WEAK if lines else CLEAN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
