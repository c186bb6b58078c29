from __future__ import annotations

import pytest

from gnn import heterograph
from gnn.sampler import CLICK, RippleSampler
from gnn.split import ensure_split
from kg import Graph
from mmkg.errors import GraphError
from tests.gnn.planted import ADD_CLICK, FILMS, USERS, fill

MEDIA = """
MATCH (m:Movie {id: '3'}), (e:Entity {id: 'taste 1'})
CREATE (:Media:Poster {id: 'p'})-[:POSTER_OF]->(m), (:Media:Still {id: 's'})-[:STILL_OF]->(m),
       (:Media:Trailer {id: 't'})-[:TRAILER_OF]->(m), (:Media:Audio {id: 'a'})-[:AUDIO_OF]->(m),
       (:Media:Text {id: 'x'})-[:TEXT_OF]->(m), (:Media:Still {id: 'f'})-[:IMAGE_OF]->(e),
       (:Media:Hologram {id: 'h'})-[:HOLOGRAM_OF]->(m)
"""
LEAK = """
MATCH (u:User {id: '0'}), (a:Movie {id: '1'}), (b:Movie {id: '3'})
CREATE (u)-[:CLICKED {split: 'test'}]->(a), (u)-[:CLICKED {split: 'valid'}]->(b),
       (u)-[:RATED {rating: 1}]->(:Item:Movie {id: 'disliked'}), (a)-[:CO_CLICKED {weight: 9}]->(b)
"""


def pairs(sampler_edges: tuple[object, object], ids: list[str], others: list[str]) -> set[tuple[str, str]]:
    sources, targets = sampler_edges
    return {(ids[s], others[t]) for s, t in zip(sources.tolist(), targets.tolist(), strict=True)}  # type: ignore[attr-defined]


def test_the_snapshot_is_the_whole_graph(graph: Graph) -> None:
    fill(graph)
    graph.write(MEDIA)
    graph.write("CREATE (:Item:Movie {id: 'zz lonely'}), (:User {id: 'zz idle'})")
    ripple = RippleSampler(graph).snapshot()
    assert ripple.count("user") == USERS + 1
    assert ripple.count("item") == FILMS + 1
    assert ripple.graph.num_nodes("item") == FILMS + 1
    assert ripple.ids["image"] == ["f", "p", "s"]
    assert ripple.graph.num_edges(("image", "IMAGE_OF", "entity")) == 1
    assert (ripple.ids["video"], ripple.ids["audio"], ripple.ids["text"]) == (["t"], ["a"], ["x"])
    assert ripple.graph.num_edges(CLICK) == USERS * 10
    assert ripple.ids["entity"] == ["taste 0", "taste 1"]
    found = heterograph.edges(ripple.graph, ("item", "HAS_GENRE", "entity"))
    assert ("3", "taste 1") in pairs(found, ripple.ids["item"], ripple.ids["entity"])


def test_pages_make_no_difference(graph: Graph) -> None:
    fill(graph)
    graph.write(MEDIA)
    small, large = (RippleSampler(graph, page=page).snapshot() for page in (3, 5000))
    assert small.fingerprint() == large.fingerprint()
    assert small.ids == large.ids


def test_no_held_out_click_leaks_into_a_ripple(graph: Graph) -> None:
    fill(graph)
    clean = RippleSampler(graph).snapshot()
    graph.write(LEAK)
    sampler = RippleSampler(graph, hops=3, fanout=1000)
    for ripple in (sampler.snapshot(), sampler.sample(["0"])):
        clicks = pairs(heterograph.edges(ripple.graph, CLICK), ripple.ids["user"], ripple.ids["item"])
        assert ("0", "1") not in clicks
        assert ("0", "3") not in clicks
        assert not {"RATED", "CO_CLICKED"} & set(ripple.graph.etypes)
    whole = sampler.snapshot()
    assert whole.graph.num_edges(CLICK) == clean.graph.num_edges(CLICK)
    held_out = sampler.clicks(whole)
    assert [len(held_out[split]) for split in ("train", "valid", "test")] == [USERS * 10, 1, 1]


def test_a_click_without_a_split_counts_as_train(graph: Graph) -> None:
    fill(graph)
    ensure_split(graph)
    before = RippleSampler(graph).snapshot().graph.num_edges(CLICK)
    graph.write(ADD_CLICK, user="0", film="1", split=None)
    assert RippleSampler(graph).snapshot().graph.num_edges(CLICK) == before + 1


def test_a_ripple_goes_as_far_as_its_hops(graph: Graph) -> None:
    fill(graph)
    graph.write(MEDIA)
    one = RippleSampler(graph, hops=1, fanout=100).sample(["1"])
    assert (one.ids["user"], one.count("item"), one.count("entity")) == (["1"], 10, 0)
    two = RippleSampler(graph, hops=2, fanout=100).sample(["1"])
    assert two.ids["entity"] == ["taste 1"]
    three = RippleSampler(graph, hops=3, fanout=100).sample(["1"])
    assert (
        three.count("item") == FILMS // 2
    )  # through the taste, all films of it; and none of the other taste
    whole = RippleSampler(graph).snapshot()
    click = pairs(heterograph.edges(three.graph, CLICK), three.ids["user"], three.ids["item"])
    assert click <= pairs(heterograph.edges(whole.graph, CLICK), whole.ids["user"], whole.ids["item"])


def test_fanouts_limit_the_neighbours_of_a_relation(graph: Graph) -> None:
    fill(graph)
    ripple = RippleSampler(graph, hops=1, fanout=4).sample(["0", "1"])
    assert ripple.graph.num_edges(CLICK) == 8
    ripple = RippleSampler(graph, hops=1, fanout=4, fanouts={"CLICKED": 2}).sample(["0", "1"])
    assert ripple.graph.num_edges(CLICK) == 4


def test_what_is_drawn_differs_and_every_neighbour_has_its_chance(graph: Graph) -> None:
    fill(graph)
    sampler = RippleSampler(graph, hops=1, fanout=3)
    drawn = [frozenset(sampler.sample(["0"]).ids["item"]) for _ in range(30)]
    assert len(set(drawn)) > 1
    assert len(frozenset.union(*drawn)) == 10  # missed with a chance of 10 · 0.7^30 = 0.0002


def test_media_are_part_of_a_ripple(graph: Graph) -> None:
    fill(graph)
    graph.write(MEDIA)
    graph.write(ADD_CLICK, user="1", film="3", split="train")
    ripple = RippleSampler(graph, hops=2, fanout=100).sample(["1"])
    assert ripple.ids["image"] == ["p", "s"]
    assert ripple.graph.num_edges(("text", "TEXT_OF", "item")) == 1


def test_a_graph_without_films_or_clicks_is_an_error(graph: Graph) -> None:
    with pytest.raises(GraphError, match="no film"):
        RippleSampler(graph).snapshot()
    graph.write("CREATE (:Item:Movie {id: '1'}), (:User {id: '1'})")
    with pytest.raises(GraphError, match="no click"):
        RippleSampler(graph).snapshot()
    with pytest.raises(GraphError, match="none of the users"):
        RippleSampler(graph).sample(["1", "unknown"])
