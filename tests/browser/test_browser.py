"""An analyst's first minutes: log in, play the guide, see the three kinds in their colours."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import media_files
import neo4j_browser
import pytest
import trailers
from playwright.sync_api import Locator, Page, Request, expect

from kg import Graph
from mmkg.settings import Settings
from storage import BlobStore

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


PATIENCE = 60
"""Seconds until a video that does not play has failed."""
SECONDS = 20
"""How long the trailer is."""
LINKS = "MATCH (media:Media)-->(:Movie) RETURN labels(media) AS labels, mmkg.link(media) AS link"
SAVED = re.findall(r"^([^\n.:]+)[^\n]*\n\n```cypher$", "\n---\n".join(SLIDES), re.M)
"""The names of the queries: what the guide says of each recipe."""
DROPPED = """async path => {
    const content = await (await fetch(path)).blob();
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], path.split("/").pop()));
    return transfer;
}"""
SET_ID = "MATCH (m:Media) WHERE $label IN labels(m) SET m.id = $sha256"


@pytest.fixture
def poster(films: Graph, settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The poster of Metropolis, in the store."""
    with stored(films, settings, "Poster", media_files.poster(tmp_path / "1.jpg"), "image/jpeg") as sha256:
        yield sha256


@pytest.fixture
def trailer(films: Graph, settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The trailer of Metropolis, in the store."""
    path = trailers.trailer(tmp_path / "1.webm", [trailers.RATE * SECONDS], codec="libvpx")
    with stored(films, settings, "Trailer", path, "video/webm") as sha256:
        yield sha256


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


def test_a_poster_opens_by_its_link(opened: Page, films: Graph, poster: str) -> None:
    with opened.context.expect_page() as tab:
        link(opened, "Poster").click()
    picture = tab.value.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("img => [img.naturalWidth, img.naturalHeight]") == [120, 180]


def test_a_trailer_plays_and_seeks_by_its_link(opened: Page, films: Graph, trailer: str) -> None:
    with opened.context.expect_page() as tab:
        link(opened, "Trailer").click()
    video = tab.value.locator("video")
    wait_until(lambda: video.evaluate("video => video.currentTime > 0"))
    assert video.evaluate("video => Math.round(video.duration)") == SECONDS
    video.evaluate("(video, time) => { video.currentTime = time }", SECONDS - 5)
    wait_until(lambda: video.evaluate("(video, time) => video.currentTime > time", SECONDS - 5))
    assert video.evaluate("video => video.error") is None


def test_the_guide_shows_its_pictures(opened: Page) -> None:
    guide = opened.get_by_test_id("guidesDrawer")
    shown = 0
    for number, slide in enumerate(SLIDES, start=1):
        pictures = guide.locator("img[alt]")
        expect(pictures).to_have_count(slide.count("!["))
        for picture in pictures.all():
            picture.scroll_into_view_if_needed()
            opened.wait_for_function("img => img.naturalWidth > 0", arg=picture.element_handle())
            shown += 1
        if number < len(SLIDES):
            opened.get_by_test_id("guideNextSlide").click()
    assert shown == 3


def test_the_queries_of_the_guide_are_saved_where_their_file_is_dropped(opened: Page) -> None:
    archive = opened.evaluate_handle(DROPPED, "/mmkg/queries.zip")
    opened.locator(".filedrop").dispatch_event("drop", {"dataTransfer": archive})
    opened.get_by_title("Favorites").first.click()
    folder = opened.get_by_test_id("savedScriptsFolder-mmkg")
    expect(folder).to_be_visible()
    opened.get_by_test_id("expandFolder-mmkg").click()
    expect(folder.get_by_test_id("savedScriptListItem")).to_have_count(len(SAVED))
    for name in SAVED:
        expect(folder).to_contain_text(name)


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


@contextmanager
def stored(films: Graph, settings: Settings, label: str, path: Path, mime: str) -> Iterator[str]:
    """Bring a file into the bucket that the gateway serves, and make it the medium of that label."""
    if settings.external_neo4j:
        pytest.skip("that server may know no gateway")
    with BlobStore.connect(settings) as store:
        sha256 = store.put_file(path, mime).sha256
        films.write(SET_ID, label=label, sha256=sha256)
        yield sha256
        store.delete(sha256)


def link(page: Page, label: str) -> Locator:
    """Ask for the links to the media, and return the one in the row of that label."""
    frame = neo4j_browser.run(page, LINKS)
    return frame.locator("tbody tr").filter(has_text=f'"{label}"').get_by_role("link")


def wait_until(ready: Callable[[], bool]) -> None:
    """Ask again and again; the page itself may run no script that would wait."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def colours() -> dict[str, str]:
    """Read the colour of each label out of the style."""
    return dict(re.findall(r"^node\.(\w+) \{.*?^  color: (#\w+);", STYLE, re.M | re.S))


def strongest(colour: str) -> str:
    """Name the channels of `#rrggbb` that come near the strongest of them."""
    channels = {name: int(colour[i : i + 2], 16) for name, i in (("r", 1), ("g", 3), ("b", 5))}
    return "".join(name for name, value in channels.items() if value >= 0.8 * max(channels.values()))
