"""What is installed, built and shipped: locked, repeatable, licensed, free of secrets, sound under -O."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import REPOSITORY

LOCKED = re.compile(r"^([a-zA-Z0-9._-]+==[^\\]+?) *\\?$", re.MULTILINE)
# What a public body may ship and run without asking its lawyers again.
LICENCES = re.compile(
    r"\b(0BSD|Apache|BSD|EUPL|HPND|ISC|LGPL|GNU Lesser|MIT|MPL|PSF|Python Software Foundation|Zlib)\b"
)

# Packages whose types a declared dependency shows in its own interface.
COMPANIONS = {
    "aiohappyeyeballs": "aiohttp",
    "pydantic_core": "pydantic",
    "typing_extensions": "sqlalchemy",
    "yarl": "aiohttp",
}


def tracked() -> list[Path]:
    """Files under version control; skips where there is none, as in an unpacked source distribution."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("no version control here")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True, text=True
    ).stdout
    return [path for name in listed.split("\0") if name and (path := REPOSITORY / name).is_file()]


def locked(name: str) -> dict[str, str]:
    """Package and version of each line of a lock file that applies to this machine."""
    versions = {}
    for line in LOCKED.findall((REPOSITORY / "requirements" / name).read_text("utf-8")):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            versions[str(canonicalize_name(requirement.name))] = str(requirement.specifier).removeprefix("==")
    return versions


# --- X2, X6: what is installed is what is locked ------------------------------------------------------
@pytest.mark.fault("X2")
@pytest.mark.parametrize("name", ["dev", "Dockerfile"])
def test_nothing_is_installed_without_hashes(name: str) -> None:
    text = (REPOSITORY / name).read_text("utf-8").replace("\\\n", " ")
    # uv has to exist before it can lock; it runs in a throw-away environment and installs nothing of ours.
    installs = [
        line
        for line in re.split(r"\n|&&", text)
        if re.search(r"\bpip\b.*\b(install|wheel)\b", line) and "'uv>=" not in line and "say " not in line
    ]
    assert len(installs) >= 3
    for line in installs:
        assert "--require-hashes" in line or "--no-deps" in line, line


@pytest.mark.fault("X2", "X6")
def test_the_environment_holds_the_locked_versions() -> None:
    if Path(sys.prefix) != REPOSITORY / ".venv":
        pytest.skip("not the environment that ./dev makes")
    installed = {
        str(canonicalize_name(found.metadata["Name"])): found.version
        for found in importlib.metadata.distributions()
    }
    expected = locked("test.txt") | locked("build.txt")
    assert {name: installed.get(name) for name in expected} == expected


@pytest.mark.fault("X2")
def test_what_the_product_imports_is_declared_and_not_merely_there() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    extras = (entry for extra in project["optional-dependencies"].values() for entry in extra)
    declared = {
        str(canonicalize_name(Requirement(entry).name)) for entry in (*project["dependencies"], *extras)
    }
    packages = importlib.metadata.packages_distributions()
    undeclared = {
        (str(path.relative_to(REPOSITORY)), module)
        for room in ("syncd", "connectors")
        for path in (REPOSITORY / room).rglob("*.py")
        for module in imported(ast.parse(path.read_text("utf-8")))
        if module not in sys.stdlib_module_names
        and module not in {"syncd", "connectors"}
        and not {str(canonicalize_name(name)) for name in packages.get(module, ())} & declared
        and COMPANIONS.get(module) not in declared
    }
    assert undeclared == set()


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.fault("X3")
def test_every_change_runs_the_attack_corpus() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text("utf-8")
    assert re.search(r"^\./dev test --all$", script, re.MULTILINE), "all tests, none skipped"
    assert "test)" in (REPOSITORY / "dev").read_text("utf-8")


# --- X4: an accelerator that is missing ---------------------------------------------------------------
@pytest.mark.fault("X4")
@pytest.mark.parametrize("missing", [False, True])
def test_without_its_resolver_the_client_says_so(missing: bool) -> None:
    script = (
        "import asyncio, sys\n"
        f"if {missing}: sys.modules['aiodns'] = None\n"
        "from syncd.fetching.client import HttpFetcher\n"
        "async def main():\n"
        "    async with HttpFetcher() as fetcher:\n"
        "        print(fetcher.degraded)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    said = done.stdout.strip()
    assert bool(said) is missing
    assert not missing or "aiodns" in said


# --- X5: python -O ------------------------------------------------------------------------------------
def assertions(tree: ast.AST) -> Iterator[int]:
    yield from (node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert))


@pytest.mark.fault("X5")
def test_the_product_does_not_rely_on_assertions() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{line}"
        for room in ("syncd", "connectors")
        for path in (REPOSITORY / room).rglob("*.py")
        for line in assertions(ast.parse(path.read_text("utf-8")))
    ]
    assert found == []


