"""Commands that look at what is known: sources, runs, services, catalogue, explanations, releases."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from syncd.cli.output import age, print_facts, print_json, print_rows, say
from syncd.cli.reading import asking, load, view_of
from syncd.errors import NotFound

if TYPE_CHECKING:
    from syncd.model.area import Area
    from syncd.model.issue import Issue
    from syncd.model.run import Run
    from syncd.pipeline.ask import ReleaseView


def sources(arguments: argparse.Namespace) -> int:
    """List the sources, with those whose file is gone but not their data."""
    with asking(arguments) as (config, ask):
        rows = [
            asdict(source)
            | {"age": age(source.age_seconds), "state": _source_state(source), "grade": _grade(source)}
            | {"owner": source.about.owner if source.about else ""}
            | ({} if source.configured else {"reason": f"{source.reason} {source.fix}"})
            for source in ask.sources()
        ]
        columns = {
            "source_id": "source",
            "state": "state",
            "outcome": "last run",
            "last_started_at": "started",
            "age": "age of data",
            "records": "records",
            "missing": "missing",
            "grade": "grade",
            "owner": "owner",
            "reason": "why",
        }
        print_rows(arguments, rows, columns, zone=config.file.daemon.timezone, none="no source is configured")
    return 0


def _grade(source: Any) -> str:  # noqa: ANN401 - a SourceView, imported late
    quality = source.quality
    if quality is None:
        return ""
    return " ".join((quality.grade, *(f"{code}={value:g}" for code, value in quality.reasons)))


def _source_state(source: Any) -> str:  # noqa: ANN401 - a SourceView, imported late
    if not source.configured:
        return "not configured"
    if not source.enabled:
        return "disabled"
    if source.last_good_at is None:
        return "never spoke"
    if not source.fresh:
        return "stale"
    return "silent" if source.silent else "fresh"


def runs(arguments: argparse.Namespace) -> int:
    """List runs newest first, or show one."""
    with asking(arguments) as (config, ask):
        zone = config.file.daemon.timezone
        if arguments.run is not None:
            _one_run(arguments, *ask.store.run(arguments.run), zone)
            return 0
        columns = {
            "run_id": "run",
            "source_id": "source",
            "started_at": "started",
            "seconds": "s",
            "outcome": "outcome",
            "received": "received",
            "added": "added",
            "changed": "changed",
            "withdrawn": "withdrawn",
            "reason": "why",
        }
        print_rows(arguments, _runs(ask.store, arguments.source), columns, zone=zone, none="no run yet")
    return 0


def _runs(store: Any, source_id: str | None) -> Iterator[dict[str, object]]:  # noqa: ANN401 - a Store, imported late
    before = None
    while page := store.runs(source_id=source_id, limit=200, before=before):
        yield from map(_run_row, page)
        before = page[-1].run_id


def _run_row(run: Run) -> dict[str, object]:
    row: dict[str, object] = asdict(run)
    counts: dict[str, object] = asdict(run.counts)
    del row["counts"]
    ended = run.ended_at
    seconds = round((ended - run.started_at).total_seconds(), 1) if ended else None
    return row | counts | {"seconds": seconds}


def _one_run(  # noqa: PLR0917 - what the store says of a run
    arguments: argparse.Namespace,
    run: Run,
    details: Mapping[str, Any],
    issues: Sequence[Issue],
    counts: Mapping[str, int],
    zone: str,
) -> None:
    if arguments.json:
        print_json(_run_row(run) | {"details": details, "issues": issues, "issue_counts": counts})
        return
    row = _run_row(run)
    print_facts([(name, row[name]) for name in row if name != "issues"], zone=zone)
    print_facts([(f"details.{name}", value) for name, value in details.items()], zone=zone)
    print_facts([(f"findings.{name}", number) for name, number in counts.items()])
    if issues:
        print()
        columns = {"severity": "", "code": "finding", "where": "where", "value": "value", "message": "what"}
        print_rows(arguments, (asdict(issue) for issue in issues), columns, zone=zone)


def services(arguments: argparse.Namespace) -> int:
    """Search services of a release, or of the register before the first release."""
    columns = {
        "service_key": "key",
        "name": "name",
        "typing": "type",
        "origin_label": "from",
        "status": "status",
    }
    try:
        with asking(arguments) as (config, ask):
            view = view_of(arguments, config, ask)
            rows = (
                view.service_view(row)
                for row in view.store.partitions(view.release.number, contains=arguments.query)
            )
            return 0 if print_rows(arguments, rows, columns) else 1
    except NotFound as error:
        if error.code != "no_release":
            raise
    config = load(arguments)
    wanted = arguments.query.casefold()
    found = (
        asdict(service) | {"service_key": key, "origin_label": config.registers.services_label}
        for key, service in sorted(config.registers.services.items())
        if wanted in key or wanted in service.name.casefold()
    )
    return 0 if print_rows(arguments, found, columns) else 1


def catalogue(arguments: argparse.Namespace) -> int:
    """List merged entries."""
    import orjson

    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        key = view.service(arguments.service).service_key if arguments.service else None
        areas = _around(view, view.area(arguments.area)) if arguments.area else None
        rows = (
            _entry_row(view, orjson.loads(row.payload), row)
            for row in view.store.entries(view.release.number, service_key=key, area_codes=areas)
        )
        columns = {
            "service_key": "key",
            "title": "title",
            "area_code": "area",
            "area_name": "",
            "evidence": "evidence",
            "link": "link",
        }
        return 0 if print_rows(arguments, rows, columns) else 1


def _around(view: ReleaseView, area: Area) -> list[str] | None:
    """Return the area, what lies above and what lies in it; None for all of Germany."""
    if area.code == "00":
        return None
    inside = {code for code in view.line.areas if code.startswith(area.code)}
    return sorted(inside | {area.code, *view.line.chain(area.code)})


def _entry_row(view: ReleaseView, payload: dict[str, Any], row: Any) -> dict[str, object]:  # noqa: ANN401
    from syncd.model.evidence import Evidence
    from syncd.pipeline.entry_codec import decode_entry

    entry = decode_entry(row.payload)
    area = view.line.area(row.area_code)
    best = next((graded.channel.url for graded, _ in entry.channels if graded.channel.url), "")
    return {
        "service_key": row.service_key,
        "area_code": row.area_code,
        "area_name": area.name if area else "",
        "title": entry.value("title") or "",
        "evidence": Evidence(row.evidence).label,
        "link": best,
        "since_release": row.from_release,
        "entry": payload,
    }


def explain(arguments: argparse.Namespace) -> int:
    """Derive the state of one cell."""
    from syncd.pipeline.explain import explain as derive

    if arguments.field:
        return _explain_field(arguments)
    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        found = derive(
            view,
            arguments.service,
            view.area(arguments.area),
            obligation_id=arguments.obligation,
            language=arguments.lang,
        )
        if arguments.json:
            print_json(found)
            return 0
        zone = config.file.daemon.timezone
        german = arguments.lang == "de"
        facts = [
            ("Leistung" if german else "service", f"{found.service.service_key} {found.service.name}"),
            ("Gebiet" if german else "area", f"{found.area.code} {found.area.name}"),
            ("Einwohner" if german else "people", found.people),
            ("Soll" if german else "obligation", f"{found.obligation_id} {found.line}".strip()),
            ("Zustand" if german else "state", f"{found.state_text} ({found.state})"),
            (
                "Ursache" if german else "cause",
                f"{found.cause_text} ({found.cause})" if found.cause_text else "",
            ),
            ("Stufe" if german else "evidence", found.evidence),
            ("seit" if german else "since", found.since_at),
            ("Stand" if german else "release", found.release),
        ]
        print_facts(facts, zone=zone)
        print()
        for number, step in enumerate(found.steps, 1):
            print(f"{number}. {step.text}")
    return 0


def _explain_field(arguments: argparse.Namespace) -> int:
    """Tell why a field of an entry has its value."""
    from syncd.pipeline.explain_field import explain_field

    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        area = view.area(arguments.area)
        found = explain_field(view, arguments.service, area, arguments.field, language=arguments.lang)
        if arguments.json:
            print_json(found)
            return 0
        german = arguments.lang == "de"
        facts = [
            ("Leistung" if german else "service", f"{found.service_key} {found.service_name}"),
            ("Gebiet" if german else "area", f"{found.area_code} {found.area_name}"),
            ("Feld" if german else "field", found.field),
            ("Wert" if german else "value", found.value),
            ("seit" if german else "since", found.since_at),
            ("Stand" if german else "release", found.release),
        ]
        print_facts(facts, zone=config.file.daemon.timezone)
        print()
        for number, step in enumerate(found.steps, 1):
            print(f"{number}. {step.text}")
    return 0


def release(arguments: argparse.Namespace) -> int:
    """List releases newest first, or show one with its change list."""
    with asking(arguments) as (config, ask):
        zone = config.file.daemon.timezone
        if arguments.number is None and not arguments.changes:
            rows = (
                {"number": r.number, "published_at": r.published_at, "digest": r.digest} | dict(r.counts)
                for r in _releases(ask.store)
            )
            columns = {"number": "release", "published_at": "published", "digest": "digest"}
            return 0 if print_rows(arguments, rows, columns, zone=zone, none="nothing published yet") else 1
        found = ask.view(release=arguments.number).release
        if arguments.changes:
            changes = _changes(ask.store, found.number)
            columns = {"kind": "", "service_key": "key", "area_code": "area", "title": "title"}
            print_rows(arguments, changes, columns, none=f"release {found.number} changed no entry")
            return 0
        if arguments.json:
            print_json(found)
            return 0
        print_facts(
            [
                ("release", found.number),
                ("published", found.published_at),
                ("digest", found.digest),
                *found.counts.items(),
                ("areas", found.inputs.get("areas_label")),
                ("services", found.inputs.get("services_label")),
            ],
            zone=zone,
        )
        say("its changes: syncd release N --changes; all its inputs: --json")
    return 0


def _releases(store: Any) -> Iterator[Any]:  # noqa: ANN401 - a Store, imported late
    before = None
    while page := store.releases(limit=200, before=before):
        yield from page
        before = page[-1].number


def _changes(store: Any, number: int) -> Iterator[Any]:  # noqa: ANN401 - a Store, imported late
    offset = 0
    while page := store.changes(number, limit=1_000, offset=offset):
        yield from page
        offset += len(page)
