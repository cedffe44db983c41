"""The quarantine: what a run could not use, kept beyond the run so that somebody can look at the bytes.

One file per run and source, one JSON object per line (``where``, ``native_id``, ``code``, ``message`` and
``raw`` or ``raw_base64``), bounded by :mod:`syncd.fetching.snapshot`. Must not know why it was set aside.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RUNS_KEPT = 20
_RUN = re.compile(r"run-([0-9]+)\.ndjson")


def keep_quarantine(written: Path, target: Path | None) -> str:
    """Move a run's quarantine to where it is kept and drop those of old runs; returns its path.

    Returns "" when nothing was set aside or nothing is to be kept. ``target`` is ``run-<id>.ndjson`` in a
    folder of the source's own. Raises OSError.
    """
    if target is None or not written.exists() or not written.stat().st_size:
        return ""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(written, target)
    runs = {int(match[1]): path for path in target.parent.iterdir() if (match := _RUN.fullmatch(path.name))}
    for run in sorted(runs)[:-RUNS_KEPT]:
        runs[run].unlink(missing_ok=True)
    return str(target)
