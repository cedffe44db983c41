"""The commands of coverage figures and simulations."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from syncd.cli.output import print_facts, print_json, print_rows, say
from syncd.cli.reading import asking, view_of
from syncd.errors import ConfigError
from syncd.model.evidence import Evidence
from syncd.pipeline.figures_shown import bound_text, group_name, group_shown, plan_shown, simulation_shown
from syncd.rules.figure_words import (
    NOT_YET_OWED,
    RULES,
    SIMULATED,
    UNITS,
    UNKNOWN_NOTE,
    percent,
    share_text,
)
from syncd.rules.figures import Rule
from syncd.rules.words import EVIDENCE
from syncd.rules.words import say as words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.pipeline.ask import ReleaseView
    from syncd.pipeline.figures import FiguresQuery, GroupFigures
    from syncd.pipeline.simulate import Outcome

_SHORT = (
    Rule.AREA_WIDE,
    Rule.AT_LEAST_ONE,
    Rule.SHARE_OF_BODIES,
    Rule.SHARE_OF_POPULATION,
    Rule.OWN,
    Rule.INHERITED,
    Rule.DESCRIBED,
    Rule.ONLINE,
)


def coverage(arguments: argparse.Namespace) -> int:
    """Show coverage figures; each names its rule."""
    from syncd.pipeline.figures import By, FiguresQuery, figures

    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        query = FiguresQuery(
            place=arguments.place,
            by=By(arguments.by),
            obligations=frozenset(arguments.obligation),
            line=arguments.line,
            services=frozenset(view.service(key).service_key for key in arguments.service),
        )
        found = figures(view, query)
        if arguments.json:
            rows = (group_shown(one, arguments.by, arguments.lang) for one in found)
            print_rows(arguments, rows, {})
            return 0
        if query.by is By.TOTAL:
            _print_rules(arguments, list(found))
        else:
            rows = (_line(one, arguments) for one in found)
            print_rows(arguments, rows, _columns(arguments.lang), none=_nothing(arguments.lang))
        say(UNKNOWN_NOTE[arguments.lang])
    return 0


def _nothing(language: str) -> str:
    return "dort ist nichts geschuldet" if language == "de" else "nothing is owed there"


def _columns(language: str) -> dict[str, str]:
    german = language == "de"
    return {
        "obligation_id": "Soll" if german else "obligation",
        "line": "Ebene" if german else "line",
        "group": "Schlüssel" if german else "key",
        "name": "Name" if german else "name",
        "services": "Leistungen" if german else "services",
        "bodies": "Kommunen" if german else "bodies",
        **{rule.value: words_of(RULES, rule, language) for rule in _SHORT},
        "unknown": "unbekannt" if german else "unknown",
    }


def _line(one: GroupFigures, arguments: argparse.Namespace) -> dict[str, object]:
    shares = {rule: one.figures.share(rule) for rule in _SHORT}
    short: dict[str, object] = {
        rule.value: f"{share.numerator}/{share.denominator}"
        if share.unit == "services"
        else percent(share.value, arguments.lang)
        for rule, share in shares.items()
    }
    return {
        "obligation_id": one.obligation_id,
        "line": one.line,
        "group": one.group,
        "name": group_name(one, arguments.by, arguments.lang),
        "services": one.figures.services,
        "bodies": one.figures.bodies,
        **short,
        "unknown": one.figures.cells["unknown"],
    }


def _print_rules(arguments: argparse.Namespace, found: list[GroupFigures]) -> None:
    """Print one line per rule and rung."""
    german = arguments.lang == "de"
    columns = {
        "obligation_id": "Soll" if german else "obligation",
        "line": "Ebene" if german else "line",
        "rule": "Regel" if german else "rule",
        "numerator": "erreicht" if german else "covered",
        "denominator": "von" if german else "of",
        "unit": "Einheit" if german else "unit",
        "unknown": "unbekannt" if german else "unknown",
        "share": "Anteil" if german else "share",
        "at_most": "höchstens" if german else "at most",
    }
    print_rows(
        arguments,
        (row for one in found for row in _rule_lines(one, arguments.lang)),
        columns,
        none=_nothing(arguments.lang),
    )


def _rule_lines(one: GroupFigures, language: str) -> Iterator[dict[str, object]]:
    head = {"obligation_id": one.obligation_id, "line": one.line}
    for share in one.figures.shares:
        yield head | {
            "rule": words_of(RULES, share.rule, language),
            "numerator": share.numerator,
            "denominator": share.denominator,
            "unit": words_of(UNITS, share.unit, language),
            "unknown": share.unknown,
            "share": percent(share.value, language),
            "at_most": percent(share.at_most, language),
        }
    for step in one.figures.ladder:
        yield head | {
            "rule": ("Stufe: " if language == "de" else "rung: ") + words_of(EVIDENCE, step.rung, language),
            "numerator": step.cells,
            "denominator": one.figures.owed,
            "unit": words_of(UNITS, "cells", language),
            "unknown": one.figures.cells["unknown"],
            "share": percent(step.cells / one.figures.owed, language),
            "at_most": "",
        }


def simulate(arguments: argparse.Namespace) -> int:
    """Show what an adoption would bring, or which roll-outs reach a target; changes nothing."""
    from syncd.pipeline.figures import FiguresQuery

    if (arguments.target is None) == (not arguments.service or not arguments.areas):
        raise ConfigError(
            "nothing to simulate" if arguments.target is None else "two simulations at once",
            where="simulate",
            fix="Give either --service and --in (an adoption), or --target (which roll-outs reach it).",
            code="bad_parameter",
        )
    with asking(arguments) as (config, ask):
        view = view_of(arguments, config, ask)
        query = FiguresQuery(
            place=arguments.place, obligations=frozenset(arguments.obligation), line=arguments.line
        )
        if arguments.target is None:
            return _adoption(arguments, view, query)
        return _roll_outs(arguments, view, query)


def _adoption(arguments: argparse.Namespace, view: ReleaseView, query: FiguresQuery) -> int:
    from syncd.pipeline.simulate import Adoption
    from syncd.pipeline.simulate import simulate as work_out

    found = work_out(
        view,
        Adoption(
            services=frozenset(arguments.service),
            areas=tuple(arguments.areas),
            evidence=Evidence.from_label(arguments.evidence),
            each=arguments.each,
            by_on=arguments.until,
        ),
        query,
    )
    if arguments.json:
        print_json(simulation_shown(found, arguments.lang))
        return 0
    german = arguments.lang == "de"
    for outcome in found.outcomes:
        print_facts(
            [
                ("Soll" if german else "obligation", f"{outcome.obligation_id} {outcome.line}"),
                ("Ort" if german else "place", found.place),
                ("geschlossene Lücken" if german else "gaps closed", outcome.closed),
                ("geklärtes Unbekanntes" if german else "unknown settled", outcome.settled),
                ("Menschen, denen es nützt" if german else "people reached", outcome.reached),
                ("verbleibende Lücken" if german else "gaps left", outcome.remaining_gaps),
            ]
        )
        print_rows(arguments, _compared(outcome, arguments.lang), _before_after(arguments.lang))
        rows = (asdict(one) for one in outcome.remaining)
        print_rows(arguments, rows, _left(arguments.lang), none="")
    if found.not_counted and arguments.until:
        named = ", ".join(f"{name} ({obligation}, {day})" for obligation, name, day in found.not_counted)
        say(NOT_YET_OWED[arguments.lang].format(day=arguments.until, duties=named))
    if not found.outcomes:
        say(_nothing(arguments.lang))
    say(SIMULATED[arguments.lang])
    return 0


def _compared(outcome: Outcome, language: str) -> Iterator[dict[str, object]]:
    for before, after in zip(outcome.before.shares, outcome.after.shares, strict=True):
        yield {
            "rule": words_of(RULES, before.rule, language),
            "before": share_text(before, language),
            "after": share_text(after, language),
        }


def _before_after(language: str) -> dict[str, str]:
    return (
        {"rule": "Regel", "before": "vorher", "after": "nachher"}
        if language == "de"
        else {"rule": "rule", "before": "before", "after": "after"}
    )


def _left(language: str) -> dict[str, str]:
    german = language == "de"
    return {
        "service_key": "Schlüssel" if german else "key",
        "service_name": "bleibt offen" if german else "still lacking",
        "gaps": "Lücken" if german else "gaps",
        "people": "Menschen" if german else "people",
        "unknown": "unbekannt" if german else "unknown",
    }


def _roll_outs(arguments: argparse.Namespace, view: ReleaseView, query: FiguresQuery) -> int:
    from syncd.pipeline.simulate import TargetQuery, roll_outs

    target = TargetQuery(
        target=arguments.target,
        units=frozenset(arguments.unit or ("service",)),
        measure=arguments.measure,
        at_most=arguments.most,
    )
    plans = list(roll_outs(view, target, query))
    if arguments.json:
        print_json([plan_shown(plan, arguments.lang) for plan in plans])
        return 0
    german = arguments.lang == "de"
    if not plans:
        say(_nothing(arguments.lang))
    columns = {
        "number": "#",
        "unit": "Art" if german else "kind",
        "key": "Schlüssel" if german else "key",
        "name": "Einführung" if german else "roll-out",
        "cells": "Lücken" if german else "gaps",
        "gain": "Zugewinn" if german else "gain",
        "share": "danach" if german else "after it",
    }
    for plan in plans:
        found = plan.plan
        print_facts(
            [
                ("Soll" if german else "obligation", f"{plan.obligation_id} {plan.line}"),
                ("heute" if german else "now", percent(found.start, arguments.lang)),
                ("Ziel" if german else "target", percent(found.target, arguments.lang)),
                ("danach" if german else "after all", percent(found.share, arguments.lang)),
                ("unbekannt" if german else "unknown", percent(found.unknown, arguments.lang)),
                ("Einführungen" if german else "roll-outs", len(plan.steps)),
                ("Güte" if german else "how good", bound_text(found, arguments.lang)),
            ]
        )
        rows = (
            asdict(step)
            | {"unit": "Leistung" if german and step.unit == "service" else step.unit}
            | {"number": number, "share": percent(step.share, arguments.lang)}
            for number, step in enumerate(plan.steps, 1)
        )
        print_rows(arguments, rows, columns, none="")
    say(SIMULATED[arguments.lang])
    return 0
