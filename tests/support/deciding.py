"""Operators, a catalogue with a conflict to decide, and the words for both."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from syncd.model.evidence import ChannelKind
from syncd.storage import SqlStore
from tests.support import miniature as mini
from tests.support.miniature import Miniature, channel, claim, stand_up

ANNA, BERT = "a" * 40, "b" * 40
OPERATORS = {
    "Anna Beispiel": hashlib.sha256(ANNA.encode()).digest(),
    "Bert": hashlib.sha256(BERT.encode()).digest(),
}
PIN = {
    "service": mini.OWN_FORM,
    "area": mini.GROSSSTADT,
    "field": "title",
    "value": "Wohnsitz anmelden",
    "reason": "Der Name der Stadt ist irreführend.",
    "until": "2027-06-30",
}
CONFLICT = f"{mini.OWN_FORM}/{mini.GROSSSTADT}/authority"
JUDGEMENT = {"one": "record:bund/B9", "other": f"service:{mini.TO_PRINT}", "answer": "same", "reason": "x"}
PLACES = [
    ("/v1/judgements", JUDGEMENT),
    ("/v1/pins", PIN),
    (f"/v1/conflicts/{quote(CONFLICT, safe='')}/decision", {"source": "bund", "reason": "x"}),
    (f"/v1/judgements/{'0' * 32}/undo", {"reason": "x"}),
]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def contradicted(store: SqlStore, folder: Path) -> Miniature:
    """Return the miniature, with two sources that name different authorities for one entry; release 2."""
    made = stand_up(store, folder)
    page = channel(ChannelKind.PAGE, "bund/wohnsitz")
    other = claim("bund", "B9", mini.OWN_FORM, mini.GROSSSTADT, page, authority="Standesamt")
    made.say("bund", (*mini.bund_claims(), other))
    made.publish()
    return made


async def problem(response: aiohttp.ClientResponse) -> dict[str, Any]:
    assert response.content_type == "application/problem+json", await response.text()
    found: dict[str, Any] = json.loads(await response.read())
    return found
