"""Chromium for tests of the pages, as installed by the system; nothing is downloaded."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

from playwright.sync_api import Page, sync_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page of ours needs nothing from elsewhere; whatever it asks for anyway shall not be found.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def find_chromium() -> str | None:
    """Path of the browser, or None."""
    return os.environ.get("SYNCD_TEST_CHROMIUM") or shutil.which("chromium")


@contextlib.contextmanager
def open_page(executable: str) -> Iterator[Page]:
    """Give an empty page in a fresh profile.

    Playwright's synchronous interface keeps an event loop in this thread, and pytest-asyncio wants its own
    there. So the browser lives exactly as long as one test.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser.new_page(locale="de-DE", timezone_id="Europe/Berlin")
        finally:
            browser.close()
