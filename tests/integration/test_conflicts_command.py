"""``syncd conflicts`` and ``syncd pin`` on a database: list, decide, come back to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from syncd.cli.main import main
from syncd.model.area import AreaKey
from syncd.model.record import Claim
from syncd.model.service import ServiceKey
from tests.support.review_desk import AREA, DOG_TAX, lay_out

CONFLICT = f"{DOG_TAX}/{AREA}/authority"


def says(source: str, authority: str) -> Claim:
    return Claim(source, "K1", ServiceKey(DOG_TAX), AreaKey(AREA), "Hundesteuer", authority=authority)


@pytest.fixture
def where(tmp_path: Path) -> list[str]:
    more = {"stadt": [says("stadt", "Standesamt")], "land": [says("land", "Finanzamt Wiesbaden I")]}
    return ["--config", str(lay_out(tmp_path, more)), "--lang", "en"]


def asked(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> Any:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_a_conflict_is_listed_decided_and_undone(
    where: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = asked(capsys, 1, "conflicts", *where)
    assert found["conflict_id"] == CONFLICT
    assert {side["value"] for side in found["sides"]} == {"Standesamt", "Finanzamt Wiesbaden I"}
    for narrowed, number in [
        (["--area", "Wiesbaden"], 1),
        (["--service", DOG_TAX], 1),
        (["--source", "land"], 1),
        (["--source", "nobody"], 0),
        (["--area", "Hattersheim am Main"], 0),
        (["--state", "decided"], 0),
    ]:
        assert len(asked(capsys, int(number > 0), "conflicts", *narrowed, *where)) == number, narrowed
    words = ["conflicts", "decide", CONFLICT, "--choose", "land", "--reason", "Steuer.", "--by", "Anna"]
    (kept,) = asked(capsys, 0, *words, *where)
    assert (kept["kind"], kept["decided_by"], kept["service_key"]) == ("conflict", "Anna", DOG_TAX)
    # The command has published a release.
    assert asked(capsys, 0, "conflicts", *where) == []
    (decided,) = asked(capsys, 0, "conflicts", "--state", "decided", *where)
    assert [side["value"] for side in decided["sides"] if side["chosen"]] == ["Finanzamt Wiesbaden I"]
    (undone,) = asked(capsys, 0, "judge", "undo", kept["uid"], "--reason", "Irrtum.", *where)
    assert undone["kind"] == "undo"
    assert len(asked(capsys, 1, "conflicts", *where)) == 1
    assert main(["judge", "undo", kept["uid"], "--reason", "Noch einmal.", *where]) == 2
    assert main(["conflicts", "decide", CONFLICT, "--choose", "bund", "--reason", "x", *where]) == 2
    log = asked(capsys, 0, "judge", "list", "--all", *where)
    assert [(one["kind"], one["standing"]) for one in log] == [("conflict", "undone"), ("undo", "holds")]


def test_what_is_listed_for_people_fits_on_lines(
    where: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["conflicts", *where]) == 1
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split("\t")[:3] == ["id", "state", "service"]
    assert line.split("\t")[0] == CONFLICT
    assert "Finanzamt Wiesbaden I (land)" in line
    until = ["--until", "2099-12-31", "--reason", "Weil."]
    assert main(["pin", DOG_TAX, "Wiesbaden", "title", "Hundesteuer anmelden", *until, *where]) == 0
    assert main(["pin", "list", *where]) == 0
    assert "Hundesteuer anmelden\tHundesteuer\t2099-12-31" in capsys.readouterr().out
    assert main(["explain", DOG_TAX, "Wiesbaden", "--field", "title", *where]) == 0
    assert "Hundesteuer anmelden" in capsys.readouterr().out
