"""What several of these tests look at and none changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import lay_out_demo, replayed_portals, run_syncd


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the configuration of the demonstration, each recorded portal read once. To be read only."""
    folder = tmp_path_factory.mktemp("synced")
    with replayed_portals() as portals:
        config = lay_out_demo(folder, portals)
        done = run_syncd("sync", "--all", "--config", str(config))
        assert done.returncode == 0, done.stderr
        yield config
