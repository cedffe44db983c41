"""Commands about gaps: list, take to a spreadsheet and back, look at one, decide on it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.cli.german import ANSWERS, FACTS, remark
from syncd.cli.output import print_facts, print_json, print_rows, say
from syncd.cli.reading import asking, obligation_of, view_of
from syncd.errors import ConfigError

if TYPE_CHECKING:
    from syncd.model.area import Area
    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.gap_history import GapHistory
    from syncd.pipeline.gap_sheet import ImportResult
    from syncd.pipeline.gaps import GapQuery
    from syncd.pipeline.views import GapView

_NONE = "no gap is known; --state unknown shows what is unknown"
_WRITTEN = "{count} gaps of release {release}"
_IMPORTED = "{unchanged} unchanged, {change} to change, {refused} refused; {kept} decisions kept"
_NOTHING_KEPT = "nothing was kept because rows were refused; correct them, or add --partial"
_COLUMNS = {
    "obligation_id": "obligation",
    "service_key": "key",
    "service_name": "service",
    "area_name": "area",
    "state": "state",
    "cause": "cause",
    "body_name": "owed by",
    "people": "people",
    "since_at": "since",
    "running_elsewhere": "elsewhere",
    "responsible": "whose turn",
    "status": "status",
    "assignee": "assignee",
    "due_on": "due",
    "gap_id": "id",
}


def gaps(arguments: argparse.Namespace) -> int:
    """List gaps, or write them to a file; 1 if there are any. Or read an edited list back."""
    from syncd.pipeline.gaps import gaps as list_gaps

    words: list[str] = arguments.words
    if words:
        if words[0] != "import" or len(words) != 2:  # noqa: PLR2004 - the word and the file
            raise ConfigError("write: gaps import FILE --preview", where="gaps")
        return _import(arguments, Path(words[1]))
    if arguments.apply or arguments.preview or arguments.partial:
        raise ConfigError("--preview, --apply and --partial belong to an import", where="gaps")
    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        if arguments.summary:
            return _gap_summary(arguments, view)
        query = _query(arguments, view)
        if arguments.csv or arguments.xlsx:
            return 1 if _export(arguments, view, list_gaps(view, query, limit=arguments.limit or None)) else 0
        found: Iterable[object] = list_gaps(view, query)
        if arguments.lang == "de" and not arguments.json:
            found = map(_in_german, list_gaps(view, query))
        zone = config.file.daemon.timezone
        return 1 if print_rows(arguments, found, _COLUMNS, zone=zone, none=_NONE) else 0


def _in_german(one: GapView) -> dict[str, object]:
    """Return a gap with words in place of codes, as the table for spreadsheets has them."""
    from syncd.rules import gap_words, words

    return asdict(one) | {
        "state": words.say(words.STATES, one.state, "de"),
        "cause": words.say(words.CAUSE_NAMES, one.cause, "de"),
        "responsible": gap_words.say(gap_words.PARTIES, one.responsible, "de"),
        "status": gap_words.say(gap_words.STATUSES, one.status, "de"),
    }


def _query(arguments: argparse.Namespace, view: ReleaseView) -> GapQuery:
    from syncd.pipeline.gaps import GapQuery

    return GapQuery(
        area=view.area(arguments.area) if arguments.area else None,
        service_key=view.service(arguments.service).service_key if arguments.service else None,
        obligation_id=obligation_of(view, arguments.obligation),
        line=arguments.line,
        states=tuple(arguments.state),
        causes=tuple(arguments.cause),
        statuses=tuple(arguments.status),
        responsible=tuple(arguments.responsible),
        assignee=arguments.assignee,
        overdue=arguments.overdue,
    )


# --- to a spreadsheet and back ------------------------------------------------------------------------------


def _export(arguments: argparse.Namespace, view: ReleaseView, found: Iterable[GapView]) -> int:
    """Write the list; a file appears whole or not at all. Returns the number of gaps."""
    from syncd.pipeline.gap_sheet import rows_of
    from syncd.rules.gap_sheet import csv_lines

    rows = rows_of(found, arguments.lang)
    if arguments.csv == "-":
        lines = csv_lines(rows, arguments.lang)
        return sum(1 for line in lines if sys.stdout.buffer.write(line.encode())) - 1
    target = Path(arguments.csv or arguments.xlsx)
    part = target.with_name(f"{target.name}.part")
    try:
        if arguments.csv:
            with part.open("w", encoding="utf-8", newline="") as file:
                count = sum(1 for line in csv_lines(rows, arguments.lang) if file.write(line)) - 1
        else:
            from syncd.exports.gap_xlsx import write_gaps_xlsx

            count = write_gaps_xlsx(part, rows, arguments.lang, view.release.published_at.date())
        part.replace(target)
    except OSError as error:
        raise ConfigError(f"cannot be written ({error.strerror})", where=str(target)) from error
    finally:
        part.unlink(missing_ok=True)
    written = remark(_WRITTEN, arguments.lang).format(count=count, release=view.release.number)
    say(f"{target}: {written}")
    return count


def _import(arguments: argparse.Namespace, path: Path) -> int:
    """Show what an edited list would change, or change it; 1 if a row is refused."""
    from syncd.cli.deciding import name_of
    from syncd.pipeline.gap_sheet import CHANGE, REFUSED, UNCHANGED, GapImport
    from syncd.rules.gap_sheet import read_rows

    rows = list(read_rows(_table(path)))
    with asking(arguments) as (_, ask):
        work = GapImport(
            ask.view(), name_of(arguments.by), arguments.lang, " ".join(arguments.reason.split())
        )
        result = work.apply(rows, partial=arguments.partial) if arguments.apply else work.preview(rows)
    _print_verdicts(arguments, result)
    counts = {
        "unchanged": result.count(UNCHANGED),
        "change": result.count(CHANGE),
        "refused": result.count(REFUSED),
        "kept": result.applied,
    }
    say(remark(_IMPORTED, arguments.lang).format(**counts))
    if arguments.apply and result.count(REFUSED) and not arguments.partial:
        say(remark(_NOTHING_KEPT, arguments.lang))
    return 1 if result.count(REFUSED) else 0


def _print_verdicts(arguments: argparse.Namespace, result: ImportResult) -> None:
    rows = [
        {"line": r.line, "gap_id": r.gap_id, "verdict": r.verdict, "code": r.code, "message": r.message}
        for r in result.rows
    ]
    if arguments.json:
        print_json({"rows": rows, "applied": result.applied})
        return
    telling = [row for row in rows if row["verdict"] != "unchanged"]
    columns = {"line": "row", "gap_id": "id", "verdict": "verdict", "message": "what"}
    if arguments.lang == "de":
        named = {"change": "ändert", "refused": "abgelehnt"}
        telling = [row | {"verdict": named[str(row["verdict"])]} for row in telling]
    print_rows(arguments, telling, columns, none="nothing to change")


def _table(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a file; raises ConfigError for one that cannot be read."""
    from syncd.rules.gap_sheet import LARGEST_FILE, csv_table
    from syncd.sdk.errors import SourceFormatError
    from syncd.sdk.xlsx import sheet_rows

    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > LARGEST_FILE:
                raise ConfigError(f"is larger than {LARGEST_FILE} bytes", where=str(path))
            packed = file.read(4) == b"PK\x03\x04"
            file.seek(0)
            if packed:
                yield from sheet_rows(file, None)
            else:
                yield from csv_table(file.read())
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", where=str(path)) from error
    except SourceFormatError as error:
        raise ConfigError(
            error.message,
            where=str(path),
            code="bad_gap_file",
            fix="Export the list again and save the edited copy as CSV or XLSX.",
        ) from error


