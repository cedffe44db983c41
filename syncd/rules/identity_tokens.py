"""Ids by which different sources name one and the same service, as comparable tokens.

A token is ``editorial:<office>/<number>`` (the id an editorial system gives, which XZuFi and PVOG pass on),
``lhm:<id>`` (of a catalogue of the city or Land) or ``key:<14 digits>`` (referenzLeiKa of a superordinate
service: the record is that service, made more special). Source of the forms: ids of the PVOG Suchdienst
(``L100108.LB.4711``; some repeat themselves: ``L100108.LB.L100108_4711``) and of XZuFi (schemeAgencyID and
id). Must not know which records share a token.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from syncd.model import facts
from syncd.rules.services import parse_service_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from syncd.model.record import Claim

EDITORIAL = "editorial:"
LHM = "lhm:"
KEY = "key:"

_EDITORIAL_ID = re.compile(r"(?:[0-9]{2,12}/)?([A-Z][0-9]{6})(?:[._]LB[._]|/)(?:\1_)?([A-Za-z0-9_-]{1,64})")
_LHM_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def identity_tokens(claims: Sequence[Claim]) -> tuple[str, ...]:
    """Return the tokens of one record, sorted; ``claims`` are all of it.

    Raw ids that have no known form are left out: a bare number is an id in every source.
    """
    if not claims:
        return ()
    first = claims[0]
    said = dict(first.facts)
    return tuple(sorted({*_editorial((first.native_id, said.get(facts.EDITORIAL_ID, ""))), *_declared(said)}))


def named_key(token: str) -> str:
    """Return the service key a token names by itself; empty for all others."""
    return token[len(KEY) :] if token.startswith(KEY) else ""


def _editorial(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        for one in text.split(facts.LIST_SEPARATOR):
            if match := _EDITORIAL_ID.fullmatch(one.strip()):
                yield f"{EDITORIAL}{match[1]}/{match[2]}"


def _declared(said: dict[str, str]) -> Iterator[str]:
    for one in said.get(facts.LHM_ID, "").split(facts.LIST_SEPARATOR):
        if _LHM_ID.fullmatch(one.strip()):
            yield f"{LHM}{one.strip()}"
    keys, _ = parse_service_keys(said.get(facts.REFERENCE_KEY, ""))
    yield from (f"{KEY}{key}" for key in keys)
