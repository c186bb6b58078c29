"""`mmkg recommend`, `similar`, `explain`, `search` and `show`: tables for people, JSON for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import small_graph
from click.testing import CliRunner, Result
from PIL import Image

import cli
from ingest.thumbnails import thumbnail
from kg import Film, Graph
from kg.answers import Recommendation
from kg.asking import Recommendations
from mmkg.errors import GraphError, InputError
from mmkg.page import render
from mmkg.settings import Settings
from storage import BlobStore

SET_THUMBNAIL = """
MERGE (m:Item {id: $film})
CREATE (p:Media:Poster {id: $film + '.jpg', thumbnail: $key})-[:POSTER_OF]->(m)
"""

SEQUEL = "MATCH (a:Movie {id: '5'}), (b:Movie {id: '4'}) CREATE (a)-[:SEQUEL_OF]->(b)"
PUT_ASIDE = "MATCH (:User {id: '1'})-[c:CLICKED]->(:Movie {id: '3'}) SET c.split = 'test'"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, arguments)


def mmkg(*arguments: str) -> str:
    result = run(*arguments)
    if result.exception:
        raise result.exception
    return result.stdout


def document(*arguments: str) -> Any:
    return json.loads(mmkg(*arguments, "--json"))


def test_recommend(films: Graph) -> None:
    table = mmkg("recommend", "1", "-k", "3")
    assert re.search(r"1 +│ 4 +│ M +│ 0\.95\d\d │ like Faust, which you clicked", table)
    answer = document("recommend", "User:1", "--exclude", "sunrise", "--exclude", "6", "--k", "2")
    assert answer["user"] == "1"
    assert [row["film"]["title"] for row in answer["recommendations"]] == ["M", "Sherlock Jr."]
    assert answer["recommendations"][0]["because"][0]["title"] == "Faust"
    seen = document("recommend", "1", "--include-seen", "--diversity", "0", "--model", "model-1", "-k", "3")
    assert {row["film"]["id"] for row in seen["recommendations"]} == set(small_graph.CLICKED)
    assert [
        row["film"]["id"] for row in document("recommend", "1", "--genre", "drama")["recommendations"]
    ] == ["4"]


def test_recommend_shows_the_stages_and_takes_their_options(films: Graph) -> None:
    films.write(SEQUEL)
    films.write(PUT_ASIDE)
    table = " ".join(mmkg("recommend", "1", "-k", "2", "--stages", "--series", "1").split())
    assert "vector 1, ripple 1, coarse" in table
    assert "vector" not in mmkg("recommend", "1", "-k", "2")
    numbers = ("--candidates", "5", "--ripple", "0", "--fresh", "0", "--fine", "5")
    options = ("--series", "1", "--explore", "0.34", "--seed", "3")
    rows = document("recommend", "1", "-k", "3", *numbers, *options)["recommendations"]
    assert [row["film"]["id"] for row in rows[:2]] == ["4", "6"]  # 5 is a sequel of 4
    assert rows[0]["stages"] == {"vector": 1, "coarse": 1, "fine": 1}
    assert rows[2]["stages"]["explored"] is True
    without = document("recommend", "1", "-k", "1", "--no-held-out")["recommendations"]
    assert [row["film"]["id"] for row in without] == ["3"]
    assert document("recommend", "1", "-k", "1", "--held-out") == document("recommend", "1", "-k", "1")


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("1908", {1908}),
        ("1908-1909", {1908, 1909}),
        ("1913-", {1913, 1914}),
        ("-1904", {1904}),
    ],
)
def test_years(films: Graph, text: str, years: set[int]) -> None:
    films.write("MATCH (m:Movie) SET m.year = 1900 + toInteger(m.id)")
    answer = document("recommend", "1", "--year", text)
    assert {row["film"]["year"] for row in answer["recommendations"]} == years


def test_similar(films: Graph) -> None:
    answer = document("similar", "metropolis", "-k", "1", "--candidates", "5")
    assert answer["movie"]["title"] == "Metropolis"
    assert [row["film"]["title"] for row in answer["similar"]] == ["Nosferatu"]
    assert "Similar to Metropolis" in mmkg("similar", "1")


def test_explain(films: Graph) -> None:
    answer = document("explain", "1", "M")
    assert sum(row["share"] for row in answer["shares"]) == pytest.approx(answer["score"])
    table = " ".join(mmkg("explain", "1", "M", "-k", "3").split())
    assert "M for user 1: a score of 0.9511" in table
    assert "same director Fritz Lang" in table


def test_search(films: Graph) -> None:
    assert [hit["name"] for hit in document("search", "fritz", "LANG")["hits"]] == ["Fritz Lang"]
    assert document("search", "safety", "--kind", "Genre", "--kind", "Person")["hits"] == []
    assert "Nothing found for 'xyzzy'" in mmkg("search", "xyzzy")
    assert run("search").exit_code == 2


def test_show(films: Graph) -> None:
    answer = document("show", "Metropolis", "--relations", "2")
    assert (answer["kind"], answer["id"], answer["labels"]) == ("Item", "1", ["Movie"])
    assert answer["properties"] == {"title": "Metropolis"}
    assert answer["models"] == ["model-1"]
    directed = next(each for each in answer["relations"] if each["type"] == "DIRECTED")
    assert (directed["outgoing"], directed["count"], directed["shown"][0]["name"]) == (False, 1, "Fritz Lang")
    table = mmkg("show", "User:1", "--relations", "2")
    assert re.search(r"-\[CLICKED\]-> │ +3 │ Metropolis, Nosferatu, …", table)
    assert "embedding" not in table


def test_what_is_missing_is_said_with_what_to_do(films: Graph) -> None:
    with pytest.raises(InputError, match="nobody: there is no user"):
        mmkg("recommend", "nobody")
    with pytest.raises(InputError, match="nothing: there is no item"):
        mmkg("similar", "nothing")
    with pytest.raises(GraphError, match="did you mean 'Drama'"):
        mmkg("recommend", "1", "--genre", "drame")
    with pytest.raises(GraphError, match="unknown weight 'postr': did you mean 'poster'"):
        mmkg("recommend", "1", "--weight", "postr=2")
    with pytest.raises(GraphError, match="is 'postr': did you mean 'poster'"):
        mmkg("similar", "1", "--by", "postr")
    with pytest.raises(GraphError, match="wrote no vectors of texts, posters, sounds or trailers"):
        mmkg("similar", "1", "--by", "poster")
    films.write("MATCH (m:Model) REMOVE m.active")
    for command in (("recommend", "1"), ("similar", "1"), ("explain", "1", "4")):
        with pytest.raises(GraphError, match="no model is active: run `mmkg train`, then `mmkg embed`"):
            mmkg(*command)


@pytest.mark.parametrize(
    "options",
    [
        ("--k", "0"),
        ("--k", "1001"),
        ("--k", "ten"),
        ("--diversity", "1.5"),
        ("--year", "next"),
        ("--year", "-"),
        ("--year", ""),
        ("--candidates", "-1"),
        ("--ripple", "-1"),
        ("--weight", "poster"),
        ("--weight", "poster=much"),
        ("--fine", "0"),
        ("--series", "0"),
        ("--explore", "2"),
        ("--seed", "-1"),
        ("--divers", "1"),
    ],
)
def test_wrong_usage(options: tuple[str, ...]) -> None:
    result = run("recommend", "1", *options)
    assert result.exit_code == 2
    assert options[0] in result.stderr


def test_a_page_has_the_posters_inside(
    films: Graph, settings: Settings, store: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIO_BUCKET", store.bucket)
    picture, *_ = thumbnail(Image.new("RGB", (20, 30), "red"))
    films.write(SET_THUMBNAIL, film="4", key=store.put_bytes(picture, "image/jpeg").key)
    films.write(SET_THUMBNAIL, film="5", key=f"sha256/00/{'0' * 64}")
    page = tmp_path / "page.html"
    result = run("recommend", "1", "-k", "3", "--html", str(page), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["user"] == "1"
    assert "the poster of film 5 is left out" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    text = page.read_text()
    assert text.count("<img ") == 1
    assert 'src="data:image/jpeg;base64,/9j/' in text
    assert text.count("like Faust, which you clicked") == 3
    with pytest.raises(InputError, match="the page cannot be written"):
        mmkg("recommend", "1", "--html", str(tmp_path / "missing" / "page.html"))


def test_a_page_is_inert_whatever_the_graph_says() -> None:
    hostile = "<script>alert(1)</script>\"'><img src=http://x>"
    row = Recommendation(Film('4"onload="x', hostile), 0.5, 1, hostile, (), {})
    text = render(Recommendations(hostile, [row]), {'4"onload="x': b"\xff"})
    assert "<script" not in text
    assert "<img src=http" not in text
    assert text.count("<img ") == 1
    assert "default-src 'none'" in text
    assert "There is no film to recommend" in render(Recommendations("1", []), {})
