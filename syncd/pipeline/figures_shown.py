"""Coverage figures and simulations as plain values with their words, ready for JSON; for all doors."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from syncd.rules.figure_words import BOUNDS, GROUPS, RULE_TEXTS, RULES, SIMULATED
from syncd.rules.words import EVIDENCE, say

if TYPE_CHECKING:
    from syncd.pipeline.figures import GroupFigures
    from syncd.pipeline.simulate import RollOutPlan, Simulation
    from syncd.rules.figures import Figures, Share
    from syncd.rules.simulate import Plan

    Shown = dict[str, Any]


def group_shown(one: GroupFigures, by: str, language: str) -> Shown:
    """Return a group with all its figures and their words."""
    return {
        "obligation_id": one.obligation_id,
        "line": one.line,
        "group": one.group,
        "name": group_name(one, by, language),
        "level": one.level,
        **figures_shown(one.figures, language),
    }


def figures_shown(found: Figures, language: str) -> Shown:
    """Return figures with their words."""
    return {
        "services": found.services,
        "bodies": found.bodies,
        "inhabitants": found.inhabitants,
        "owed": found.owed,
        "cells": dict(found.cells),
        "people": dict(found.people),
        "shares": [share_shown(share, language) for share in found.shares],
        "ladder": [
            {"rung": step.rung, "text": say(EVIDENCE, step.rung, language)}
            | {"cells": step.cells, "people": step.people}
            for step in found.ladder
        ],
    }


def share_shown(share: Share, language: str) -> Shown:
    """Return a share with its rule in words."""
    return {
        "rule": share.rule.value,
        "name": say(RULES, share.rule, language),
        "text": say(RULE_TEXTS, share.rule, language),
        "unit": share.unit.value,
        "numerator": share.numerator,
        "denominator": share.denominator,
        "unknown": share.unknown,
        "share": share.value,
        "at_most": share.at_most,
    }


def group_name(one: GroupFigures, by: str, language: str) -> str:
    """Return the name of a group; services that belong to none have a word for that."""
    return one.name or say(GROUPS, by, language)


def simulation_shown(found: Simulation, language: str) -> Shown:
    """Return a simulation with its figures in words."""
    return {
        "place": found.place,
        "note": SIMULATED[language],
        "outcomes": [
            {
                "obligation_id": outcome.obligation_id,
                "line": outcome.line,
                "closed": outcome.closed,
                "settled": outcome.settled,
                "reached": outcome.reached,
                "remaining_gaps": outcome.remaining_gaps,
                "remaining": [asdict(one) for one in outcome.remaining],
                "before": figures_shown(outcome.before, language),
                "after": figures_shown(outcome.after, language),
            }
            for outcome in found.outcomes
        ],
        "not_counted": [
            {"obligation_id": obligation, "duty": name, "from_on": day.isoformat()}
            for obligation, name, day in found.not_counted
        ],
    }


def plan_shown(plan: RollOutPlan, language: str) -> Shown:
    """Return a plan with its bound in words; the steps are the curve of marginal gain."""
    found = plan.plan
    return {
        "place": plan.place,
        "obligation_id": plan.obligation_id,
        "line": plan.line,
        "measure": plan.measure,
        "target": found.target,
        "start": found.start,
        "share": found.share,
        "unknown": found.unknown,
        "bound": found.bound.value,
        "factor": round(found.factor, 3),
        "bound_text": bound_text(found, language),
        "steps": [asdict(step) for step in plan.steps],
    }


def bound_text(plan: Plan, language: str) -> str:
    """Say how far the plan may be from the smallest set, and why."""
    factor = f"{plan.factor:.1f}"
    factor = factor.replace(".", ",") if language == "de" else factor
    return say(BOUNDS, plan.bound, language).format(factor=factor)
