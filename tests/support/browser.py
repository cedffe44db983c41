"""Chromium for tests of the pages, as installed by the system; nothing is downloaded."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
from collections.abc import Iterator

from playwright._impl._driver import compute_driver_executable
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


class BrowserUnavailableError(Exception):
    """No browser can be driven here; the message says why."""


@functools.cache
def find_chromium() -> str:
    """Path of the browser, or raise BrowserUnavailableError."""
    executable = os.environ.get("SYNCD_TEST_CHROMIUM") or shutil.which("chromium")
    if executable is None:
        message = "no Chromium found (Debian package: chromium) and SYNCD_TEST_CHROMIUM is not set"
        raise BrowserUnavailableError(message)
    runtime, _ = compute_driver_executable()
    tried = subprocess.run([runtime, "--version"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        message = f"the driver of the browser does not start: {tried.stderr.strip()}"
        raise BrowserUnavailableError(message)
    return executable


@contextlib.contextmanager
def open_page() -> Iterator[Page]:
    """Give an empty page in a fresh profile; raises BrowserUnavailableError.

    Playwright's synchronous interface keeps an event loop in this thread, and pytest-asyncio wants its own
    there. So the browser lives exactly as long as one test.
    """
    executable = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser.new_page(locale="de-DE", timezone_id="Europe/Berlin")
        finally:
            browser.close()