# --- one gap ------------------------------------------------------------------------------------------------


def gap(arguments: argparse.Namespace) -> int:
    """Show a gap with its history, the text that asks its source, or decide on it."""
    words: list[str] = arguments.words
    if words and words != ["text"]:
        return _decide(arguments, words)
    from syncd.pipeline.gap_history import dispute, history

    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        if words:
            asked = dispute(view, arguments.gap, language=arguments.lang, reason=arguments.reason)
            if arguments.json:
                print_json(asked)
            else:
                print(f"{asked.subject}\n\n{asked.text}")
            return 0
        told = history(view, arguments.gap)
        if arguments.json:
            print_json(told)
        else:
            _print_gap(arguments, told, config.file.daemon.timezone)
    return 0


def _print_gap(arguments: argparse.Namespace, told: GapHistory, zone: str) -> None:
    from syncd.rules import gap_words, words

    one, language = told.gap, arguments.lang
    texts = {
        "state": words.say(words.STATES, one.state, language),
        "cause": words.say(words.CAUSES, one.cause, language),
        "responsible": gap_words.say(gap_words.PARTIES, one.responsible, language),
        "status": gap_words.say(gap_words.STATUSES, one.status, language),
        "why": gap_words.say(gap_words.WHY, one.why, language),
    }
    facts = {**asdict(one), **texts}
    del facts["stand"]
    named = FACTS if language == "de" else {}
    if language == "de":
        facts |= {
            rung: words.say(words.EVIDENCE, getattr(one, rung), "de") for rung in ("evidence", "minimum")
        }
        facts["overdue"] = "ja" if one.overdue else "nein"
    shown = [(named.get(name, name), value) for name, value in facts.items()]
    print_facts([(remark("asked as", language), told.asked_as), *shown], zone=zone)
    if told.parts:
        print_facts([(remark("became of", language), ", ".join(told.parts))])
    print()
    columns = {
        "from_at": "from", "to_at": "to", "area_code": "area", "service_key": "key", "state": "state",
        "cause": "cause",
    }  # fmt: skip
    states: Iterable[object] = told.states
    if language == "de":
        states = (
            asdict(s)
            | {
                "state": words.say(words.STATES, s.state, "de"),
                "cause": words.say(words.CAUSE_NAMES, s.cause, "de"),
            }
            for s in told.states
        )
    print_rows(arguments, states, columns, zone=zone)
    if told.judgements:
        print()
        columns = {
            "decided_at": "decided", "decided_by": "by", "answer": "what", "value": "", "until": "until",
            "reason": "why", "holds": "holds", "gap_id": "said of",
        }  # fmt: skip
        said: Iterable[object] = told.judgements
        if language == "de":
            said = (
                asdict(s) | {"answer": ANSWERS.get(s.answer, s.answer), "holds": "ja" if s.holds else "nein"}
                for s in told.judgements
            )
        print_rows(arguments, said, columns, zone=zone)


