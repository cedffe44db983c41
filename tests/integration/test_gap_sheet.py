"""Lists of gaps go out to spreadsheets and come back, on a real database and through the real commands."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.cli import gap_work
from syncd.cli.main import main
from syncd.cli.parser import build_parser
from syncd.exports.gap_xlsx import write_gaps_xlsx
from syncd.pipeline.ask import Ask
from syncd.pipeline.gap_life import GapDecision, decide_gap, gap
from syncd.pipeline.gap_sheet import GapImport, ImportResult, rows_of
from syncd.pipeline.gaps import GapQuery, gaps
from syncd.rules.gap_life import GapAnswer
from syncd.rules.gap_sheet import COLUMNS, Row, csv_lines, csv_table, read_rows
from syncd.sdk.xlsx import sheet_rows
from syncd.storage import SqlStore, open_store
from tests.support.miniature import DEAD_LINK, GROSSSTADT, NOT_LISTED, NOW, TO_PRINT, Miniature, stand_up

TODAY = NOW.date()
MISSING = f"alltag/gemeinde/{NOT_LISTED}/{GROSSSTADT}"
PRINTED = f"alltag/gemeinde/{TO_PRINT}/{GROSSSTADT}"
DEAD = f"alltag/gemeinde/{DEAD_LINK}/{GROSSSTADT}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with open_store(f"sqlite:///{tmp_path / 'syncd.sqlite'}") as opened:
        yield opened


@pytest.fixture
def miniature(store: SqlStore, tmp_path: Path) -> Miniature:
    return stand_up(store, tmp_path)


def exported(miniature: Miniature, language: str = "de", **asked: Any) -> list[dict[str, Any]]:
    view = miniature.ask().view()
    return [dict(row) for row in rows_of(gaps(view, GapQuery(**asked)), language)]


def as_csv(rows: list[dict[str, Any]], language: str = "de") -> Any:
    return csv_table("".join(csv_lines(rows, language)).encode())


def as_xlsx(rows: list[dict[str, Any]], language: str = "de") -> Any:
    target = io.BytesIO()
    write_gaps_xlsx(target, rows, language, TODAY)
    target.seek(0)
    return sheet_rows(target, None)


FORMS = {"csv": as_csv, "xlsx": as_xlsx}


def importing(miniature: Miniature, **more: Any) -> GapImport:
    miniature.clock.forward(seconds=1)
    return GapImport(miniature.ask().view(), "Frau Müller", **more)


def edit(rows: list[dict[str, Any]], which: str, /, **cells: Any) -> None:
    next(row for row in rows if row["gap_id"] == which).update(cells)


def verdicts(result: ImportResult) -> dict[str, str]:
    return {row.gap_id: row.code or row.verdict for row in result.rows}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", ["de", "en"])
def test_a_list_that_comes_back_unedited_changes_nothing(
    miniature: Miniature, form: str, language: str
) -> None:
    decide_gap(
        miniature.ask().view(),
        GapDecision(MISSING, GapAnswer.WAIVE, "=weil", until=TODAY + timedelta(days=9)),
        decided_by="Frau Müller",
    )
    decide_gap(
        miniature.ask().view(),
        GapDecision(MISSING, GapAnswer.ASSIGN, "weil", "@Öz"),
        decided_by="Frau Müller",
    )
    rows = exported(miniature, language)
    result = importing(miniature).apply(read_rows(FORMS[form](rows, language)))
    assert len(result.rows) == len(rows) > 3
    assert set(verdicts(result).values()) == {"unchanged"}
    assert result.applied == 0


@pytest.mark.parametrize("form", FORMS)
def test_edited_rows_become_decisions_once(miniature: Miniature, form: str) -> None:
    rows = exported(miniature)
    edit(rows, MISSING, status="zur Kenntnis genommen", assignee="Frau Öz", reason="Besprechung")
    edit(rows, PRINTED, status="ausgenommen", until=date(2027, 1, 31), reason="Umstellung läuft")
    edit(rows, DEAD, due=date(2026, 12, 24))
    read = list(read_rows(FORMS[form](rows)))
    preview = importing(miniature, reason="Ziel").preview(read)
    assert preview.count("change") == 3
    assert preview.applied == 0
    assert miniature.store.judgements() == ()
    assert "zur Kenntnis genommen; zugewiesen an Frau Öz" in next(
        row.message for row in preview.rows if row.gap_id == MISSING
    )
    applied = importing(miniature, reason="Ziel").apply(read)
    assert applied.applied == 4
    view = miniature.ask().view()
    assert (gap(view, MISSING).status, gap(view, MISSING).assignee) == ("acknowledged", "Frau Öz")
    assert (gap(view, PRINTED).waived_until, gap(view, PRINTED).last_reason) == (
        date(2027, 1, 31), "Umstellung läuft",
    )  # fmt: skip
    assert gap(view, DEAD).due_on == date(2026, 12, 24)
    again = importing(miniature, reason="Ziel").apply(read)
    assert (again.count("unchanged"), again.applied) == (len(rows), 0)
    # And back: emptied cells take back what they held.
    rows = exported(miniature)
    edit(rows, MISSING, assignee="", status="offen", reason="Irrtum")
    edit(rows, DEAD, due=None, reason="Irrtum")
    assert importing(miniature).apply(read_rows(FORMS[form](rows))).applied == 3
    view = miniature.ask().view()
    assert (gap(view, MISSING).status, gap(view, MISSING).assignee) == ("reopened", "")
    assert gap(view, DEAD).due_on is None


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"status": "geschlossen", "reason": "weil"}, "not_decidable"),
    ({"status": "unbekannt", "reason": "weil"}, "not_decidable"),
    ({"status": "zur Kenntnis genommen"}, "gap_reason_missing"),
    ({"status": "ausgenommen", "reason": "weil"}, "bad_until"),
    ({"status": "ausgenommen", "until": TODAY, "reason": "weil"}, "bad_until"),
    ({"until": date(2030, 1, 1), "reason": "weil"}, "until_without_waiver"),
    ({"assignee": "x" * 300, "reason": "weil"}, "bad_gap_text"),
    ({"due": "3/4/2027", "reason": "weil"}, "bad_date"),
    ({"gap_id": MISSING.replace("alltag", "feiertag"), "reason": "weil"}, "unknown_gap"),
]


def test_one_refused_row_keeps_all_back_unless_asked(miniature: Miniature) -> None:
    whole = exported(miniature)
    place = next(place for place, row in enumerate(whole) if row["gap_id"] == MISSING)
    rows = whole
    for cells, code in REFUSED:
        rows = [dict(row) for row in whole]
        edit(rows, PRINTED, status="bestritten", reason="stimmt nicht")
        edit(rows, MISSING, **cells)
        result = importing(miniature).apply(read_rows(as_csv(rows)))
        refused = next(row for row in result.rows if row.verdict == "refused")
        assert (refused.code, refused.line) == (code, place + 2)
        assert refused.message
        assert (result.count("change"), result.applied) == (1, 0)
        assert miniature.store.judgements() == ()
    assert importing(miniature).apply(read_rows(as_csv(rows)), partial=True).applied == 1
    assert gap(miniature.ask().view(), PRINTED).status == "disputed"


def test_a_row_is_stale_when_somebody_else_decided_meanwhile(miniature: Miniature) -> None:
    rows = exported(miniature)
    view = miniature.ask().view()
    for gap_id in (MISSING, PRINTED):
        decide_gap(view, GapDecision(gap_id, GapAnswer.ACKNOWLEDGE, "schneller"), decided_by="Herr Kaya")
    edit(rows, MISSING, status="bestritten", reason="langsamer")
    result = importing(miniature).preview(read_rows(as_csv(rows)))
    # The other row was not touched here, so that what was decided there meanwhile stands.
    assert verdicts(result) == {
        row["gap_id"]: "stale" if row["gap_id"] == MISSING else "unchanged" for row in rows
    }
    assert "zur Kenntnis genommen" in next(row.message for row in result.rows if row.code == "stale")


def test_an_id_that_occurs_twice_decides_nothing(miniature: Miniature) -> None:
    rows = exported(miniature)
    rows.append({**next(row for row in rows if row["gap_id"] == MISSING), "status": "bestritten"})
    result = importing(miniature, reason="weil").apply(read_rows(as_csv(rows)))
    assert [row.code for row in result.rows if row.gap_id == MISSING] == ["twice", "twice"]
    assert result.applied == 0


def test_a_gap_that_closed_meanwhile_is_refused(miniature: Miniature) -> None:
    rows = exported(miniature)
    edit(
        rows,
        MISSING,
        status="bestritten",
        reason="weil",
        gap_id=MISSING.replace(NOT_LISTED, "99001001001000"),
    )
    for row in rows:
        row["service_key"] = ""
    result = importing(miniature).preview(read_rows(as_csv(rows)))
    assert "gap_closed" in verdicts(result).values()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from([MISSING, PRINTED, DEAD]),
            st.sampled_from(sorted(GapAnswer)),
            st.integers(1, 400),
            st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=9),
        ),
        max_size=4,
    ),
    st.sampled_from(sorted(FORMS)),
)
def test_whatever_was_decided_an_unedited_list_is_no_decision(
    miniature: Miniature, log: list[tuple[str, GapAnswer, int, str]], form: str
) -> None:
    for gap_id, answer, days, text in log:
        miniature.clock.forward(seconds=1)
        day = miniature.clock().date() + timedelta(days=days)
        value = day.isoformat() if answer is GapAnswer.SET_DUE else f"N{text}"
        until = day if answer is GapAnswer.WAIVE else None
        decision = GapDecision(gap_id, answer, f"R{text}", value, until)
        decide_gap(miniature.ask().view(), decision, decided_by="Frau Müller")
    before = len(miniature.store.judgements())
    result = importing(miniature).apply(read_rows(FORMS[form](exported(miniature))))
    assert set(verdicts(result).values()) == {"unchanged"}
    assert len(miniature.store.judgements()) == before


def test_a_workbook_holds_texts_days_and_numbers_and_no_formula(miniature: Miniature) -> None:
    row: Row = {
        **exported(miniature)[0],
        "assignee": "=cmd()",
        "due": date(2027, 1, 2),
        "area": "https://x.de",
    }
    target, again = io.BytesIO(), io.BytesIO()
    assert write_gaps_xlsx(target, [row], "en", TODAY) == 1
    write_gaps_xlsx(again, [row], "en", TODAY)
    assert target.getvalue() == again.getvalue()
    (_, head), (_, cells) = sheet_rows(target, "Gaps")
    found = dict(zip(COLUMNS, cells, strict=True))
    assert head == [texts["en"] for texts in COLUMNS.values()]
    assert (found["assignee"], found["due"], found["people"]) == ("=cmd()", "2027-01-02", "200000")
    assert b"<f>" not in target.getvalue()


# --- the commands -------------------------------------------------------------------------------------------


@pytest.fixture
def command(miniature: Miniature, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Run commands on the miniature: everything is real but where configuration and database come from."""
    from contextlib import contextmanager  # noqa: PLC0415
    from types import SimpleNamespace  # noqa: PLC0415

    config = SimpleNamespace(file=SimpleNamespace(daemon=SimpleNamespace(timezone="Europe/Berlin")))

    @contextmanager
    def asking(_arguments: object) -> Iterator[tuple[object, Ask]]:
        miniature.clock.forward(seconds=1)
        yield config, miniature.ask()

    monkeypatch.setattr(gap_work, "asking", asking)

    def run(*words: str) -> int:
        language = () if "--lang" in words else ("--lang", "en")
        arguments = build_parser().parse_args([*words, *language])
        handler: Callable[..., int] = getattr(gap_work, words[0])
        return handler(arguments)

    return run


