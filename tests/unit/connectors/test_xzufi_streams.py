"""A stream of writes and deletes, cut into blocks anyhow, means what is left of it in the end."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.sdk import xzufi
from syncd.sdk.ledger import Ledger
from syncd.sdk.parsing import ParseContext
from tests.support.xzufi import authority, competence, delete, embedded, message, online_service, service

IDS = st.integers(1, 3)
AREAS = st.lists(st.sampled_from(["06", "06411", "06431"]), max_size=2)
NAMES = st.sampled_from(["Eins", "Zwei"])
SERVICES = st.builds(lambda n, t, a: ("Leistung", n, service(n, t, areas=a)), IDS, NAMES, AREAS)
ONLINE = st.builds(lambda n, t: ("Onlinedienst", n, online_service(n, t)), IDS, NAMES)
AUTHORITIES = st.builds(
    lambda n, t, inside: ("Organisationseinheit", n, authority(n, t, *(embedded(s, a) for s, a in inside))),
    IDS,
    NAMES,
    st.lists(st.tuples(IDS, st.sampled_from(["06411", "06431"])), max_size=2),
)
KINDS = st.sampled_from(["Organisationseinheit", "Onlinedienst"])
COMPETENCES = st.builds(
    lambda n, of, owner, a, kind: (f"Zustaendigkeit{kind}", n, competence(n, of, owner, a, kind=kind)),
    IDS,
    IDS,
    IDS,
    AREAS,
    KINDS,
)
DELETES = st.builds(
    lambda kind, n: (kind, n, None),
    st.sampled_from(["Leistung", "Onlinedienst", "Organisationseinheit"])
    | KINDS.map(lambda kind: f"Zustaendigkeit{kind}"),
    IDS,
)
Change = tuple[str, int, str | None]


def written(change: Change) -> str:
    kind, number, text = change
    if text is not None:
        return text
    if kind.startswith("Zustaendigkeit"):
        return delete("Zustaendigkeit", number, scheme=kind)
    return delete(kind, number)


def take(blocks: Sequence[Sequence[Change]], path: Path) -> list[bytes]:
    """Collect block by block, each in a transaction of its own, and compose."""
    for block in blocks:
        with Ledger(path) as ledger:
            xzufi.collect(io.BytesIO(message(*map(written, block))), ParseContext(), ledger)
    with Ledger(path) as ledger:
        return [piece.raw for piece in xzufi.compose(ledger, ParseContext())]


@settings(max_examples=60)
@given(
    st.lists(SERVICES | ONLINE | AUTHORITIES | COMPETENCES | DELETES, min_size=1, max_size=25),
    st.lists(st.integers(1, 24), max_size=3),
)
def test_what_is_left_is_what_counts(changes: list[Change], cuts: list[int]) -> None:
    left: dict[tuple[str, int], Change] = {}
    for change in changes:
        left.pop(change[:2], None)
        if change[2] is not None:
            left[change[:2]] = change
    edges = [0, *sorted({cut for cut in cuts if cut < len(changes)}), len(changes)]
    blocks = [changes[a:b] for a, b in pairwise(edges)]
    with tempfile.TemporaryDirectory() as folder:
        streamed = take(blocks, Path(folder) / "streamed")
        whole = take([list(left.values())], Path(folder) / "whole")
        assert streamed == whole
        # And once more from the beginning, over what is there.
        assert take(blocks, Path(folder) / "streamed") == whole
