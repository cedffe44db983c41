"""Limits of a request and of a run, with the defaults of the fault study §4.

Why: every figure a hostile or broken portal can meet stands here once, so that a message can name it. Must
not know how a limit is enforced.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one request, one host and one run may cost.

    Times in seconds (``_s``), sizes in bytes. ``connect_s`` is per address; ``headers_s`` covers name
    resolution, connecting, TLS and the answer's head; ``total_s`` covers all tries of one request with the
    waits between them. ``rate_grace_s`` is the length of the window over which ``rate_bytes_s`` must be met.
    ``ratio`` (decoded to wire bytes) counts above ``ratio_free_bytes`` decoded. ``per_host`` and
    ``concurrent`` are simultaneous requests, ``suspects`` those of failing or slow sources on top of them; a
    request moves over when it holds a place for longer than ``patience_s``. ``documents`` and ``run_bytes``
    bound one run of one source.
    """

    connect_s: float = 5.0
    headers_s: float = 15.0
    read_gap_s: float = 10.0
    total_s: float = 120.0
    rate_bytes_s: int = 1_000
    rate_grace_s: float = 30.0
    wire_bytes: int = 50 * MIB
    decoded_bytes: int = 200 * MIB
    ratio: int = 100
    ratio_free_bytes: int = MIB
    redirects: int = 3
    attempts: int = 3
    retry_wait_s: float = 0.5
    retry_after_cap_s: float = 86_400.0
    per_host: int = 2
    concurrent: int = 64
    suspects: int = 192
    patience_s: float = 0.25
    documents: int = 5_000
    run_bytes: int = 2_048 * MIB