def test_out_edited_and_back_by_command(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gaps.csv"
    assert command("gaps", "--csv", str(path), "--area", GROSSSTADT) == 1
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    assert {row["gap id"] for row in rows} >= {MISSING, PRINTED, DEAD}
    next(row for row in rows if row["gap id"] == MISSING).update(
        {"status": "acknowledged", "reason": "known"}
    )
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    assert command("gaps", "import", str(path)) == 0
    assert "1 to change, 0 refused; 0 decisions kept" in capsys.readouterr().err
    assert command("gaps", "import", str(path), "--apply", "--by", "Frau Müller") == 0
    assert "1 decisions kept" in capsys.readouterr().err
    assert command("gaps", "import", str(path), "--apply", "--json") == 0
    assert json.loads(capsys.readouterr().out)["applied"] == 0
    assert command("gaps", "--status", "acknowledged", "--json") == 1
    assert [one["gap_id"] for one in json.loads(capsys.readouterr().out)] == [MISSING]
    workbook = tmp_path / "gaps.xlsx"
    assert command("gaps", "--xlsx", str(workbook)) == 1
    assert command("gaps", "import", str(workbook), "--preview") == 0
    assert "0 to change, 0 refused" in capsys.readouterr().err
    assert command("gaps", "--csv", "-", "--overdue") == 0
    assert sorted(p.name for p in tmp_path.iterdir() if "gaps" in p.name) == ["gaps.csv", "gaps.xlsx"]


def test_one_gap_by_command(command: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert command("gap", MISSING, "dispute", "--reason", "we have it") == 0
    assert command("gap", MISSING, "waive", "31.01.2027", "--reason", "tender") == 0
    assert command("gap", MISSING, "assign", "Frau Öz", "--reason", "she knows") == 0
    assert command("gap", MISSING, "due", "2027-01-01", "--reason", "as agreed") == 0
    capsys.readouterr()
    assert command("gap", MISSING) == 0
    shown = capsys.readouterr().out
    for part in ("waived", "Frau Öz", "2027-01-01", "tender", "missing", "we have it"):
        assert part in shown
    assert command("gap", MISSING, "text") == 0
    assert "Serviceportal Großstadt (grossstadt)" in capsys.readouterr().out
    assert command("gap", MISSING, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["gap"]["status"], len(told["judgements"])) == ("waived", 4)


@pytest.mark.parametrize(
    "words",
    [
        ("gaps", "export", "x"),
        ("gaps", "--apply"),
        ("gaps", "import", "/nowhere/gaps.csv"),
        ("gap", MISSING, "close", "--reason", "x"),
        ("gap", MISSING, "waive", "--reason", "x"),
        ("gap", MISSING, "waive", "soon", "--reason", "x"),
        ("gap", MISSING, "acknowledge"),
        ("gap", MISSING, "acknowledge", "--release", "1", "--reason", "x"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(words)) == 2
    assert capsys.readouterr().err


def test_a_german_list_is_answered_in_german(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lücken.csv"
    german = ("--lang", "de")
    assert command("gaps", "--csv", str(path), "--area", GROSSSTADT, *german) == 1
    assert "Lücken des Standes 1" in capsys.readouterr().err
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""), delimiter=";"))
    by_id = {row["Kennung"]: row for row in rows}
    by_id[MISSING].update({"Status": "zur Kenntnis genommen"})
    by_id[PRINTED].update({"Status": "geschlossen", "Begründung": "fertig"})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    assert command("gaps", "import", str(path), *german) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "Zeile\tKennung\tUrteil\twas"
    assert "Eine Entscheidung über eine Lücke braucht eine Begründung." in out
    assert "„geschlossen“ lässt sich nicht entscheiden" in out
    assert "0 zu ändern, 2 abgelehnt; 0 Entscheidungen aufgehoben" in err
    assert command("gap", MISSING, "assign", "Frau Öz", "--reason", "sie weiß es", *german) == 0
    capsys.readouterr()
    assert command("gap", MISSING, *german) == 0
    shown = capsys.readouterr().out
    for part in ("zugewiesen an", "überfällig", "nein", "entschieden\tvon\twas", "nicht geführt", "ja\t"):
        assert part in shown
    assert "not_described" not in shown
