"""The picture of the README, docs/images/browser.png; pytest takes it only when this file is named.

.venv/bin/python -m pytest tests/browser/screenshot.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import neo4j_browser
from playwright.sync_api import Browser

from kg import Graph
from mmkg.settings import Settings

PICTURE = Path(__file__).parents[2] / "docs/images/browser.png"

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
    neo4j_browser.run(page, TWO_FILMS)
    page.get_by_label("Collapse the node properties display").click()  # it would cover the graph
    page.wait_for_function(AT_REST, polling=500)
    page.get_by_label("zoom-to-fit").click()
    page.wait_for_function(AT_REST, polling=500)
    page.screenshot(path=PICTURE)
    page.close()


def facts() -> Iterator[dict[str, str]]:
    """Flatten FACTS into one row a relation."""
    for film, relations in FACTS.items():
        for relation, names in relations.items():
            label = "Genre" if relation == "HAS_GENRE" else "Person"
            for name in names:
                yield {"film": film, "relation": relation, "name": name, "label": label}
