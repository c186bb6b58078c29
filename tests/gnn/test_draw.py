"""The two samplers draw alike, and neither shows what is held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from gnn.directory import Directory
from gnn.draw import CypherSampler, Draw, Plan, Request, Sampler, SnapshotSampler, prefetch
from gnn.sampler import CLICK, RippleSampler
from kg import Graph
from tests.gnn.planted import ADD_CLICK, FILMS, USERS, fill

MORE = """
MATCH (a:Movie {id: '3'}), (b:Movie {id: '5'}), (t:Entity {id: 'taste 1'})
CREATE (a)-[:RELATED]->(t), (a)-[:RELATED]->(b), (b)-[:RELATED]->(a),
       (:Media:Poster {id: 'p'})-[:POSTER_OF]->(a), (:Media:Text {id: 'x'})-[:TEXT_OF]->(b),
       (:Media:Hologram {id: 'h'})-[:HOLOGRAM_OF]->(a)
"""
LEAK = """
MATCH (u:User {id: $user}), (a:Movie {id: '1'}), (b:Movie {id: '3'})
MERGE (a)-[:CO_CLICKED {weight: 9}]->(b)
CREATE (u)-[:CLICKED {split: 'test'}]->(:Item:Movie {id: $user + ' test'}),
       (u)-[:CLICKED {split: 'valid'}]->(:Item:Movie {id: $user + ' valid'}),
       (u)-[:RATED {rating: 1}]->(:Item:Movie {id: $user + ' disliked'})