_ANSWERS = {
    "acknowledge": ("acknowledge", 0),
    "waive": ("waive", 1),
    "dispute": ("dispute", 0),
    "reopen": ("reopen", 0),
    "assign": ("assign", 1),
    "release": ("release", 0),
    "due": ("set_due", 1),
    "no-due": ("clear_due", 0),
}
"""Words of the command line with their answers and how many words follow."""


def _decide(arguments: argparse.Namespace, words: list[str]) -> int:
    from syncd.cli.deciding import name_of, reason_of, show_kept
    from syncd.pipeline.gap_life import GapDecision, decide_gap
    from syncd.rules.gap_life import GapAnswer

    word, following = _ANSWERS.get(words[0], ("", -1))
    if len(words) - 1 != following:
        raise ConfigError(
            f"write one of: {', '.join(name + ' …' * more for name, (_, more) in _ANSWERS.items())}, text",
            where="gap",
            fix="Such as: syncd gap ID waive 2027-06-30 --reason TEXT.",
        )
    if arguments.release is not None or arguments.at:
        raise ConfigError("what was published is decided on as it is now", where="--release, --at")
    answer = GapAnswer(word)
    until = _day(words[1]) if answer is GapAnswer.WAIVE else None
    value = words[1] if following and until is None else ""
    decision = GapDecision(arguments.gap, answer, reason_of(arguments), value, until)
    with asking(arguments) as (_, ask):
        kept = decide_gap(ask.view(), decision, decided_by=name_of(arguments.by))
    show_kept(arguments, [kept])
    if answer is GapAnswer.DISPUTE and not arguments.json:
        say(f"{remark('the text that asks the source', arguments.lang)}: syncd gap {kept.subject} text")
    return 0


def _day(text: str) -> date:
    from syncd.rules.gap_sheet import read_day

    try:
        day = read_day(text)
    except ValueError:
        day = None
    if day is None:
        raise ConfigError(
            f"{text!r} is no day", where="gap waive", code="bad_parameter", fix="Write it as 2027-06-30."
        )
    return day


# --- summary ------------------------------------------------------------------------------------------------


def _gap_summary(arguments: argparse.Namespace, view: ReleaseView) -> int:
    obligation_id = obligation_of(view, arguments.obligation)
    areas = [view.area(arguments.area)] if arguments.area else _cohort_areas(view)
    rows = [
        {
            "area": s.area.name,
            "obligation": s.obligation_id,
            "line": s.line,
            "bodies": s.bodies,
            "owed": s.owed,
        }
        | dict(s.counts)
        for area in areas
        for s in view.summaries(area, obligation_id)
    ]
    columns = {
        name: name
        for name in (
            "area", "obligation", "line", "bodies", "owed",
            "own", "inherited", "offline", "dead", "missing", "unknown",
        )
    }  # fmt: skip
    print_rows(arguments, rows, columns, none="nothing is owed there")
    return 1 if any(row[state] for row in rows for state in ("offline", "dead", "missing")) else 0


def _cohort_areas(view: ReleaseView) -> list[Area]:
    cohorts = view.ask.registry.cohorts
    if not cohorts:
        return [view.area("00")]
    return [view.area(code) for cohort in cohorts for code in cohort.areas]
