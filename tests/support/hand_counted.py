"""A miniature Germany small enough to count coverage by hand: 23 areas of all levels, twelve services.

Every state and every cause there is occurs (:data:`CELLS`, :data:`CAUSES`). What stands where, on the line
of municipalities (G Großstadt 200,000 · A Auheim 20,000 · B Aubach 5,000 · O Oberberg 3,000 · U Unterberg
2,000 · R Riedstadt 30,000 · M Moor 1,000; Forst Aue is unincorporated and owes nothing):

====  =============================================================  =============
key   who says what                                                  G A B O U R M
====  =============================================================  =============
S1    the Bund offers it online                                      I I I I I I I
S2    Nordland offers it online; Ried lists all it has               I I I I I X X
S3    Großstadt has its own; Kreis Aue spoke too long ago            O ? ? ? ? X X
S4    Verband Berg offers it; Nordland lists all of this service     X X X I I X X
S5    Großstadt has a form, the Bund describes it everywhere         O F F F F F F
S6    the Bund only describes it; Riedstadt links another act's     F F F F F F F
      form, of Großstadt only the key of the whole group speaks
S7    Großstadt has a form to print, Riedstadt a dead link           F ? ? ? ? D X
S8    two sources name different authorities for Großstadt           F ? ? ? ? X X
S9    the Bund describes it without an authority, Riedstadt with     F F F F F F F
S10   nobody speaks of it                                            ? ? ? ? ? X X
S11   owed in Südland only; Riedstadt has it                         . . . . . O X
====  =============================================================  =============

O own, I inherited, F described only, D dead, X missing, ? unknown. S12 is owed by Kreise: Großstadt has it,
of Aue and Berg nothing is known, Ried describes it.
"""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from pathlib import Path

from syncd.model.area import AreaKey
from syncd.model.coverage import Cohort, Duty, Obligation, Tier
from syncd.model.evidence import ChannelKind, Evidence, LinkState
from syncd.model.record import Claim, Scope
from syncd.model.service import Service, ServiceKey
from syncd.pipeline.ports import Store
from syncd.pipeline.registry import Registry, SourcePlan
from tests.support import miniature as mini
from tests.support.miniature import NOW, Clock, Miniature, channel, claim

KEYS = tuple(f"990{n:02d}001001000" for n in range(1, 13))
S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, S11, S12 = KEYS
GROUP_OF_S6 = f"{S6[:8]}000000"
"""The key that stands for all acts on the object of S6; nobody owes it."""
GROSSSTADT, RIEDSTADT = mini.GROSSSTADT, mini.RIEDSTADT
NORDLAND, SUEDLAND, AUE, VERBAND_BERG, RIED = "06", "09", "06431", "064325001", "09571"
BODIES = (
    GROSSSTADT,
    mini.AUHEIM,
    "064310002002",
    "064325001001",
    "064325001002",
    RIEDSTADT,
    "095710002002",
)
PEOPLE = (200_000, 20_000, 5_000, 3_000, 2_000, 30_000, 1_000)
CELLS = {
    S1: "IIIIIII",
    S2: "IIIIIXX",
    S3: "O????XX",
    S4: "XXXIIXX",
    S5: "OFFFFFF",
    S6: "FFFFFFF",
    S7: "F????DX",
    S8: "F????XX",
    S9: "FFFFFFF",
    S10: "?????XX",
    S11: ".....OX",
}
CAUSES = {
    S1: ".......",
    S2: ".....LL",
    S3: ".SS00LL",
    S4: "LLL..LL",
    S5: ".CCCCCC",
    S6: "KDDDDKD",
    S7: "BSS00TL",
    S8: "WSS00LL",
    S9: "AAAAADA",
    S10: "0SS00LL",
    S11: "......L",
}
"""Why each of these cells is as it is. The letters stand for, and it follows by hand:

- ``L`` not listed: Ried (and for S4 Nordland) was read, may speak, and lists it not.
- ``D`` described, not online: a page, and nobody anywhere has more. In S9 Riedstadt itself, which does name
  its authority.
- ``C`` a solution runs elsewhere: Großstadt's form of S5, which is not connected here.
- ``B`` a media break: the form to print of S7. ``T`` its dead link in Riedstadt.
- ``A`` no authority: the Bund's page of S9 names none although Riedstadt's does.
- ``W`` a conflict: two authorities that have nothing in common claim S8 in Großstadt.
- ``K`` a wrong key: S6 is in Großstadt described under the key of its group only, and in Riedstadt linked to
  the report of a loss, which no grant (``001``) is.
- ``S`` stale: of those whose silence means absence only Aue may speak for its two municipalities; it was read
  ten days ago, its limit is three.
- ``0`` no source: nobody says anything, and there is nobody whose silence would mean absence.
"""
GAPS_BY_CAUSE = {
    # S2 2 + S3 2 + S4 5 + S7 1 + S8 2 + S10 2 + S11 1
    ("not_described", "municipality"): 15,
    # S6 5 + S9 1
    ("described_not_online", "municipality"): 6,
    ("solution_not_connected", "municipality"): 6,
    ("media_break", "solution_owner"): 1,
    ("dead_link", "it_provider"): 1,
    ("no_authority", "land_editorial_office"): 6,
    ("conflict", "land_editorial_office"): 1,
    ("wrong_key", "land_editorial_office"): 2,
}
"""The same counted, with whose turn it is: 22 described + 1 dead + 15 missing = 38 gaps."""
CAUSE_LETTERS = {
    ".": "none",
    "L": "not_described",
    "D": "described_not_online",
    "C": "solution_not_connected",
    "B": "media_break",
    "T": "dead_link",
    "A": "no_authority",
    "W": "conflict",
    "K": "wrong_key",
    "S": "stale",
    "0": "no_source",
}
LETTERS = {
    ".": "not_owed",
    "O": "own",
    "I": "inherited",
    "F": "offline",
    "D": "dead",
    "X": "missing",
    "?": "unknown",
}


