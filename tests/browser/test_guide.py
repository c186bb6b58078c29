"""Every recipe of the guide, as Browser gets it from the server, runs and finds something."""

from __future__ import annotations

import io
import re
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest

from kg import Graph, browser

DOCUMENT = Path(__file__).parents[2] / "docs" / "browser.md"
RECIPE = re.compile(r"^```cypher\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EVENT_HANDLER = re.compile(r"\son\S+\s*=")
"""Browser cuts what looks like `onclick=` out of a guide."""


@pytest.fixture(scope="module")
def guide(http: str) -> str:
    return fetch(f"{http}/mmkg/guide.md")


def test_every_recipe_runs_and_finds_something(films: Graph, guide: str) -> None:
    recipes = RECIPE.findall(guide)
    assert len(recipes) > 10
    for recipe in recipes:
        assert films.read(recipe), recipe


def test_every_question_of_the_document_finds_something(films: Graph) -> None:
    questions = RECIPE.findall(DOCUMENT.read_text())
    assert len(questions) >= 4
    for question in questions:
        assert films.read(question), question


def test_the_document_has_the_settings_of_the_local_server() -> None:
    documented = dict(re.findall(r"^    ([a-z_]+\.[\w.]+)=(.+)$", DOCUMENT.read_text(), re.MULTILINE))
    ours = browser.configuration("localhost", 7474)
    del ours[browser.POLICY_SETTING]  # long, and a matter of taste
    assert documented == ours


def test_recommendations_of_the_guide_are_complete(films: Graph, guide: str) -> None:
    (recipe,) = (recipe for recipe in RECIPE.findall(guide) if "mmkg.recommend(u, {k: 10})" in recipe)
    rows = films.read(recipe)
    assert [row["rank"] for row in rows] == list(range(1, 11))
    assert all(row["film"] and row["reason"] for row in rows)


def test_slides_have_titles_and_fit_what_browser_reads(guide: str) -> None:
    slides = guide.split("\n---\n")
    assert len(slides) > 5
    assert all(slide.lstrip().startswith("# ") for slide in slides)
    assert "<title>" in slides[0]
    assert not EVENT_HANDLER.search(guide)


def test_every_recipe_is_among_the_saved_queries_under_a_name(http: str, guide: str) -> None:
    with urllib.request.urlopen(f"{http}/mmkg/queries.zip") as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    queries = [archive.read(name).decode() for name in archive.namelist()]
    named = [query.removeprefix("// ").partition("\n") for query in queries]
    assert [recipe for _, _, recipe in named] == RECIPE.findall(guide)
    assert len({name for name, _, _ in named}) == len(named)
    assert all(name.startswith("mmkg/") and name.endswith(".cypher") for name in archive.namelist())


def test_every_picture_of_the_guide_is_served(http: str, guide: str) -> None:
    pictures = re.findall(r"!\[.+\]\((.+)\)", guide)
    assert len(pictures) == 3
    for picture in pictures:
        with urllib.request.urlopen(f"{http}{picture}") as answer:
            assert answer.headers["Content-Type"] == "image/png"
            assert answer.read(8) == b"\x89PNG\r\n\x1a\n"


def test_no_other_file_is_served(http: str) -> None:
    for name in ("BrowserFiles.class", "%2e%2e/guide.md", ""):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            fetch(f"{http}/mmkg/{name}")
        assert refusal.value.code in (400, 404)


def fetch(address: str) -> str:
    with urllib.request.urlopen(address) as answer:
        return answer.read().decode()
