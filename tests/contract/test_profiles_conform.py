"""The declarative connector keeps the promises of the SDK with profiles of other formats, too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.generic.connector import SPEC
from connectors.generic.portal import synthetic_catalogue
from syncd.bootstrap.conforming import open_session
from syncd.sdk.conformance import CHECKS, Trial


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_a_profile_of_another_format_conforms(
    check: Callable[[Trial], Awaitable[None]], tmp_path: Path
) -> None:
    await check(Trial(replace(SPEC, portal=synthetic_catalogue), open_session, tmp_path))
