"""Neo4j's query API: recommendations over plain HTTP, for languages that have no driver."""

from __future__ import annotations

from typing import Any

import pytest
import urllib3
from urllib3.util import make_headers

from kg import Graph
from mmkg import servers
from mmkg.settings import Settings

RECOMMEND = """
MATCH (u:User {id: $user}) CALL mmkg.recommend(u, {k: $k}) YIELD item, score, rank, reason
RETURN item.title AS film, rank, reason ORDER BY rank
"""


@pytest.fixture
def address(films: Graph, settings: Settings) -> str:
    browser = servers.status(settings).browser
    if not browser:
        pytest.skip("the environment names a database and not where it answers by HTTP")
    return f"{browser.removesuffix('browser/')}db/{settings.neo4j_database}/query/v2"


def ask(address: str, settings: Settings, statement: str, **parameters: object) -> Any:
    password = settings.neo4j_password.get_secret_value()
    headers = make_headers(basic_auth=f"{settings.neo4j_username}:{password}")
    body = {"statement": statement, "parameters": parameters, "accessMode": "READ"}
    return urllib3.request("POST", address, json=body, headers=headers, retries=False, timeout=30).json()


def test_films_come_with_reasons(address: str, settings: Settings) -> None:
    answer = ask(address, settings, RECOMMEND, user="1", k=2)
    assert answer["data"] == {
        "fields": ["film", "rank", "reason"],
        "values": [
            ["M", 1, "like Faust, which you clicked"],
            ["Sunrise", 2, "like Faust, which you clicked"],
        ],
    }


def test_a_mistake_is_said_in_the_plugins_words(address: str, settings: Settings) -> None:
    (error,) = ask(address, settings, RECOMMEND, user="1", k=0)["errors"]
    assert "option 'k' must be an integer from 1 to 1000, but it is 0" in error["message"]
