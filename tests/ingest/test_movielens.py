from pathlib import Path

import pytest

from ingest.movielens import GENRES_100K, MovieLens
from kg.model import Node, Reject, Relation
from mmkg.errors import InputError


def flags(*genres: str) -> str:
    return "|".join(str(int(genre in genres)) for genre in GENRES_100K)


EDITIONS = {
    "100k": {
        "u.data": "1\t1\t5\t10\n2\t1\t3\t20\n",
        "u.item": f"1|Misérables, Les (1995)|01-Jan-1995||http://us.imdb.com/M|{flags('Drama', 'Musical')}\n",
        "u.user": "1|24|M|technician|02138\n2|53|F|other|94043\n",
    },
    "1m": {
        "ratings.dat": "1::1::5::10\n2::1::3::20\n",
        "movies.dat": "1::Misérables, Les (1995)::Drama|Musical\n",
        "users.dat": "1::M::24::17::02138\n2::F::50::0::94043\n",
    },
    "csv": {
        "ratings.csv": "userId,movieId,rating,timestamp\n1,1,5.0,10\n2,1,3.5,20\n",
        "movies.csv": 'movieId,title,genres\n1,"Misérables, Les (1995)",Drama|Musical\n',
        "links.csv": "movieId,imdbId,tmdbId\n1,0113828,48787\n",
        "tags.csv": "userId,movieId,tag,timestamp\n1,1,French Revolution,10\n",
    },
}


@pytest.fixture(params=EDITIONS)
def edition(request, tmp_path: Path) -> Path:
    for name, content in EDITIONS[request.param].items():
        (tmp_path / name).write_text(content, encoding="utf-8" if name.endswith("csv") else "latin-1")
    return tmp_path


def merged(source: MovieLens) -> dict[tuple[str, str], dict]:
    nodes: dict[tuple[str, str], dict] = {}
    for node in source.nodes():
        assert isinstance(node, Node)
        nodes.setdefault((node.kind, node.id), {}).update(node.properties)
    return nodes


def test_every_edition_says_the_same(edition: Path) -> None:
    source = MovieLens(edition)
    nodes = merged(source)
    assert nodes["Item", "1"].items() >= {"title": "Misérables, Les", "year": 1995}.items()
    assert {("Entity", "genre:Drama"), ("Entity", "genre:Musical"), ("User", "1"), ("User", "2")} < set(nodes)
    found = {(r.start.id, r.type, r.end.id) for r in source.relations() if isinstance(r, Relation)}
    assert found >= {
        ("1", "HAS_GENRE", "genre:Drama"),
        ("1", "HAS_GENRE", "genre:Musical"),
        ("1", "CLICKED", "1"),
        ("2", "RATED", "1"),
    }
    if (edition / "links.csv").exists():
        assert nodes["Item", "1"].items() >= {"imdb_id": "tt0113828", "tmdb_id": "48787"}.items()
        assert ("1", "ABOUT", "keyword:french revolution") in found
    else:
        assert nodes["User", "1"].items() >= {"age": 24, "gender": "M", "zip_code": "02138"}.items()


def test_bad_rows(edition: Path) -> None:
    name = next(
        path.name for path in edition.iterdir() if path.name in {"u.data", "ratings.dat", "ratings.csv"}
    )
    separator = {"u.data": "\t", "ratings.dat": "::", "ratings.csv": ","}[name]
    rows = [("1", "1", "great", "10"), ("1", "1"), ("", "1", "4", "10"), ("9", "1", "4", "10")]
    with (edition / name).open("a") as file:
        file.writelines(separator.join(row) + "\n" for row in rows)
    relations = list(MovieLens(edition).relations())
    rejects = [(r.field, r.reason) for r in relations if isinstance(r, Reject)]
    user = "user"
    assert rejects == [("rating", "no number"), ("", "2 fields instead of 4"), (user, "empty")]
    assert "9" in {r.start.id for r in relations if isinstance(r, Relation)}


def test_what_is_no_movielens(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Looked for u.data, ratings.dat, ratings.csv"):
        MovieLens(tmp_path)
    (tmp_path / "ratings.csv").write_text("userId,movieId,stars\n")
    with pytest.raises(InputError, match=r"Looked for movies.csv"):
        MovieLens(tmp_path)
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n")
    with pytest.raises(InputError, match=r"ratings.csv, line 1: the columns rating, timestamp are missing"):
        MovieLens(tmp_path)
