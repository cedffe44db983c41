"""Whole-process measuring for the benchmarks: wall, processor time and peak memory of a child process.

Ratios of figures from one run are what counts; the machines that run this drift.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One finished run: seconds of wall clock and processor, peak resident MiB of the process."""

    wall: float
    cpu: float
    peak: float


def run_apart(work: Callable[[], object]) -> Figure:
    """Run ``work`` in a forked child and return what it cost, its own import of libraries included."""
    sys.stdout.flush()
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    _, status, usage = os.wait4(child, 0)
    if status != 0:
        message = f"the measured process failed (status {status})"
        raise RuntimeError(message)
    return Figure(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(figures: Sequence[Figure]) -> Figure:
    """Return the median of each figure."""
    return Figure(
        statistics.median(f.wall for f in figures),
        statistics.median(f.cpu for f in figures),
        statistics.median(f.peak for f in figures),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print an aligned table."""
    cells = [[str(c) for c in head], *[[_cell(c) for c in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    for number, row in enumerate(cells):
        print(
            "  ".join(
                c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
            )
        )
        if number == 0:
            print("  ".join("-" * w for w in widths))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
