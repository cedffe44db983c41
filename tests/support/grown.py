"""The miniature grown over ten weeks: every second week one town more has the form of Großstadt.

Published anew every week through the real store. The towns share one installation of civento; Moor has a page
of its own. What they do not list is missing.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

from syncd.model.area import AreaKey
from syncd.model.evidence import ChannelKind
from syncd.model.record import Claim, Scope
from syncd.storage import SqlStore
from tests.support import miniature as mini
from tests.support.miniature import Clock, Miniature, claim, make_registry

AUBACH, OBERBERG, UNTERBERG, MOOR = "064310002002", "064325001001", "064325001002", "095710002002"
TOWNS = (mini.AUHEIM, AUBACH, OBERBERG, UNTERBERG, mini.RIEDSTADT, MOOR)
CIVENTO = "https://antrag.nordland.example/civ.public/start.html?mode=cc&cc_key=Wohnsitz&oe="
OWN = "https://moor.example/wohnsitz"
WEEKS = 10


def form(area: str, url: str, key: str = mini.OWN_FORM) -> Claim:
    link = dataclasses.replace(mini.channel(ChannelKind.FORM, ""), url=url)
    return claim("towns", f"{key}/{area}", key, area, link, authority="Bürgeramt")


def tell(miniature: Miniature, covered: tuple[str, ...]) -> None:
    """Let the towns say who has the form; what they do not list is missing."""
    said = [form(code, OWN if code == MOOR else CIVENTO + code) for code in covered]
    page = mini.channel(ChannelKind.PAGE, "dorf")
    miniature.say("towns", [*said, claim("towns", "page", mini.TO_PRINT, mini.AUHEIM, page)])
    miniature.say("bund", mini.bund_claims())
    miniature.say("grossstadt", mini.grossstadt_claims())


def grow(store: SqlStore, workroot: Path) -> Miniature:
    """Return the miniature after ten weeks: in weeks 0, 2, 4, 6, 8 and 10 one town more has the form."""
    registry = make_registry()
    towns = dataclasses.replace(
        registry.sources["grossstadt"],
        source_id="towns",
        title="Portal der Gemeinden",
        scope=Scope(tuple(AreaKey(code) for code in TOWNS), None, silence_means_absence=True),
        stale_after=timedelta(days=3),
    )
    sources = {**registry.sources, "towns": towns}
    del sources["kreis-aue"], sources["riedstadt"]
    miniature = Miniature(
        store,
        workroot,
        dataclasses.replace(registry, sources=sources),
        Clock(mini.NOW - timedelta(weeks=WEEKS)),
    )
    for week in range(WEEKS + 1):
        tell(miniature, TOWNS[: week // 2 + 1])
        miniature.publish()
        miniature.clock.forward(weeks=1)
    miniature.clock.now = mini.NOW
    return miniature
