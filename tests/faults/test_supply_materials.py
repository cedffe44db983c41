"""What is shipped is listed completely, and known weaknesses of it are found where advisories can be read."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.support import audit
from tests.support.audit import Exempt, Weakness, judge, read_exceptions, weaknesses_in
from tests.support.bill_of_materials import PRODUCT, MaterialError, bill, closure, locked, render
from tests.support.loopback import served_in_thread
from tests.support.paths import REPOSITORY

TODAY = date(2026, 11, 22)


# --- X6: the bill of materials ------------------------------------------------------------------------
@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    if Path(sys.prefix) != REPOSITORY / ".venv":
        pytest.skip("not the environment that ./dev makes")
    parsed: dict[str, Any] = json.loads(render())
    return parsed


@pytest.mark.fault("X6")
def test_the_bill_lists_exactly_what_is_installed_for_the_product(document: dict[str, Any]) -> None:
    listed = {one["name"]: one["version"] for one in document["components"]}
    needed = set(closure()) - {PRODUCT}
    assert listed == {name: importlib.metadata.version(name) for name in needed}
    assert listed == {name: one.version for name, one in locked().items()}
    assert len(listed) == len(document["components"]) > 20


@pytest.mark.fault("X6")
def test_every_component_has_licence_hashes_and_its_dependencies(document: dict[str, Any]) -> None:
    lacking = [
        one["name"] for one in document["components"] if not one.get("licenses") or not one.get("hashes")
    ]
    assert lacking == []
    edges = {one["ref"].partition("==")[0]: one.get("dependsOn", []) for one in document["dependencies"]}
    assert {name: {ref.partition("==")[0] for ref in refs} for name, refs in edges.items()} == closure()


@pytest.mark.fault("X6")
def test_the_bill_is_valid_and_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    first, second = render(), render()
    assert first == second
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(first) is None


@pytest.mark.fault("X6")
@pytest.mark.parametrize("change", ["missing", "foreign", "other version"])
def test_a_lock_file_that_is_not_the_environment_gives_no_bill(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    text = "".join(
        f"{name}=={one.version} --hash=sha256:{'0' * 64}\n"
        for name, one in locked().items()
        if not (change == "missing" and name == "structlog")
    )
    if change == "foreign":
        text += f"hypothesis==1.0 --hash=sha256:{'0' * 64}\n"
    if change == "other version":
        text = text.replace("structlog==", "structlog==9")
    path = tmp_path / "run.txt"
    path.write_text(text)
    other = locked(path)
    monkeypatch.setattr("tests.support.bill_of_materials.locked", lambda: other)
    with pytest.raises(MaterialError, match=r"structlog|hypothesis"):
        bill()


# --- X1: known weaknesses -----------------------------------------------------------------------------
ADVISORY = {
    "id": "TEST-2026-1",
    "aliases": ["CVE-2026-0001"],
    "summary": "made up",
    "affected": [
        {
            "package": {"name": "structlog", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
        }
    ],
}


@contextmanager
def advisories(about: str = "") -> Iterator[tuple[str, set[str]]]:
    """Serve advisories as OSV does, on loopback; gives the address and the packages it was asked about."""
    heard: set[str] = set()

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.add(query["package"]["name"])
            body = json.dumps({"vulns": [ADVISORY]} if query["package"]["name"] == about else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with served_in_thread(Service) as address:
        yield f"{address}/v1/query", heard


@pytest.mark.fault("X1")
def test_a_known_weakness_of_a_locked_package_is_found_and_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    none = tmp_path / "exceptions.toml"
    none.write_text("")
    with advisories(about="structlog") as (service, heard):
        assert audit.main(["--service", service], exceptions=none) == audit.WEAK
        assert heard == set(locked()), "every locked package was asked about"
    said = capsys.readouterr().out
    assert "structlog" in said
    assert "CVE-2026-0001, TEST-2026-1; fixed in 99.0" in said


@pytest.mark.fault("X1")
def test_nothing_known_is_clean_and_no_answer_is_not(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"structlog==26.1.0 --hash=sha256:{'0' * 64}\n")
    with advisories() as (service, _):
        assert audit.main(["--service", service], lock=lock) == audit.CLEAN
    assert audit.main(["--service", service], lock=lock) == audit.NOT_AUDITED


WEAK = Weakness("structlog", "26.1", frozenset({"TEST-2026-1", "CVE-2026-0001"}), ())


def exempt(until: date, *, weakness: str = "CVE-2026-0001", package: str = "structlog") -> Exempt:
    return Exempt(weakness, package, until, "never called")


@pytest.mark.fault("X1")
@pytest.mark.parametrize(
    ("found", "exceptions", "said"),
    [
        ([WEAK], [], "no fixed version known"),
        ([WEAK], [exempt(TODAY)], ""),
        ([WEAK], [exempt(date(2026, 11, 21))], "exception ended on 2026-11-21"),
        ([WEAK], [exempt(TODAY, package="another")], "structlog"),
        ([WEAK], [exempt(TODAY, weakness="CVE-2026-0002")], "structlog"),
        ([], [exempt(date(2026, 11, 21))], "remove it"),
        ([], [exempt(TODAY)], ""),
        ([], [], ""),
    ],
)
def test_an_exception_holds_for_its_package_and_until_its_day(
    found: list[Weakness], exceptions: list[Exempt], said: str
) -> None:
    lines = list(judge(found, exceptions, TODAY))
    assert len(lines) == bool(said)
    assert said in "".join(lines)


@pytest.mark.fault("X1")
def test_exceptions_need_a_reason_and_a_day(tmp_path: Path) -> None:
    path = tmp_path / "exceptions.toml"
    whole = '[[exception]]\nid = "A-1"\npackage = "x"\nuntil = 2026-12-31\nreason = "never called"\n'
    path.write_text(whole)
    assert [one.until for one in read_exceptions(path)] == [date(2026, 12, 31)]
    for spoilt in (
        whole.replace("2026-12-31", '"soon"'),
        whole.replace("never called", " "),
        whole.replace("until", "til"),
    ):
        path.write_text(spoilt)
        with pytest.raises(audit.ExceptionsError):
            read_exceptions(path)
    read_exceptions()


def test_a_package_that_was_left_out_is_no_clean_audit() -> None:
    with pytest.raises(ValueError, match="left out"):
        weaknesses_in('{"dependencies": [{"name": "x", "skip_reason": "unknown"}]}')