@pytest.mark.fault("X5")
def test_the_rules_and_the_client_pass_without_assertions_of_libraries() -> None:
    rules = [f"tests/unit/rules/test_{name}.py" for name in ("accept", "merge_and_link")]
    suites = [*rules, *(f"tests/unit/fetching/test_{name}.py" for name in ("addresses", "answers", "body"))]
    command = [sys.executable, "-O", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    # pytest compiles the assertions of tests itself; it only warns that it cannot do so for libraries.
    done = subprocess.run(
        [
            *command,
            "-W",
            "ignore::pytest.PytestConfigWarning",
            "-m",
            "not nightly and not shared_data",
            *suites,
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert re.search(r"[1-9]\d\d passed", done.stdout)


# --- X6: the same wheel twice -------------------------------------------------------------------------
def built(sources: Path, target: Path, *, mask: int) -> str:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run(
        [*command, "--no-index", "--no-build-isolation", "--wheel-dir", str(target), str(sources)],
        env=environment,
        check=True,
        capture_output=True,
        umask=mask,
    )
    (wheel,) = target.glob("*.whl")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


@pytest.mark.fault("X6")
def test_the_same_sources_give_the_same_wheel(tmp_path: Path) -> None:
    hashes = set()
    for number, mask in enumerate((0o022, 0o077)):
        sources = tmp_path / f"copy {number}"
        for path in tracked():
            copied = sources / path.relative_to(REPOSITORY)
            if (
                copied.parts[len(sources.parts)] in {"syncd", "connectors", "config"}
                or copied.parent == sources
            ):
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copied)
                os.utime(copied, (1_000_000_000 + number, 1_000_000_000 + number))
        hashes.add(built(sources, tmp_path / f"wheel {number}", mask=mask))
    assert len(hashes) == 1


# --- X7: secrets and licences -------------------------------------------------------------------------
SECRETS = {
    "private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{40}"),
    "AWS key": re.compile(rb"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(rb"\b(ghp|gho|ghs|ghr|github_pat)_[A-Za-z0-9_]{20,}"),
    "GitLab token": re.compile(rb"\bglpat-[A-Za-z0-9_-]{20,}"),
    "PyPI token": re.compile(rb"\bpypi-AgE[A-Za-z0-9_-]{20,}"),
    "Slack token": re.compile(rb"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "Google key": re.compile(rb"\bAIza[0-9A-Za-z_-]{35}\b"),
    "JSON web token": re.compile(rb"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}"),
    "password in a URL": re.compile(
        rb"\b(?:postgresql|https?)(?:\+\w+)?://[\w.-]+:[^@\s/{}$*'\"<]{12,}@[\w.-]+\.\w+"
    ),
    "assigned secret": re.compile(
        rb"(?im)^\s*(?:export\s+)?\w*(?:password|passwd|secret|token|api_?key)\w*\s*[:=]\s*[\"'](?!env:|file:)"
        rb"(?=[^\"']*\d)(?=[^\"']*[A-Za-z])[A-Za-z0-9+/_=-]{24,}[\"']"
    ),
}


def secrets_in(data: bytes) -> list[str]:
    return [kind for kind, pattern in SECRETS.items() if pattern.search(data)]


@pytest.mark.fault("X7")
def test_no_file_under_version_control_holds_a_secret() -> None:
    found = [
        (str(path.relative_to(REPOSITORY)), kind)
        for path in tracked()
        for kind in secrets_in(path.read_bytes())
    ]
    assert found == []


@pytest.mark.fault("X7")
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-----BEGIN RSA PRIVATE" + " KEY-----\n" + "A1b2" * 16, "private key"),
        ("key = AK" + "IA" + "ABCDEFGH23456789", "AWS key"),
        ("gh" + "p_" + "a1" * 18, "GitHub token"),
        ("ey" + "J" + "a1" * 10 + ".ey" + "J" + "b2" * 10 + "." + "c3" * 15, "JSON web token"),
        ("url = postgresql://user:" + "tr0ub4dor-and-3" + "@db.example.org/x", "password in a URL"),
        ("api_key = '" + "9f8e7d6c5b4a" * 3 + "'", "assigned secret"),
    ],
)
def test_the_scan_finds_secrets(text: str, kind: str) -> None:
    assert secrets_in(text.encode()) == [kind]


@pytest.mark.fault("X7")
def test_every_shipped_package_has_a_licence_we_may_ship() -> None:
    doubtful = {}
    for name in locked("run.txt"):
        try:
            metadata = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of another platform or extra
        stated = [metadata[key][:200] for key in ("License-Expression", "License") if key in metadata]
        stated += [line for line in metadata.get_all("Classifier") or () if line.startswith("License")]
        if not LICENCES.search(" ".join(stated)):
            doubtful[name] = stated
    assert doubtful == {}


# --- X8: connectors of third parties ------------------------------------------------------------------
@pytest.mark.fault("X8")
def test_a_connector_nobody_configured_is_never_imported(tmp_path: Path) -> None:
    package = tmp_path / "evil-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[syncd.connectors]\nevil = evil:SPEC\n")
    (tmp_path / "evil.py").write_text("raise SystemExit('imported')\n")
    script = (
        "from syncd.settings.connectors import connector_names\n"
        "from syncd.settings.load import load_config\n"
        "assert 'evil' in connector_names()\n"
        "import pathlib, sys\n"
        "load_config(pathlib.Path(sys.argv[1]))\n"
        "print('evil' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(REPOSITORY / "config")],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr


@pytest.mark.fault("X8")
def test_the_trust_in_connectors_is_written_down() -> None:
    assert "connectors installed as packages | trusted" in (REPOSITORY / "SECURITY.md").read_text("utf-8")
    assert "connector" in (REPOSITORY / "docs" / "guarantees.md").read_text("utf-8")
