"""What an analyst does in Neo4j Browser: log in, run a statement, read the answer."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from mmkg.settings import Settings

GUIDE_TITLE = "mmkg: films, people and media"


def log_in(page: Page, http: str, settings: Settings) -> None:
    """Open Browser, log in, and wait for the guide, which comes after the style."""
    page.goto(f"{http}/browser/")
    # Browser has filled in the address, which the server announces.
    expect(page.get_by_test_id("boltaddress")).to_have_value(str(settings.neo4j_uri).partition("://")[2])
    page.get_by_test_id("username").fill(settings.neo4j_username)
    page.get_by_test_id("password").fill(settings.neo4j_password.get_secret_value())
    page.get_by_test_id("connect").click()
    expect(page.get_by_test_id("guidesDrawer")).to_contain_text(GUIDE_TITLE)


def run(page: Page, statement: str) -> Locator:
    """Type a statement into the editor, run it, and return the frame of the answer."""
    page.get_by_test_id("activeEditor").click()
    page.keyboard.insert_text(statement)
    page.get_by_test_id("editor-Run").click()
    return answer(page, statement)


def answer(page: Page, statement: str) -> Locator:
    """Wait until the topmost frame shows the statement's nodes or rows, as no error does, and return it."""
    frame = page.get_by_test_id("frame").first
    expect(frame.get_by_test_id("frameCommand")).to_have_text(statement)
    expect(frame.locator("g.node, tbody tr").first).to_be_visible()
    return frame
