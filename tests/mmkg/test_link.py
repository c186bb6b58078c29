"""`mmkg link`: the media of a node, each with a link that the gateway takes."""

import json
import subprocess
import sys

import pytest
import small_graph
from yarl import URL

from kg import Graph
from mmkg.errors import InputError
from mmkg.link import links
from mmkg.settings import Settings
from storage.links import Links

SMALL = "c" * 64
ADD = """
MATCH (p:Poster) SET p.bytes = 10, p.thumbnail = 'sha256/cc/' + $small
WITH p MATCH (t:Trailer), (lang:Person {id: 'lang'})
SET t.bytes = 20
CREATE (:Media:Still {id: $still, mime: 'image/png', bytes: 5})-[:IMAGE_OF]->(lang)
CREATE (t)-[:SIMILAR_TO]->(p)
"""
STILL = "d" * 64


@pytest.fixture
def media(films: Graph) -> Graph:
    films.write(ADD, small=SMALL, still=STILL)
    return films


def mmkg(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("node", "ids"),
    [
        ("metropolis", {"Poster": small_graph.POSTER, "Trailer": small_graph.TRAILER}),
        ("Fritz Lang", {"Still": STILL}),
        (small_graph.TRAILER, {"Trailer": small_graph.TRAILER}),
        ("Sunrise", {}),
    ],
)
def test_a_film_a_person_and_a_medium_have_links(
    media: Graph, settings: Settings, node: str, ids: dict[str, str]
) -> None:
    found = links(settings, node, seconds=600)
    assert {medium.kind: medium.id for medium in found.media} == ids
    for medium in found.media:
        query = URL(medium.link).query
        left = Links.of(settings).seconds_left(medium.id, query["expires"], query["signature"])
        assert 500 < left <= 600


def test_a_thumbnail_is_there_where_the_picture_has_one(media: Graph, settings: Settings) -> None:
    small = {medium.kind: medium.thumbnail for medium in links(settings, "Metropolis").media}
    assert f"/media/{SMALL}?" in str(small["Poster"])
    assert small["Trailer"] is None


def test_an_unknown_node_is_named(media: Graph, settings: Settings) -> None:
    with pytest.raises(InputError, match="no such film"):
        links(settings, "no such film")


def test_the_command_prints_a_line_a_medium_or_json(media: Graph, settings: Settings) -> None:
    printed = mmkg("link", "Metropolis")
    assert printed.returncode == 0
    kinds, urls = zip(*(line.split("\t") for line in printed.stdout.splitlines()), strict=True)
    assert kinds == ("Poster", "Trailer")
    assert all(url.startswith(f"{settings.gateway_url}/media/") for url in urls)
    told = json.loads(mmkg("link", "Metropolis", "--json", "--seconds", "60").stdout)
    assert (told["node"], told["seconds"]) == ("Item:1", 60)
    assert [medium["bytes"] for medium in told["media"]] == [10, 20]
    nothing = mmkg("link", "Sunrise")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "has no media" in nothing.stderr
    assert mmkg("link", "Metropolis", "--seconds", "0").returncode == 2
    assert mmkg("link", "no such film").returncode == 1