def registry() -> Registry:
    """Return the synthetic configuration."""
    duty = Duty(
        name="Gemeinden",
        line=Tier.GEMEINDE,
        owed_by=Tier.GEMEINDE,
        minimum=Evidence.ONLINE_FORM,
        from_on=date(2024, 1, 1),
        legal_ground="synthetisch",
        services=frozenset(KEYS[:10]),
    )
    south = dataclasses.replace(duty, name="Süden", services=frozenset({S11}), areas=(SUEDLAND,))
    counties = dataclasses.replace(
        duty, name="Kreise", line=Tier.KREIS, owed_by=Tier.KREIS, services=frozenset({S12})
    )
    later = dataclasses.replace(duty, name="Später", from_on=date(2028, 1, 1), services=frozenset({S12}))
    return dataclasses.replace(
        mini.make_registry(),
        services={
            key: Service(
                ServiceKey(key),
                f"Leistung {n}",
                "synthetic",
                ozg_id=10_001 + n // 3 if n < 6 else None,
                ozg_name=f"Bündel {n // 3}" if n < 6 else None,
                situation="Wohnen" if n % 2 else "Arbeit",
                theme="Alltag" if n < 9 else None,
            )
            for n, key in enumerate(KEYS)
        }
        | {GROUP_OF_S6: Service(ServiceKey(GROUP_OF_S6), "Gruppe der Leistung 5", "synthetic")},
        obligations=(
            Obligation("alltag", "Alltag (synthetisch)", (duty, south, later)),
            Obligation("kreise", "Kreise (synthetisch)", (counties,)),
        ),
        cohorts=(Cohort("pilots", "Piloten (synthetisch)", (GROSSSTADT, AUE, RIEDSTADT)),),
        sources={plan.source_id: plan for plan in _plans()},
    )


def _plans() -> tuple[SourcePlan, ...]:
    def plan(source_id: str, area: str, services: frozenset[str] | None, *, entitled: bool) -> SourcePlan:
        return SourcePlan(
            source_id=source_id,
            title=source_id,
            connector_name="synthetic",
            connector=None,
            parser="synthetic",
            options={},
            scope=Scope((AreaKey(area),), services, silence_means_absence=entitled),
            interval=timedelta(hours=6),
            stale_after=timedelta(days=3),
            base_url="https://portal.example",
        )

    return (
        plan("bund", "00", None, entitled=False),
        plan("nordland", NORDLAND, None, entitled=False),
        plan("nordland-list", NORDLAND, frozenset({S4}), entitled=True),
        plan("grossstadt", GROSSSTADT, None, entitled=False),
        plan("aue", AUE, None, entitled=True),
        plan("ried", RIED, None, entitled=True),
    )


def _claims() -> dict[str, tuple[Claim, ...]]:
    online = channel(ChannelKind.ONLINE_SERVICE, "online")
    page = channel(ChannelKind.PAGE, "seite")
    form = channel(ChannelKind.FORM, "formular")
    paper = channel(ChannelKind.PDF, "formular.pdf")
    wrong_form = channel(ChannelKind.ONLINE_SERVICE, "verlust")
    dead = channel(ChannelKind.ONLINE_SERVICE, "weg", state=LinkState.DEAD)
    return {
        "bund": (
            claim("bund", "1", S1, "00", online),
            claim("bund", "5", S5, "00", page),
            claim("bund", "6", S6, "00", page),
            claim("bund", "9", S9, "00", page),
        ),
        "nordland": (
            claim("nordland", "2", S2, NORDLAND, online),
            claim("nordland", "6", GROUP_OF_S6, GROSSSTADT, online),
            claim("nordland", "8", S8, GROSSSTADT, page, authority="Landesamt für Fische Nordland"),
        ),
        "nordland-list": (claim("nordland-list", "4", S4, VERBAND_BERG, online),),
        "grossstadt": (
            claim("grossstadt", "3", S3, GROSSSTADT, online),
            claim("grossstadt", "5", S5, GROSSSTADT, form),
            claim("grossstadt", "7", S7, GROSSSTADT, paper),
            claim("grossstadt", "8", S8, GROSSSTADT, page, authority="Finanzamt Kiel"),
            claim("grossstadt", "12", S12, GROSSSTADT, online),
        ),
        "aue": (claim("aue", "3", S3, AUE, online),),
        "ried": (
            claim("ried", "6", S6, RIEDSTADT, wrong_form),
            claim("ried", "7", S7, RIEDSTADT, dead),
            claim("ried", "9", S9, RIEDSTADT, page, authority="Bürgeramt Riedstadt"),
            claim("ried", "11", S11, RIEDSTADT, online),
            claim("ried", "12", S12, RIED, page),
        ),
    }


def stand_up(store: Store, workroot: Path) -> Miniature:
    """Return the miniature with release 1 published."""
    miniature = Miniature(store, workroot, registry(), Clock(NOW - timedelta(days=10)))
    claims = _claims()
    miniature.say("aue", claims.pop("aue"))
    miniature.clock.now = NOW
    for source_id, said in claims.items():
        miniature.say(source_id, said)
    miniature.publish()
    return miniature
