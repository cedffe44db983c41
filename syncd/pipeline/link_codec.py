"""Linkages as plain JSON values: one form for storage and comparison.

Only what is not empty is written, keys short: a review queue may hold tens of thousands of candidates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncd.model.linkage import Candidate, Linkage, LinkMethod, LinkState, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def encode_linkage(linkage: Linkage) -> dict[str, Any]:
    """Return the stored form of a linkage."""
    body = {
        "state": linkage.state.value,
        "method": linkage.method.value if linkage.method else None,
        "keys": list(linkage.service_keys),
        "score": linkage.score,
        "reasons": _encode_reasons(linkage.reasons),
        "candidates": [[c.service_key, c.score, _encode_reasons(c.reasons)] for c in linkage.candidates],
        "removed": list(linkage.removed),
        "because": list(linkage.because),
    }
    return {name: value for name, value in body.items() if value}


def decode_linkage(body: Mapping[str, Any]) -> Linkage:
    """Return the linkage of a stored form."""
    return Linkage(
        state=LinkState(body["state"]),
        method=LinkMethod(body["method"]) if "method" in body else None,
        service_keys=tuple(body.get("keys", ())),
        score=body.get("score", 0),
        reasons=_decode_reasons(body.get("reasons", ())),
        candidates=tuple(
            Candidate(key, score, _decode_reasons(reasons))
            for key, score, reasons in body.get("candidates", ())
        ),
        removed=tuple(body.get("removed", ())),
        because=tuple(body.get("because", ())),
    )


def _encode_reasons(reasons: Iterable[Reason]) -> list[list[Any]]:
    return [[r.feature, r.points, r.matched] if r.matched else [r.feature, r.points] for r in reasons]


def _decode_reasons(rows: Iterable[list[Any]]) -> tuple[Reason, ...]:
    return tuple(Reason(*row) for row in rows)
