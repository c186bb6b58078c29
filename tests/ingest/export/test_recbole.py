"""RecBole's files bring the same films, users, clicks and facts back, as far as they can hold them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner

from cli import cli
from ingest.kinds import recognise
from ingest.pipeline import ingest
from ingest.recbole import RecBole
from kg import Graph
from kg.model import Node, Ref, Relation
from kg.writer import Writer
from mmkg.settings import Settings
from storage import BlobStore

NODES = "MATCH (n) WHERE n:Item OR n:Entity OR n:User RETURN labels(n) AS labels, properties(n) AS properties"
RELATIONS = """
MATCH (a)-[r]->(b)
RETURN a.id AS start, type(r) AS type, b.id AS end, r.rating AS rating, r.at AS at, r.split AS split
"""

FILMS = [
    Node("Item", "1", "Movie", {"title": "Heat", "year": 1995, "freebase_id": "m.heat", "plot": "A thief."}),
    Node("Item", "2", "Movie", {"title": 'The "Game"', "year": 1997, "freebase_id": "m.game"}),
    Node("Item", "3", "Movie", {"title": "Unlinked"}),
]
ENTITIES = [
    Node("Entity", "genre:Crime", "Genre", {"name": "Crime"}),
    Node("Entity", "m.noir", "Genre"),
    Node("Entity", "m.pacino", "Person"),
    Node("Entity", "m.old", "Film"),
    Node("Entity", "m.town", None),
]
USERS = [Node("User", "a", None, {"age": 30, "gender": "F"}), Node("User", "b")]
SAME = [
    Relation("HAS_GENRE", Ref("Item", "1"), Ref("Entity", "genre:Crime")),
    Relation("HAS_GENRE", Ref("Item", "2"), Ref("Entity", "m.noir")),
    Relation("ACTED_IN", Ref("Entity", "m.pacino"), Ref("Item", "1")),
    Relation("DIRECTED", Ref("Entity", "m.pacino"), Ref("Entity", "m.old")),
    Relation("SEQUEL_OF", Ref("Item", "2"), Ref("Item", "1")),
    Relation("FILMED_IN", Ref("Item", "1"), Ref("Entity", "m.town")),
    Relation("CLICKED", Ref("User", "a"), Ref("Item", "1"), {"rating": 5.0, "at": 100, "split": "train"}),
    Relation("CLICKED", Ref("User", "a"), Ref("Item", "2"), {"rating": 4.5, "at": 90, "split": "valid"}),
    Relation("CLICKED", Ref("User", "b"), Ref("Item", "3"), {"split": "test"}),
    Relation("RATED", Ref("User", "b"), Ref("Item", "1"), {"rating": 2.0, "at": 95}),
]


def what_it_holds(graph: Graph) -> tuple[list[str], list[str]]:
    nodes = [
        {
            "labels": sorted(row["labels"]),
            **{n: v for n, v in sorted(row["properties"].items()) if n not in ("imports", "origins")},
        }
        for row in graph.read(NODES)
    ]
    return sorted(map(repr, nodes)), sorted(map(repr, graph.read(RELATIONS)))


def test_the_same_films_users_clicks_and_facts_come_back(
    graph: Graph, store: BlobStore, exported, emptied: Callable[[], Graph], tmp_path: Path
) -> None:
    writer = Writer(graph, "test")
    assert not writer.nodes([*FILMS, *ENTITIES, *USERS]).rejected
    assert not writer.relations(SAME).rejected
    before = what_it_holds(graph)
    report = exported("recbole", tmp_path / "films")
    assert report.warnings == []
    assert report.counts["inter"] == 4
    emptied()
    source = RecBole(report.folder, split=report.folder)
    back = ingest(source, graph, store, tmp_path / "rejects", kind="recbole", path=report.folder)
    assert back.rejected == 0
    assert what_it_holds(graph) == before


def test_what_the_files_have_no_place_for_is_told(everything: Graph, exported, tmp_path: Path) -> None:
    report = exported("recbole")
    models, warning = report.warnings
    assert models.startswith("1 model was left out")
    for what in ("1 Poster", "1 SAME_AS", "1 values of list"):
        assert what in warning
    item = (report.folder / "recbole.item").read_text().splitlines()
    assert item[0].startswith("item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\t")
    assert len({line.count("\t") for line in item}) == 1
    assert not list(report.folder.glob("*.train.inter"))
    assert "film.actor.film" in (report.folder / "recbole.kg").read_text()


def test_it_is_recognised_as_recbole_and_cannot_be_restored(everything: Graph, exported) -> None:
    folder = exported("recbole").folder
    assert recognise(folder).name == "recbole"
    result = CliRunner().invoke(cli, ["ingest", "export", str(folder)])
    assert "mmkg ingest recbole" in str(result.exception)


def test_it_has_no_place_for_media(settings: Settings, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["export", "recbole", str(tmp_path / "x"), "--media"])
    assert "no place for media" in str(result.exception)
