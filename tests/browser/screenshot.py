"""Pictures of the README and of the guide; pytest takes them only when this file is named.

.venv/bin/python -m pytest tests/browser/screenshot.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import neo4j_browser
from playwright.sync_api import Browser, Page

from kg import Graph
from mmkg.settings import Settings

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs/images/browser.png"
GUIDE = ROOT / "procedures/src/main/resources/org/mmkg/browser"
OF_GUIDE = {
    "film.png": "MATCH path = (m)--(:Entity|Media)",
    "ripple.png": "CALL mmkg.ripple(",
    "recommended.png": "OPTIONAL MATCH shared",
}
"""What the recipe contains whose answer the picture shows."""

FACTS = {
    "Metropolis": {
        "DIRECTED": ["Fritz Lang"],
        "WROTE": ["Thea von Harbou"],
        "PRODUCED": ["Erich Pommer"],
        "SHOT": ["Karl Freund"],
        "ACTED_IN": ["Brigitte Helm", "Alfred Abel", "Gustav Fröhlich", "Rudolf Klein-Rogge"],
        "HAS_GENRE": ["Drama", "Science fiction"],
    },
    "M": {
        "DIRECTED": ["Fritz Lang"],
        "WROTE": ["Thea von Harbou"],
        "ACTED_IN": ["Peter Lorre"],
        "HAS_GENRE": ["Drama", "Crime"],
    },
    "Nosferatu": {"DIRECTED": ["F. W. Murnau"], "HAS_GENRE": ["Horror"]},
    "Faust": {"DIRECTED": ["F. W. Murnau"], "ACTED_IN": ["Emil Jannings"], "HAS_GENRE": ["Drama"]},
    "Sunrise": {"DIRECTED": ["F. W. Murnau"], "ACTED_IN": ["Janet Gaynor"], "HAS_GENRE": ["Drama"]},
}
ADD_FACTS = """
UNWIND $facts AS fact
MATCH (m:Movie {title: fact.film})
MERGE (e:Entity {name: fact.name}) ON CREATE SET e:$(fact.label), e.id = toLower(fact.name)
FOREACH (_ IN CASE WHEN fact.label = 'Genre' THEN [1] END | MERGE (m)-[:$(fact.relation)]->(e))
FOREACH (_ IN CASE WHEN fact.label = 'Person' THEN [1] END | MERGE (m)<-[:$(fact.relation)]-(e))
"""
ADD_MEDIA = """
MATCH (m:Movie {title: 'Metropolis'})
CREATE (:Media:Still {id: 'ef', mime: 'image/jpeg'})-[:STILL_OF]->(m)
CREATE (:Media:Audio {id: '01', mime: 'audio/flac'})-[:AUDIO_OF]->(m)
"""
RECOMMEND = """\
MATCH (u:User {id: '1'}) CALL mmkg.recommend(u, {k: 4}) YIELD item, score, rank, reason \
RETURN rank, item.title AS film, score, reason"""
TWO_FILMS = "MATCH path = (m:Movie)--(:Entity|Media) WHERE m.title IN ['Metropolis', 'M'] RETURN path"
AT_REST = """() => {
    const groups = [...document.querySelectorAll("g[transform]")];
    const places = groups.map(group => group.getAttribute("transform")).join();
    const rest = places === window.places;
    window.places = places;
    return rest;
}"""


def test_picture(films: Graph, chromium: Browser, http: str, settings: Settings) -> None:
    films.write(ADD_FACTS, facts=list(facts()))
    films.write(ADD_MEDIA)
    page = chromium.new_page(viewport={"width": 1700, "height": 1093}, device_scale_factor=1400 / 1700)
    neo4j_browser.log_in(page, http, settings)
    for _ in range(page.get_by_test_id("frame").count()):  # the style, and Browser's own welcome
        page.get_by_test_id("frame").first.get_by_title("Close").click()
    neo4j_browser.run(page, RECOMMEND)
    show(page, TWO_FILMS)
    page.screenshot(path=PICTURE)
    page.close()


def test_pictures_of_the_guide(films: Graph, chromium: Browser, http: str, settings: Settings) -> None:
    films.write(ADD_FACTS, facts=list(facts()))
    films.write(ADD_MEDIA)
    recipes = re.findall(r"^```cypher\n(.*?)^```$", (GUIDE / "guide.md").read_text(), re.M | re.S)
    page = chromium.new_page(viewport={"width": 1150, "height": 760})
    neo4j_browser.log_in(page, http, settings)
    for name, contained in OF_GUIDE.items():
        (recipe,) = (recipe for recipe in recipes if contained in recipe)
        show(page, recipe.replace("\n", " ").strip())
        page.get_by_test_id("frame").first.locator("svg").filter(has=page.locator("g.node")).screenshot(
            path=GUIDE / name
        )
    page.close()


def show(page: Page, statement: str) -> None:
    """Run a statement and wait until its picture has come to rest in the middle of its frame."""
    neo4j_browser.run(page, statement)
    panel = page.get_by_label("Collapse the node properties display")
    if panel.count():
        panel.first.click()  # it would cover the graph
    page.wait_for_function(AT_REST, polling=500)
    page.get_by_label("zoom-to-fit").first.click()
    page.wait_for_function(AT_REST, polling=500)


def facts() -> Iterator[dict[str, str]]:
    """Flatten FACTS into one row a relation."""
    for film, relations in FACTS.items():
        for relation, names in relations.items():
            label = "Genre" if relation == "HAS_GENRE" else "Person"
            for name in names:
                yield {"film": film, "relation": relation, "name": name, "label": label}
