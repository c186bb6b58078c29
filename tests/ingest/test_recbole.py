from collections import Counter
from pathlib import Path

import pytest

from ingest.recbole import RecBole
from kg.model import Node, Reject, Relation
from mmkg.errors import InputError

SHARED = Path(__file__).parents[3] / "shared" / "data" / "ml-100k"

FILES = {
    "toy.item": "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
    "1\tThe Godfather\t1972\tCrime Drama\n"
    "2\tThe Godfather Part II\t1974\tDrama\n"
    "3\tunkonwn\tunkonwn\tunknown\n",
    "toy.user": "user_id:token\tage:token\tzip_code:token\n1\t24\t02138\n",
    "toy.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    "1\t1\t5\t10\n1\t2\t3\t20\n7\t2\t4\t30\n7\t9\t4\t30\n",
    "toy.link": "item_id:token\tentity_id:token\n1\tm.g1\n2\tm.g2\n99\tm.elsewhere\n",
    "toy.kg": "head_id:token\trelation_id:token\ttail_id:token\n"
    "m.g1\tfilm.film.directed_by\tm.coppola\n"
    "m.coppola\tfilm.director.film\tm.g1\n"
    "m.g1\tfilm.film.actor\tm.pacino\n"
    "m.g1\tfilm.film.sequel\tm.g2\n"
    "m.g2\tfilm.film.prequel\tm.g1\n"
    "m.g2\tfilm.film.sequel\tm.g3\n"
    "m.crime\tfilm.film_genre.films_in_this_genre\tm.g1\n"
    "m.g3\tfilm.film.subjects\tm.g1\n"
    "m.g2\tfilm.actor.film\tm.deniro\n"
    "m.g1\tfilm.film.story_by\tm.puzo\n",
}
SPLIT = {
    "toy.train.inter": "user_id:token\titem_id:token\n1\t1\n",
    "toy.valid.inter": "user_id:token\titem_id:token\n",
    "toy.test.inter": "user_id:token\titem_id:token\n7\t2\n",
}


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    (tmp_path / "split").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    for name, content in SPLIT.items():
        (tmp_path / "split" / name).write_text(content)
    return tmp_path


def triples(source) -> set[tuple[str, str, str]]:
    return {(r.start.id, r.type, r.end.id) for r in source.relations() if isinstance(r, Relation)}


def test_nodes(toy: Path) -> None:
    nodes = list(RecBole(toy).nodes())
    by_id = {node.id: node for node in nodes if node.kind != "User"}
    assert by_id["1"].properties == {"title": "The Godfather", "year": 1972, "freebase_id": "m.g1"}
    assert by_id["3"].properties == {"title": "unkonwn"}
    assert {key: node.label for key, node in by_id.items() if key.startswith("m.")} == {
        "m.coppola": "Person",
        "m.pacino": "Person",
        "m.deniro": "Person",
        "m.crime": "Genre",
        "m.g3": "Film",
        "m.puzo": None,
    }
    users = {node.id: dict(node.properties) for node in reversed(nodes) if node.kind == "User"}
    assert users == {"1": {"age": 24, "zip_code": "02138"}, "7": {}}


def test_facts_said_twice_become_one_relation_with_the_right_direction(toy: Path) -> None:
    facts = {triple for triple in triples(RecBole(toy)) if triple[1] not in {"CLICKED", "RATED"}}
    assert facts == {
        ("1", "HAS_GENRE", "genre:Crime"),
        ("1", "HAS_GENRE", "genre:Drama"),
        ("2", "HAS_GENRE", "genre:Drama"),
        ("m.coppola", "DIRECTED", "1"),
        ("m.pacino", "ACTED_IN", "1"),
        ("2", "SEQUEL_OF", "1"),
        ("m.g3", "SEQUEL_OF", "2"),
        ("1", "HAS_GENRE", "m.crime"),
        ("m.g3", "ABOUT", "1"),
        ("m.deniro", "ACTED_IN", "2"),
        ("1", "FILM_FILM_STORY_BY", "m.puzo"),
    }


def test_clicks_ratings_and_the_split(toy: Path) -> None:
    relations = [r for r in RecBole(toy, split=toy / "split").relations() if r.type in {"CLICKED", "RATED"}]
    assert [(r.type, r.start.id, r.end.id, dict(r.properties)) for r in relations] == [
        ("CLICKED", "1", "1", {"rating": 5.0, "at": 10, "split": "train"}),
        ("RATED", "1", "2", {"rating": 3.0, "at": 20}),
        ("CLICKED", "7", "2", {"rating": 4.0, "at": 30, "split": "test"}),
        ("CLICKED", "7", "9", {"rating": 4.0, "at": 30}),
    ]
    assert RecBole(toy, min_rating=3).ratings.min_rating == 3


def test_links_to_items_that_are_not_there_are_told(toy: Path) -> None:
    assert list(RecBole(toy).warnings()) == ["1 links are to items that toy.item does not have"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("toy.inter", "user_id:token\tmovie:token\n", "column item_id is missing"),
        ("toy.kg", "a:token\tb:token\tc:token\n", "head_id, relation_id, tail_id are missing"),
        ("toy.item", None, r"Looked for toy.item"),
        ("toy.inter", None, r"Looked for NAME.inter"),
        ("other.inter", "user_id:token\titem_id:token\n", "several data sets: other, toy"),
    ],
)
def test_what_cannot_be_read(toy: Path, name: str, content: str | None, message: str) -> None:
    if content is None:
        (toy / name).unlink()
    else:
        (toy / name).write_text(content)
    with pytest.raises(InputError, match=message):
        RecBole(toy)


def test_a_split_of_another_data_set(toy: Path) -> None:
    (toy / "split" / "toy.test.inter").unlink()
    with pytest.raises(InputError, match=r"Looked for toy.test.inter"):
        RecBole(toy, split=toy / "split")


def test_a_pair_in_two_parts_of_the_split_is_rejected(toy: Path) -> None:
    with (toy / "split" / "toy.test.inter").open("a") as file:
        file.write("1\t1\n")
    rejects = [r for r in RecBole(toy, split=toy / "split").relations() if isinstance(r, Reject)]
    assert rejects == [Reject("toy.test.inter", 3, "split", "the pair is in another part already", "test")]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the data set is not there")
def test_movielens_100k() -> None:
    source = RecBole(SHARED, split=SHARED / "split")
    nodes = [node for node in source.nodes() if isinstance(node, Node)]
    assert sum(node.label == "Movie" for node in nodes) == 1682
    assert len({node.id for node in nodes if node.kind == "User"}) == 943
    relations = list(source.relations())
    assert not any(isinstance(relation, Reject) for relation in relations)
    parts = Counter(r.properties.get("split") for r in relations if r.type == "CLICKED")
    assert parts == {"train": 35_408, "valid": 8_888, "test": 11_079}
    facts = Counter(r.type for r in {(r.type, r.start, r.end): r for r in relations}.values())
    assert facts["ACTED_IN"] == 40_158 - 5  # all six of film.actor.film but one are said the other way too
    assert (facts["DIRECTED"], facts["SEQUEL_OF"], facts["ABOUT"]) == (1727, 312, 715)
