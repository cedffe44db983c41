"""The synthetic miniature with sources that contradict each other, and an operator who decides."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from syncd.model.area import Area
from syncd.model.entry import Release
from syncd.model.evidence import Channel, ChannelKind
from syncd.model.record import Claim
from syncd.pipeline.ask import ReleaseView
from syncd.pipeline.conflicts import conflicts
from syncd.pipeline.rebuild import Rebuilder
from syncd.storage.builder import InProcessBuilder
from tests.support.miniature import (
    GROSSSTADT,
    OWN_FORM,
    TO_PRINT,
    Miniature,
    bund_claims,
    channel,
    claim,
)

FORM = "https://portal.example/grossstadt/wohnsitz"


def bund_says(*more: Claim) -> tuple[Claim, ...]:
    return (*bund_claims(), *more)


def of_grossstadt(key: str, *channels: Channel, authority: str = "Standesamt", **more: Any) -> Claim:
    return claim("bund", f"X{key}", key, GROSSSTADT, *channels, authority=authority, **more)


def contradicted(miniature: Miniature) -> ReleaseView:
    """Let the Bund contradict Großstadt about two services."""
    other_form = channel(ChannelKind.FORM, "bund/wohnsitz")
    online = channel(ChannelKind.ONLINE_SERVICE, "bund/hund")
    miniature.say("bund", bund_says(of_grossstadt(OWN_FORM, other_form), of_grossstadt(TO_PRINT, online)))
    return published(miniature)


def published(miniature: Miniature) -> ReleaseView:
    assert miniature.publish() is not None
    return miniature.ask().view()


def current(miniature: Miniature) -> Release:
    release = miniature.store.current_release()
    assert release is not None
    return release


def place(view: ReleaseView) -> Area:
    return view.area(GROSSSTADT)


def who(miniature: Miniature) -> dict[str, object]:
    return {"reason": "asked the town", "decided_by": "Frau Müller", "at": miniature.clock()}


def ids(view: ReleaseView, **narrowed: object) -> list[str]:
    return [c.conflict_id.rpartition("/")[2] for c in conflicts(view, **narrowed)]  # type: ignore[arg-type]


def is_as_computed(miniature: Miniature, tmp_path: Path) -> bool:
    """Tell whether everything published is what its records and judgements give."""
    rebuilder = Rebuilder(
        miniature.store, InProcessBuilder(miniature.store, tmp_path), miniature.registry, miniature.clock
    )
    return asyncio.run(rebuilder.check()).ok
