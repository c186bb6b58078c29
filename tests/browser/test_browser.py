"""An analyst's first minutes: log in, find the guide, run a recipe, see the three kinds in their colours."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from kg import Graph
from mmkg.settings import Settings

STYLE = Path(__file__).parents[2] / "procedures/src/main/resources/org/mmkg/browser/style.grass"
ALL_KINDS = "MATCH path = (:Movie)--(:Entity|Media) RETURN path"
KINDS = {
    "Metropolis": "Item",
    "M": "Item",
    "Fritz Lang": "Entity",
    "Brigitte Helm": "Entity",
    "Drama": "Entity",
}
KINDS |= {"Poster": "Media", "Trailer": "Media"}
NODES = """nodes => nodes.map(node => [
    [...node.querySelectorAll("text")].map(line => line.textContent.trim()).join(" "),
    node.querySelector("circle.b-outline").getAttribute("fill")
])"""


@pytest.fixture
def opened(films: Graph, page: Page, http: str, settings: Settings) -> Page:
    """Browser after the login, with the guide open."""
    page.goto(f"{http}/browser/")
    # Browser has filled in the address, which the server announces.
    expect(page.get_by_test_id("boltaddress")).to_have_value(str(settings.neo4j_uri).partition("://")[2])
    page.get_by_test_id("username").fill(settings.neo4j_username)
    page.get_by_test_id("password").fill(settings.neo4j_password.get_secret_value())
    page.get_by_test_id("connect").click()
    expect(page.get_by_test_id("guidesDrawer")).to_contain_text("mmkg: films, people and media")
    return page


def run(page: Page, cypher: str) -> Locator:
    """Type a statement into the editor, run it, and return the frame of the answer."""
    page.get_by_test_id("activeEditor").click()
    page.keyboard.insert_text(cypher)
    page.get_by_test_id("editor-Run").click()
    return answer(page, cypher)


def answer(page: Page, cypher: str) -> Locator:
    """Wait until the topmost frame is that of the statement."""
    frame = page.get_by_test_id("frame").first
    expect(frame.get_by_test_id("frameCommand")).to_contain_text(cypher)
    return frame


def colours() -> dict[str, str]:
    """Read the colour of each label out of the style."""
    return dict(re.findall(r"^node\.(\w+) \{.*?^  color: (#\w+);", STYLE.read_text(), re.M | re.S))


def test_after_the_login_the_guide_plays_and_its_recipe_runs(opened: Page) -> None:
    guide = opened.get_by_test_id("guidesDrawer")
    expect(guide.locator("h1")).to_have_text("Films, people and media")
    guide.locator("pre.runnable i").first.click()
    frame = answer(opened, "MATCH (n)")
    expect(frame).to_contain_text('["Item", "Movie"]')
    opened.get_by_test_id("guideNextSlide").click()
    expect(guide.locator("h1")).to_have_text("One film")
    guide.locator("pre.runnable i").first.click()
    expect(answer(opened, "MATCH (m:Movie)").locator("g.node").first).to_be_visible()


def test_a_recommendation_is_asked_for_in_browser(opened: Page) -> None:
    call = "MATCH (u:User {id: '1'}) CALL mmkg.recommend(u, {k: 3}) YIELD item, rank, reason"
    frame = run(opened, f"{call} RETURN rank, item.title AS film, reason")
    expect(frame).to_contain_text("like Faust, which you clicked")


def test_films_are_blue_what_is_known_of_them_red_and_media_yellow(opened: Page) -> None:
    frame = run(opened, ALL_KINDS)
    nodes = frame.locator("g.node")
    expect(nodes).to_have_count(len(KINDS))
    wanted = colours()
    for caption, colour in nodes.evaluate_all(NODES):
        kind = KINDS[caption]
        assert colour == wanted[kind], (caption, colour)
    blue, red, yellow = (wanted[kind] for kind in ("Item", "Entity", "Media"))
    assert strongest(blue) == "b"
    assert strongest(red) == "r"
    assert strongest(yellow) == "rg"
    if picture := os.environ.get("MMKG_SCREENSHOT"):
        opened.screenshot(path=picture)


def strongest(colour: str) -> str:
    """Name the channels of `#rrggbb` that come near the strongest of them."""
    channels = {name: int(colour[i : i + 2], 16) for name, i in (("r", 1), ("g", 3), ("b", 5))}
    return "".join(name for name, value in channels.items() if value >= 0.8 * max(channels.values()))
