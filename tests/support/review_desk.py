"""A database with a review queue: two records of a made-up town wait for a person, on the real register."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from syncd.model.area import AreaKey
from syncd.model.judgement import Judgement
from syncd.model.linkage import Candidate, Linkage, LinkState, Reason
from syncd.model.record import Claim
from syncd.model.service import ServiceKey
from syncd.pipeline.link_ports import LinkResult
from syncd.settings.config import Config
from syncd.settings.load import load_config
from syncd.storage import open_store
from tests.support.miniature import Clock, Miniature
from tests.support.paths import REPOSITORY

DOG_TAX, DOG_KEEPING = "99102013002000", "99110009014000"
SOURCE = "musterstadt"
AREA = "064140000000"
TITLES = ("Hund anmelden", "Hundehaltung [anzeigen]\x1b[2J")
CANDIDATES = (
    Candidate(DOG_TAX, 640, (Reason("title", 700, "anmelden hund"), Reason("only_service", -60, "steuer"))),
    Candidate(DOG_KEEPING, 510, (Reason("title", 510, "hund"), Reason("act_unsaid", -50, "register : -"))),
)


def lay_out(folder: Path, more: Mapping[str, Sequence[Claim]] | None = None) -> Path:
    """Return a configuration directory whose database has a release and a review queue of two records.

    ``more`` is what further sources say.
    """
    directory = folder / "config"
    directory.mkdir()
    (directory / "reference").symlink_to(REPOSITORY / "config" / "reference")
    (directory / "syncd.toml").write_text(_settings(folder))
    (folder / "var").mkdir()
    config = load_config(directory)
    with open_store(config.database_url) as store:
        registry = config.to_registry(datetime.now(UTC).date())
        miniature = Miniature(store, folder, registry, Clock(datetime.now(UTC)))
        claims = [
            Claim(
                SOURCE,
                str(number),
                ServiceKey(f"local:{SOURCE}:{number}"),
                AreaKey(AREA),
                title,
                authority="Steueramt",
                page_url=f"https://musterstadt.example/{number}",
            )
            for number, title in enumerate(TITLES, 1)
        ]
        miniature.say(SOURCE, claims)
        for source_id, said in (more or {}).items():
            miniature.say(source_id, said)
        miniature.publish()
        ids = store.ids_of([(SOURCE, claim.native_id) for claim in claims])
        waiting = Linkage(LinkState.REVIEW, score=640, candidates=CANDIDATES)
        store.keep_links([LinkResult(one, waiting) for one in ids], now=datetime.now(UTC))
    return directory


def copied(folder: Path, target: Path) -> Path:
    """Copy what :func:`lay_out` made in a folder; returns the configuration directory of the copy."""
    shutil.copytree(folder, target, symlinks=True)
    (target / "config" / "syncd.toml").write_text(_settings(target))
    return target / "config"


def _settings(folder: Path) -> str:
    return f'[daemon]\ndata_dir = "{folder / "var"}"\n'


def log_of(directory: Path) -> Sequence[Judgement]:
    """Return what was decided, oldest first."""
    config: Config = load_config(directory)
    with open_store(config.database_url, create=False) as store:
        return [judgement for _, judgement in store.judgements()]
