"""Triples as they are published, into the real graph, and whatever else may stand in them."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.source import accepted
from ingest.triple_files import TripleFiles, recognises
from kg import Graph
from kg.model import Node, Reject, Relation
from mmkg.errors import InputError

KGAT = {
    "item_list.txt": "org_id remap_id freebase_id\nB01 0 m.0a\nB02 1 m.0b\n",
    "entity_list.txt": "org_id remap_id\nm.0a 0\nm.0b 1\nm.0actor 2\nm.0genre 3\n",
    "relation_list.txt": "org_id remap_id\nhttp://rdf.freebase.com/ns/film.film.actor 0\n"
    "http://rdf.freebase.com/ns/film.film.genre 1\nhttp://rdf.freebase.com/ns/common.topic.alias 2\n",
    "user_list.txt": "org_id remap_id\nA1 0\nA2 1\n",
    "kg_final.txt": "0 0 2\n1 1 3\n3 2 2\n",
    "train.txt": "0 0 1\n1 1\n",
    "test.txt": "1 0\n",
}
RIPPLENET = {
    "item_index2entity_id.txt": "1\t10\n2\t20\n",
    "kg_part1.txt": "10\tfilm.film.genre\t99\n",
    "kg_part2.txt": "98\tfilm.actor.film\t20\n",
    "ratings.dat": "7::1::5::100\n7::2::2::200\n8::3::4::300\n",
}
MKR = {
    "item_index2entity_id.txt": "1\t10\n",
    "kg.txt": "10\tfilm.film.star\t98\n10\tfilm.film.director\t97\n96\tfilm.production_company.film\t10\n",
    "ratings.csv": "userId,movieId,rating,timestamp\n7,1,4.5,100\n",
}
FINAL = {"kg_final.txt": "0\t4\t17\n", "ratings_final.txt": "5\t0\t1\n5\t1\t0\n6\t2\t1\n"}
RELATIONS = "MATCH (a)-[r]->(b) RETURN a.id AS start, type(r) AS type, b.id AS end, r.split AS split"
LABELS = "MATCH (n) WHERE n:Item OR n:Entity OR n:User RETURN n.id AS id, labels(n) AS labels"


def lay(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "relations", "labels"),
    [
        (
            KGAT,
            {
                ("m.0actor", "ACTED_IN", "B01", None),
                ("B02", "HAS_GENRE", "m.0genre", None),
                ("m.0genre", "COMMON_TOPIC_ALIAS", "m.0actor", None),
                ("A1", "CLICKED", "B01", "train"),
                ("A1", "CLICKED", "B02", "train"),
                ("A2", "CLICKED", "B02", "train"),
                ("A2", "CLICKED", "B01", "test"),
            },
            {"B01": "Movie", "B02": "Movie", "m.0actor": "Person", "m.0genre": "Genre", "A1": "", "A2": ""},
        ),
        (
            RIPPLENET,
            {
                ("1", "HAS_GENRE", "entity:99", None),
                ("entity:98", "ACTED_IN", "2", None),
                ("7", "CLICKED", "1", None),
                ("7", "RATED", "2", None),
                ("8", "CLICKED", "3", None),
            },
            {"1": "Movie", "2": "Movie", "3": "Movie", "entity:99": "Genre", "entity:98": "Person"}
            | {"7": "", "8": ""},
        ),
        (
            MKR,
            {
                ("entity:98", "ACTED_IN", "1", None),
                ("entity:97", "DIRECTED", "1", None),
                ("1", "MADE_BY", "entity:96", None),
                ("7", "CLICKED", "1", None),
            },
            {"1": "Movie", "entity:98": "Person", "entity:97": "Person", "entity:96": "Company", "7": ""},
        ),
        (
            FINAL,
            {
                ("0", "RELATION_4", "entity:17", None),
                ("5", "CLICKED", "0", None),
                ("6", "CLICKED", "2", None),
            },
            {"0": "Movie", "2": "Movie", "entity:17": "", "5": "", "6": ""},
        ),
    ],
    ids=["KGAT", "RippleNet", "MKR", "final"],
)
def test_what_is_published_reaches_the_graph(
    files: dict, relations: set, labels: dict, tmp_path: Path, bring, graph: Graph
) -> None:
    folder = lay(tmp_path / "triples", files)
    report = bring(TripleFiles(folder))
    assert (report.rejected, report.warnings) == (0, [])
    assert {tuple(row.values()) for row in graph.read(RELATIONS)} == relations
    kinds = {"Item", "Entity", "User"}
    found = {row["id"]: "".join(set(row["labels"]) - kinds) for row in graph.read(LABELS)}
    assert found == labels
    assert {path.name for path in TripleFiles(folder).files()} == set(files)
    again = bring(TripleFiles(folder))
    assert (again.total.created, again.total.updated) == (0, 0)


def test_a_file_of_triples_and_its_table_of_items(tmp_path: Path, bring, graph: Graph) -> None:
    (tmp_path / "facts.txt").write_text("Heat\tdirected by\tMichael Mann\n\nHeat\tset in\tLos Angeles\n")
    (tmp_path / "items.txt").write_text("6\tHeat\n")
    alone = TripleFiles(tmp_path / "facts.txt")
    assert [relation.start.kind for relation in accepted(alone.relations())] == ["Entity", "Entity"]
    assert list(alone.warnings()) == ["no entity is a film: --items names a table of items and entities"]
    bring(TripleFiles(tmp_path / "facts.txt", items=tmp_path / "items.txt"))
    assert {tuple(row.values()) for row in graph.read(RELATIONS)} == {
        ("6", "DIRECTED_BY", "Michael Mann", None),
        ("6", "SET_IN", "Los Angeles", None),
    }


def test_names_of_entities_may_have_spaces(tmp_path: Path) -> None:
    lists = {
        "entity_list.txt": "org_id remap_id\nm.0a 0\nRoute 66 2\nNew York New York 3\n",
        "relation_list.txt": "org_id remap_id\nhttp://www.w3.org/1999/02/22-rdf-syntax-ns#type 0\nand/or 1\n",
        "kg_final.txt": "0 0 2\n0 1 3\n",
    }
    source = TripleFiles(lay(tmp_path / "triples", {**KGAT, **lists}))
    facts = [(r.start.id, r.type, r.end.id) for r in accepted(source.relations()) if r.type != "CLICKED"]
    assert facts == [("B01", "TYPE", "Route 66"), ("B01", "AND_OR", "New York New York")]


def test_items_that_run_into_their_entities(tmp_path: Path) -> None:
    items = {"item_list.txt": "org_id remap_id freebase_id\nB01 0B01\n3ab 13ab\n"}
    assert TripleFiles(lay(tmp_path / "triples", {**KGAT, **items})).films == {"0": "B01", "1": "3ab"}


def test_items_are_numbered_as_the_triples_are(tmp_path: Path) -> None:
    both = {"item_index2entity_id.txt": "1\t10\n", "item_index2entity_id_rehashed.txt": "1\t0\n"}
    parts = {f"kg_part{n}_rehashed.txt": "0\tfilm.film.genre\t5\n" for n in (1, 2)}
    assert TripleFiles(lay(tmp_path / "rehashed", {**both, **parts})).films == {"0": "1"}
    assert TripleFiles(lay(tmp_path / "plain", {**both, "kg.txt": "10\tx\t5\n"})).films == {"10": "1"}


def test_a_gzipped_file_of_triples(tmp_path: Path) -> None:
    path = tmp_path / "facts.tsv.gz"
    path.write_bytes(gzip.compress(b"Heat\tset in\tLos Angeles\n"))
    assert recognises(path)
    assert [relation.type for relation in accepted(TripleFiles(path).relations())] == ["SET_IN"]


def test_a_prefix_keeps_two_numberings_apart(tmp_path: Path) -> None:
    source = TripleFiles(lay(tmp_path / "triples", FINAL), prefix="ours")
    assert [node.id for node in source.nodes() if node.kind == "Entity"] == ["ours:17"]


@pytest.mark.parametrize(
    ("files", "file", "row", "field", "reason"),
    [
        (KGAT, "entity_list.txt", "m.0x", "", "1 fields instead of 2"),
        (KGAT, "entity_list.txt", "m.0x two", "number", "no whole number"),
        (KGAT, "item_list.txt", "B03 x m.0c", "number", "no whole number"),
        (FINAL, "kg_final.txt", "0\t4", "", "2 fields instead of 3"),
        (FINAL, "kg_final.txt", "0\t\t4", "relation", "empty"),
        (FINAL, "kg_final.txt", "0\t!!\t4", "relation", "no relation type can be made of it"),
        (FINAL, "kg_final.txt", "0\tclicked\t4", "relation", "this relation is not for triples"),
        (FINAL, "kg_final.txt", "0\tx\t\udcff", "tail", "no valid Unicode"),
        (FINAL, "ratings_final.txt", "5\t0\t2", "label", "neither 0 nor 1"),
    ],
)
def test_a_bad_line_costs_itself(
    tmp_path: Path, files: dict, file: str, row: str, field: str, reason: str
) -> None:
    folder = lay(tmp_path / "triples", files)
    good = read(TripleFiles(folder))
    with (folder / file).open("a", errors="surrogateescape") as end:
        end.write(row + "\n")
    things = read(TripleFiles(folder))
    number = files[file].count("\n") + 1
    rejects = [(r.file, r.line, r.field, r.reason) for r in things if isinstance(r, Reject)]
    assert rejects == [(file, number, field, reason)]
    assert [thing for thing in things if not isinstance(thing, Reject)] == good


def test_no_triples(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the folder holds no file of triples"):
        TripleFiles(tmp_path)
    (tmp_path / "prose.txt").write_text("Once upon a time there was a film.\n")
    with pytest.raises(InputError, match="no file of triples"):
        TripleFiles(tmp_path / "prose.txt")


@given(
    st.sampled_from([(files, name) for files in (KGAT, RIPPLENET, MKR, FINAL) for name in files]),
    st.binary(max_size=40),
    st.integers(0, 60),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_a_file_is_taken_or_rejected(
    tmp_path_factory: pytest.TempPathFactory, chosen: tuple[dict, str], junk: bytes, at: int
) -> None:
    files, name = chosen
    folder = lay(tmp_path_factory.mktemp("triples"), files)
    content = files[name].encode()
    (folder / name).write_bytes(content[:at] + junk + content[at:])
    try:
        things = read(TripleFiles(folder))
    except InputError:
        assert name == "ratings.csv"  # the one file with a header
    else:
        assert all(isinstance(thing, (Node, Relation, Reject)) for thing in things)


def read(source: TripleFiles) -> list[object]:
    return [*source.nodes(), *source.media(), *source.relations()]
