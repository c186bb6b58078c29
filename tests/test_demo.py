"""`mmkg demo` on the real data, with a single epoch; the models' quality is measured in benchmarks/."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg import Graph
from mmkg.demo import FILMS, USERS, clip_catalogue, demo
from mmkg.errors import GraphError
from mmkg.settings import Settings

CLICKED = (
    "MATCH (u:User)-[:CLICKED|RATED]->(m:Movie) WHERE u.id IN $users RETURN u.id AS user, m.title AS film"
)
CLIP = "MATCH (c:Trailer)-[:TRAILER_OF]->(m:Movie {title: 'Big Buck Bunny'}) RETURN c.seconds AS seconds"
FOREIGN = "CREATE (:Import {id: 'x', path: $path})"


def test_the_demo_recommends_unseen_films_with_reasons_and_changes_nothing_again(
    graph: Graph, settings: Settings
) -> None:
    said: list[str] = []
    report = demo(settings, said.append, epochs=1)
    clicked = {(row["user"], row["film"]) for row in graph.read(CLICKED, users=USERS)}
    assert len(clicked) > 100
    assert [answer.user for answer in report.recommendations] == list(USERS)
    for answer in report.recommendations:
        rows = answer.recommendations
        assert [row.rank for row in rows] == list(range(1, FILMS + 1))
        assert not clicked & {(answer.user, row.film.title) for row in rows}
        assert all("which you clicked" in row.reason for row in rows)
    popularity, mgnn = report.evaluation.results.values()
    assert mgnn.users == popularity.users == 942
    assert graph.read(CLIP)[0]["seconds"] == pytest.approx(5.28, abs=0.1)
    assert report.status.running
    password = settings.neo4j_password.get_secret_value()
    assert password not in str(report.to_json()) + str(said)

    again: list[str] = []
    second = demo(settings, again.append, epochs=1)
    assert len([line for line in again if " 0 created, 0 updated, " in line]) == 2
    assert second.recommendations == report.recommendations


def test_the_demo_leaves_a_graph_of_other_films_alone(graph: Graph, settings: Settings) -> None:
    graph.write(FOREIGN, path="/data/my-films")
    with pytest.raises(GraphError, match="/data/my-films already") as refusal:
        demo(settings, print)
    assert "MMKG_HOME" in refusal.value.remedy
    assert graph.read("MATCH (m:Movie) RETURN count(m) AS films") == [{"films": 0}]


def test_the_clip_comes_with_its_film(tmp_path: Path, settings: Settings) -> None:
    folder = clip_catalogue(settings.cache)
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {
        "movies.jsonl",
        "big-buck-bunny.mp4",
    }
