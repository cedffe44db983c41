"""Judgements on their way to and from files under version control: ``decisions/`` beside the configuration.

Merged into the log when the program starts and by ``syncd judge import``; written by ``syncd judge export``.
The log in the database is what counts. Must not know what follows from a judgement.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.errors import ConfigError
from syncd.model.judgement import JudgementKind
from syncd.settings.decision_files import FOLDER, SUFFIX, decision_files, read_decisions

if TYPE_CHECKING:
    from syncd.pipeline.ports import Store

_FIX = "Check the folder's permissions and the space on the disk."


@dataclass(frozen=True, slots=True)
class Carried:
    """What an export or import did: judgements in the files, and how many of them were new."""

    judgements: int
    new: int


def decisions_folder(directory: Path) -> Path:
    """Return where decisions lie beside a configuration."""
    return directory / FOLDER


def export_decisions(store: Store, folder: Path) -> Carried:
    """Write the whole log, one file per kind; a file that says the same already is not touched.

    Judgements of files that are not in the log are not lost: they are merged into it first. Raises
    ConfigError for files that cannot be read or written.
    """
    carried = import_decisions(store, folder)
    log = [judgement for _, judgement in store.judgements()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in decision_files(log).items():
            path = folder / name
            if path.is_file() and path.read_bytes() == body:
                continue
            draft = path.with_suffix(".new")
            draft.write_bytes(body)
            draft.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", where=str(folder), fix=_FIX) from error
    return Carried(len(log), carried.new)


def import_decisions(store: Store, folder: Path) -> Carried:
    """Merge the files of a folder into the log; importing again changes nothing. No folder, no judgements.

    Raises ConfigError with every problem of the files; then nothing is merged.
    """
    try:
        paths = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
        read = read_decisions({path.name: path.read_bytes() for path in paths})
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(folder), fix=_FIX) from error
    known = {judgement.uid: judgement for _, judgement in store.judgements()} if read else {}
    new = [judgement for judgement in read if judgement.uid not in known]
    if new:
        known |= {judgement.uid: judgement for judgement in new}
        touched = {judgement.service_key for judgement in new}
        # An undoing written by hand may not name the service it touches.
        touched.update(
            known[j.subject].service_key for j in new if j.kind is JudgementKind.UNDO and j.subject in known
        )
        store.judge(new, dirty=sorted(touched - {""}))
    return Carried(len(read), len(new))
