"""The function `mmkg.link`: the database makes the links that the gateway takes."""

import hashlib
import time

import pytest
from yarl import URL

from kg import Graph
from mmkg.errors import GraphError
from mmkg.settings import Settings
from storage.links import Links

POSTER = hashlib.sha256(b"a poster").hexdigest()
SMALL = hashlib.sha256(b"a small poster").hexdigest()
WRITE = """
CREATE (:Media:Poster {id: $poster, thumbnail: 'sha256/' + left($small, 2) + '/' + $small})
CREATE (:Media:Trailer {id: $trailer}), (:Media:Still {id: 'no SHA-256'}), (:Item:Movie {id: '1'})
"""
LINK = "MATCH (p:Poster) RETURN mmkg.link(p, $options) AS link"


@pytest.fixture
def media(graph: Graph, settings: Settings) -> Graph:
    if settings.external_neo4j:
        pytest.skip("that server may know no gateway")
    graph.write(WRITE, poster=POSTER, small=SMALL, trailer=hashlib.sha256(b"a trailer").hexdigest())
    return graph


def seconds_left(settings: Settings, link: str, sha256: str) -> int:
    query = URL(link).query
    return Links.of(settings).seconds_left(sha256, query["expires"], query["signature"])


def test_the_link_is_the_one_that_the_gateway_takes(media: Graph, settings: Settings) -> None:
    (row,) = media.read("MATCH (p:Poster) RETURN mmkg.link(p) AS link")
    assert row["link"].startswith(f"{settings.gateway_url}/media/{POSTER}?")
    assert 3500 < seconds_left(settings, row["link"], POSTER) <= 3600


def test_the_link_is_valid_as_long_as_is_asked_for(media: Graph, settings: Settings) -> None:
    (row,) = media.read(LINK, options={"seconds": 120.0})
    assert 60 < seconds_left(settings, row["link"], POSTER) <= 120
    (row,) = media.read(LINK, options={"seconds": None})
    assert int(URL(row["link"]).query["expires"]) > time.time() + 3000


def test_a_thumbnail_has_a_link_of_its_own(media: Graph, settings: Settings) -> None:
    rows = media.read(
        "MATCH (m:Media) RETURN m.id AS id, mmkg.link(m, {thumbnail: true}) AS link, mmkg.link(m) AS whole"
    )
    links = {row["id"]: row["link"] for row in rows}
    assert seconds_left(settings, links.pop(POSTER), SMALL)
    assert set(links.values()) == {None}
    assert [row["id"] for row in rows if row["whole"] is None] == ["no SHA-256"]


def test_nothing_has_no_link(media: Graph) -> None:
    assert media.read("OPTIONAL MATCH (m:Clip) RETURN mmkg.link(m) AS link") == [{"link": None}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"second": 1}, "did you mean 'seconds'"),
        ({"seconds": 0}, "from 1 to 604800"),
        ({"seconds": 604_801}, "from 1 to 604800"),
        ({"seconds": "long"}, "from 1 to 604800"),
        ({"thumbnail": 1}, "true or false"),
    ],
)
def test_a_wrong_option_is_named(media: Graph, options: dict[str, object], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        media.read(LINK, options=options)


def test_only_media_have_links(media: Graph) -> None:
    with pytest.raises(GraphError, match="give a Media node"):
        media.read("MATCH (m:Movie) RETURN mmkg.link(m)")


def test_the_key_is_neither_in_the_graph_nor_in_a_file_of_the_database(
    media: Graph, settings: Settings
) -> None:
    media.read("MATCH (p:Poster) RETURN mmkg.link(p)")
    key = settings.gateway_key.get_secret_value()
    assert len(key) == 64
    shown = media.read("SHOW SETTINGS YIELD value") + media.read("CALL dbms.queryJmx('*:*')")
    assert len(shown) > 100
    assert key not in repr(shown)
    files = [path for path in (settings.home / "neo4j").rglob("*") if path.is_file()]
    assert any(path.name == "neo4j.conf" for path in files)
    assert [path for path in files if key.encode() in path.read_bytes()] == []
