"""Every registered connector keeps the promises of the SDK, over real sockets and the real fetch session."""

from __future__ import annotations

import tomllib
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

from syncd.bootstrap.conforming import open_session
from syncd.sdk.conformance import CHECKS, Trial
from tests.support.paths import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from syncd.sdk.connector import ConnectorSpec

GROUP = "syncd.connectors"


def registered() -> dict[str, str]:
    """Entry points of this checkout, and of whatever else is installed beside it."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = {point.name: point.value for point in entry_points(group=GROUP)}
    return {**installed, **project["entry-points"][GROUP]}


def load(target: str) -> ConnectorSpec:
    module, _, name = target.partition(":")
    spec: ConnectorSpec = getattr(import_module(module), name)
    return spec


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(registered()))
async def test_connector_conforms(
    name: str, check: Callable[[Trial], Awaitable[None]], tmp_path: Path
) -> None:
    await check(Trial(load(registered()[name]), open_session, tmp_path))


@pytest.mark.parametrize(("name", "target"), sorted(registered().items()))
def test_entry_point_names_its_own_spec(name: str, target: str) -> None:
    assert load(target).name == name