"""
TRIALS = 80
Edge = tuple[str, str, str]
Make = Callable[[Graph, Plan], tuple[Sampler, Directory]]


def cypher(graph: Graph, plan: Plan) -> tuple[Sampler, Directory]:
    directory = Directory.read(graph, page=7)
    return CypherSampler(graph, directory, plan), directory


def snapshot(graph: Graph, plan: Plan) -> tuple[Sampler, Directory]:
    return SnapshotSampler(RippleSampler(graph).snapshot(), plan), Directory.read(graph)


both = pytest.mark.parametrize("make", [cypher, snapshot])


def request(directory: Directory, users: Sequence[str], films: Sequence[str] = (), seed: int = 0) -> Request:
    rows = [
        np.array([directory.ids[kind].index(name) for name in names], dtype=np.int64)
        for kind, names in (("user", users), ("item", films))
    ]
    return Request(rows[0], rows[1], seed)


def edges(draw: Draw, directory: Directory) -> list[Edge]:
    found = []
    for (source, relation, target), (first, last) in draw.edges.items():
        for a, b in zip(first.tolist(), last.tolist(), strict=True):
            start, end = draw.nodes[source][a], draw.nodes[target][b]
            found.append((directory.ids[source][start], relation, directory.ids[target][end]))
    return found


@pytest.mark.parametrize(
    "plan", [Plan(3, 3), Plan(3, 2, {"CLICKED>": 4, "<CLICKED": 1, "RELATED": 1, "<HAS_GENRE": 0})]
)
def test_both_draw_with_the_same_distribution(graph: Graph, plan: Plan) -> None:
    fill(graph)
    graph.write(MORE)
    graph.write(LEAK, user="1")
    counts = []
    for make in (cypher, snapshot):
        sampler, directory = make(graph, plan)
        count: Counter[Edge] = Counter()
        sizes: Counter[int] = Counter()
        for seed in range(TRIALS):
            drawn = edges(sampler.draw(request(directory, ["1", "3"], ["2"], seed)), directory)
            assert len(set(drawn)) == len(drawn)
            count.update(drawn)
            sizes.update([len(drawn)])
        counts.append((count, sizes))
    (first, sizes), (second, other_sizes) = counts
    for edge in first | second:
        chance = (first[edge] + second[edge]) / (2 * TRIALS)
        spread = (2 * chance * (1 - chance) / TRIALS) ** 0.5
        assert abs(first[edge] - second[edge]) / TRIALS <= 5 * spread + 1e-9, edge
    means = [sum(size * times for size, times in found.items()) / TRIALS for found in (sizes, other_sizes)]
    assert means[0] == pytest.approx(means[1], rel=0.05)


@both
def test_without_limits_both_draw_all_that_is_in_reach(graph: Graph, make: Make) -> None:
    fill(graph)
    graph.write(MORE)
    sampler, directory = make(graph, Plan(3, 10_000, {"<CLICKED": 0}))
    draw = sampler.draw(request(directory, ["1"], ["0", "5"]))
    assert draw.nodes["user"].tolist() == [directory.ids["user"].index("1")]
    assert draw.count("item") == FILMS
    found = set(edges(draw, directory))
    assert {
        ("p", "POSTER_OF", "3"),
        ("x", "TEXT_OF", "5"),
        ("3", "RELATED", "5"),
        ("5", "RELATED", "3"),
    } <= found
    assert sum(relation == "HAS_GENRE" for _, relation, _ in found) == FILMS
    assert sum(relation == "CLICKED" for _, relation, _ in found) == 10


@both
def test_the_same_request_gives_the_same_draw_and_another_seed_another(graph: Graph, make: Make) -> None:
    fill(graph)
    sampler, directory = make(graph, Plan(3, 2))
    users = [str(user) for user in range(USERS)]
    one, again, other = (sampler.draw(request(directory, users, seed=seed)) for seed in (1, 1, 2))
    assert sorted(edges(one, directory)) == sorted(edges(again, directory))
    assert sorted(edges(one, directory)) != sorted(edges(other, directory))
    assert one.nodes["user"].tolist() == [directory.ids["user"].index(user) for user in users]


@both
def test_no_held_out_click_leaks_into_a_draw(graph: Graph, make: Make) -> None:
    fill(graph)
    for user in range(USERS):
        graph.write(LEAK, user=str(user))
    sampler, directory = make(graph, Plan(4, 10_000))
    draw = sampler.draw(request(directory, [str(user) for user in range(USERS)]))
    assert not {"RATED", "CO_CLICKED"} & {relation for _, relation, _ in draw.edges}
    assert len(draw.edges[CLICK][0]) == USERS * 10
    drawn = {directory.ids["item"][row] for row in draw.nodes["item"]}
    assert drawn == {str(film) for film in range(FILMS)}


def test_a_draw_costs_one_round_trip(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(graph)
    sampler, directory = cypher(graph, Plan(4, 5))
    asked = []
    ask = graph.driver.execute_query
    monkeypatch.setattr(graph.driver, "execute_query", lambda *a, **k: (asked.append(a), ask(*a, **k))[1])
    sampler.draw(request(directory, [str(user) for user in range(USERS)], ["1", "2", "3"]))
    assert len(asked) == 1


def test_what_came_after_the_directory_is_left_out(graph: Graph) -> None:
    fill(graph)
    sampler, directory = cypher(graph, Plan(2, 1000))
    wanted = request(directory, ["0", "1"])
    before = sorted(edges(sampler.draw(wanted), directory))
    graph.write("CREATE (:Item:Movie {id: 'new'})")
    graph.write(ADD_CLICK, user="1", film="new", split=None)
    assert sorted(edges(sampler.draw(wanted), directory)) == before
    graph.write("MATCH (u:User {id: '0'}) DETACH DELETE u")
    after = edges(sampler.draw(wanted), directory)
    assert after
    assert not [edge for edge in after if edge[0] == "0"]


def test_a_draw_is_under_way_while_the_last_one_is_used() -> None:
    class Slow:
        threads = 1

        def __init__(self) -> None:
            self.asked: list[int] = []

        def draw(self, request: Request) -> Draw:
            self.asked.append(request.seed)
            if request.seed == 9:
                raise ValueError("broken")
            return Draw({"user": np.array([request.seed])}, {})

    nothing = np.zeros(0, dtype=np.int64)
    requests = [Request(nothing, nothing, seed) for seed in range(10)]
    slow = Slow()
    draws = prefetch(slow, iter(requests[:9]), ahead=3)
    assert next(draws).nodes["user"].tolist() == [0]
    assert next(draws).nodes["user"].tolist() == [1]
    draws.close()  # type: ignore[attr-defined]
    assert 2 <= len(slow.asked) <= 5  # not all, and what was not begun is given up
    assert [draw.nodes["user"][0] for draw in prefetch(slow, requests[:9])] == list(range(9))
    with pytest.raises(ValueError, match="broken"):
        list(prefetch(slow, requests))
