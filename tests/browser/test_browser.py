"""An analyst's first minutes: log in, play the guide, see the three kinds in their colours."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import neo4j_browser
import pytest
from playwright.sync_api import Page, Request, expect

from kg import Graph
from mmkg.settings import Settings

RESOURCES = Path(__file__).parents[2] / "procedures/src/main/resources/org/mmkg/browser"
STYLE = (RESOURCES / "style.grass").read_text()
SLIDES = (RESOURCES / "guide.md").read_text().split("\n---\n")

ALL_KINDS = "MATCH path = (:Movie)--(:Entity|Media) RETURN path"
KINDS = {
    "Metropolis": "Item",
    "M": "Item",
    "Fritz Lang": "Entity",
    "Brigitte Helm": "Entity",
    "Drama": "Entity",
    "Poster": "Media",
    "Trailer": "Media",
}
CAPTIONS_AND_COLOURS = """nodes => nodes.map(node => [
    [...node.querySelectorAll("text")].map(line => line.textContent.trim()).join(" "),
    node.querySelector("circle.b-outline").getAttribute("fill")
])"""


@pytest.fixture
def opened(films: Graph, page: Page, http: str, settings: Settings) -> Page:
    """Browser after the login, with the guide open."""
    neo4j_browser.log_in(page, http, settings)
    return page


def test_the_guide_plays_after_the_login_and_every_recipe_runs(opened: Page) -> None:
    guide = opened.get_by_test_id("guidesDrawer")
    following = opened.get_by_test_id("guideNextSlide")
    for number, slide in enumerate(SLIDES, start=1):
        title = re.search(r"^# (.+)$", slide, re.M)
        assert title
        expect(guide.locator("h1")).to_have_text(title[1])
        recipes = guide.locator("pre.runnable")
        expect(recipes).to_have_count(slide.count("```cypher"))
        for recipe in recipes.all():
            recipe.locator("i").click()
            neo4j_browser.answer(opened, recipe.inner_text())
        if number < len(SLIDES):
            following.click()
    expect(following).to_be_disabled()


def test_the_text_of_a_recipe_goes_to_the_editor_to_be_changed(opened: Page) -> None:
    opened.get_by_test_id("guidesDrawer").locator("pre.runnable").first.click()
    expect(opened.get_by_test_id("activeEditor")).to_contain_text("RETURN labels(n) AS labels")


def test_films_are_blue_what_is_known_of_them_red_and_media_yellow(opened: Page) -> None:
    nodes = neo4j_browser.run(opened, ALL_KINDS).locator("g.node")
    expect(nodes).to_have_count(len(KINDS))
    wanted = colours()
    assert dict(nodes.evaluate_all(CAPTIONS_AND_COLOURS)) == {
        caption: wanted[kind] for caption, kind in KINDS.items()
    }
    assert strongest(wanted["Item"]) == "b"
    assert strongest(wanted["Entity"]) == "r"
    assert strongest(wanted["Media"]) == "rg"


def test_a_recommendation_is_asked_for_in_browser(opened: Page) -> None:
    call = "MATCH (u:User {id: '1'}) CALL mmkg.recommend(u, {k: 3}) YIELD item, rank, reason"
    frame = neo4j_browser.run(opened, f"{call} RETURN rank, item.title AS film, reason")
    expect(frame).to_contain_text("like Faust, which you clicked")


def test_the_server_forbids_browser_to_ask_other_machines(
    graph: Graph, page: Page, http: str, settings: Settings
) -> None:
    failed: list[Request] = []

    def note(request: Request) -> None:
        failed.append(request)

    page.on("requestfailed", note)
    neo4j_browser.log_in(page, http, settings)
    abroad = [request for request in failed if urlsplit(request.url).hostname != urlsplit(http).hostname]
    assert abroad  # Browser's program tries it, and none can succeed where no other name is resolved
    assert {request.url for request in abroad if request.failure != "csp"} == set()


def colours() -> dict[str, str]:
    """Read the colour of each label out of the style."""
    return dict(re.findall(r"^node\.(\w+) \{.*?^  color: (#\w+);", STYLE, re.M | re.S))


def strongest(colour: str) -> str:
    """Name the channels of `#rrggbb` that come near the strongest of them."""
    channels = {name: int(colour[i : i + 2], 16) for name, i in (("r", 1), ("g", 3), ("b", 5))}
    return "".join(name for name, value in channels.items() if value >= 0.8 * max(channels.values()))
