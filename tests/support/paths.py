"""Where things lie, seen from the tests."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def shared_data_folder() -> Path | None:
    """Folder of recorded portal data, or None; a folder named explicitly has to exist."""
    if named := os.environ.get("SYNCD_SHARED_DATA"):
        folder = Path(named)
        if not folder.is_dir():
            message = f"SYNCD_SHARED_DATA={named} is no folder"
            raise NotADirectoryError(message)
        return folder
    beside = REPOSITORY.parent / "shared" / "data"
    return beside if beside.is_dir() else None
