"""Options and fixtures for all tests."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.support.browser import BrowserUnavailableError, open_page
from tests.support.paths import REPOSITORY, shared_data_folder
from tests.support.postgres import PostgresServer, PostgresUnavailableError, running_server
from tests.support.skips import NoSkips

if TYPE_CHECKING:
    from playwright.sync_api import Page

MARKER_OF_FOLDER = {"unit", "contract", "integration", "acceptance", "architecture"}
MARKER_OF_FIXTURE = {"postgres_server": "postgres", "browser_page": "browser", "shared_data": "shared_data"}
# These steer the tests themselves; every other SYNCD_ variable would steer the product under test.
HARNESS_VARIABLES = {"SYNCD_SHARED_DATA", "SYNCD_TEST_PG_URL", "SYNCD_TEST_CHROMIUM"}

# A deadline per example measures the machine, not the code: the tests share few cores.
hypothesis.settings.register_profile("syncd", deadline=None, print_blob=True)
hypothesis.settings.load_profile("syncd")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `./dev test`."""
    group = parser.getgroup("syncd")
    group.addoption("--no-skips", action="store_true", help="fail if any test was skipped")
    group.addoption("--nightly", action="store_true", help="also run the tests marked nightly")


def pytest_configure(config: pytest.Config) -> None:
    """Set the stage: same time zone everywhere, no settings of the person who runs the tests."""
    # Machines in UTC hide mistakes with local time; the readers of our reports live here.
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    for name in [name for name in os.environ if name.startswith("SYNCD_")]:
        if name not in HARNESS_VARIABLES:
            del os.environ[name]
    is_xdist_worker = hasattr(config, "workerinput")
    if config.getoption("--no-skips") and not is_xdist_worker:
        config.pluginmanager.register(NoSkips(), "syncd-no-skips")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by their folder and fixtures, and leave the nightly ones out unless asked for."""
    for item in items:
        folder = item.path.relative_to(REPOSITORY / "tests").parts[0]
        if folder in MARKER_OF_FOLDER:
            item.add_marker(folder)
        for fixture in getattr(item, "fixturenames", ()):
            if marker := MARKER_OF_FIXTURE.get(fixture):
                item.add_marker(marker)
    if config.getoption("--nightly"):
        return
    nightly = [item for item in items if item.get_closest_marker("nightly")]
    if nightly:
        config.hook.pytest_deselected(items=nightly)
        items[:] = [item for item in items if item not in nightly]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Give one PostgreSQL server per test process; skips with the reason where none can be had."""
    try:
        with running_server() as server:
            yield server
    except PostgresUnavailableError as unavailable:
        pytest.skip(str(unavailable))


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of an empty PostgreSQL database that belongs to this test alone."""
    name = postgres_server.create_database()
    yield postgres_server.url_of(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLAlchemy URL of an empty database of this test, once per supported kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'syncd.sqlite'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def shared_data() -> Path:
    """Folder of recorded portal data that may be tested against but not shipped."""
    folder = shared_data_folder()
    if folder is None:
        pytest.skip("recorded portal data absent (set SYNCD_SHARED_DATA, or put it at ../shared/data)")
    return folder


@pytest.fixture
def browser_page() -> Iterator[Page]:
    """Page in headless Chromium; for synchronous tests, with the server in a thread or process."""
    try:
        with open_page() as page:
            yield page
    except BrowserUnavailableError as unavailable:
        pytest.skip(str(unavailable))
