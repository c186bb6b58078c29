"""TMDB's tables and its API's films into the real graph, and whatever else may stand in them."""

import csv
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.source import MediaFile, MediaText, accepted
from ingest.tmdb import Tmdb
from kg import Graph
from kg.model import Node, Reject, Relation
from mmkg.errors import InputError
from tests.ingest.conftest import picture

HEAT = {
    "id": 949,
    "imdb_id": "tt0113277",
    "title": "Heat",
    "original_title": "Heat",
    "overview": "A thief and a policeman.",
    "tagline": "A Los Angeles crime saga",
    "release_date": "1995-12-15",
    "runtime": 170,
    "budget": 60_000_000,
    "revenue": 0,
    "vote_average": 7.9,
    "vote_count": 5000,
    "popularity": 41.5,
    "poster_path": "/heat.png",
    "genres": [{"id": 80, "name": "Crime"}],
    "production_companies": [{"id": 508, "name": "Regency Enterprises"}],
    "production_countries": [{"iso_3166_1": "US", "name": "United States of America"}],
    "spoken_languages": [{"iso_639_1": "es", "english_name": "Spanish", "name": "Español"}, {"name": ""}],
    "keywords": {"keywords": [{"id": 642, "name": "Heist"}]},
    "credits": {
        "cast": [{"id": 1158, "name": "Al Pacino", "character": "Vincent Hanna", "order": 0}],
        "crew": [
            {"id": 638, "name": "Michael Mann", "job": "Director"},
            {"id": 638, "name": "Michael Mann", "job": "Screenplay"},
            {"id": 638, "name": "Michael Mann", "job": "Catering"},
        ],
    },
}
FACTS = """
MATCH (a)-[r]->(b) WHERE a:Movie OR b:Movie AND NOT a:Media
RETURN a.id AS start, type(r) AS type, b.id AS end ORDER BY type, start, end
"""
EXPECTED = [
    ("tmdb:949", "ABOUT", "keyword:heist"),
    ("tmdb:person/1158", "ACTED_IN", "tmdb:949"),
    ("tmdb:person/638", "DIRECTED", "tmdb:949"),
    ("tmdb:949", "FROM_COUNTRY", "country:United States of America"),
    ("tmdb:949", "HAS_GENRE", "genre:Crime"),
    ("tmdb:949", "IN_LANGUAGE", "language:Spanish"),
    ("tmdb:949", "MADE_BY", "company:Regency Enterprises"),
    ("tmdb:person/638", "WROTE", "tmdb:949"),
]


def lay_tables(folder: Path, **changes: str) -> Path:
    """Write the two tables, as they are published: with JSON in their columns."""
    folder.mkdir(exist_ok=True)
    film = {**HEAT, "keywords": HEAT["keywords"]["keywords"]}
    credits = {"movie_id": film.pop("id"), "title": "Heat", **film.pop("credits")}
    movies = {
        "id": credits["movie_id"],
        **{k: v for k, v in film.items() if k not in ("imdb_id", "poster_path")},
    }
    for name, row in (("movies", movies), ("credits", credits)):
        cells = {k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()}
        with (folder / f"tmdb_5000_{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, cells)
            writer.writeheader()
            writer.writerow(cells | {k: v for k, v in changes.items() if k in cells})
    return folder


def lay_api(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "949.json").write_text(json.dumps(HEAT))
    picture(folder / "heat.png")
    return folder


@pytest.mark.parametrize("lay", [lay_tables, lay_api])
def test_tables_and_api_lead_to_the_same_graph(lay, tmp_path: Path, bring, graph: Graph) -> None:
    source = Tmdb(lay(tmp_path / "tmdb"))
    report = bring(source)
    assert (report.rejected, report.warnings) == (0, [])
    assert [tuple(row.values()) for row in graph.read(FACTS)] == EXPECTED
    (row,) = graph.read("MATCH (m:Movie) RETURN m {.*} AS m")
    expected = {"title": "Heat", "year": 1995, "runtime": 170, "budget": 60_000_000, "tmdb_rating": 7.9}
    assert {**expected, "tmdb_popularity": 41.5}.items() <= row["m"].items()
    assert "revenue" not in row["m"]
    assert row["m"].get("imdb_id") == ("tt0113277" if lay is lay_api else None)
    role = graph.read("MATCH ({name: 'Al Pacino'})-[r:ACTED_IN]->() RETURN r.characters AS c")
    assert role == [{"c": ["Vincent Hanna"]}]
    media = graph.read("MATCH (m:Media)-[r]->(:Movie) RETURN type(r) AS type ORDER BY type")
    assert [m["type"] for m in media] == (["POSTER_OF"] if lay is lay_api else []) + ["TEXT_OF"]
    again = bring(Tmdb(tmp_path / "tmdb"))
    assert (again.total.created, again.total.updated) == (0, 0)


def test_lists_and_lines_of_films(tmp_path: Path) -> None:
    films = [{**HEAT, "id": number} for number in (1, 2)]
    (tmp_path / "search.json").write_text(json.dumps({"page": 1, "results": films}))
    (tmp_path / "all.jsonl").write_text(
        "".join(json.dumps({**film, "id": film["id"] + 2}) + "\n" for film in films)
    )
    found = {node.id for node in accepted(Tmdb(tmp_path).nodes()) if node.label == "Movie"}
    assert found == {f"tmdb:{number}" for number in (1, 2, 3, 4)}


def test_linked_films_are_items_of_the_catalogue(tmp_path: Path) -> None:
    links = tmp_path / "links.csv"
    links.write_text("movieId,tmdbId\n6,949\n")
    api = lay_api(tmp_path / "tmdb")
    (api / "1.json").write_text(json.dumps({**HEAT, "id": 1}))
    source = Tmdb(api, links=links)
    assert {node.id for node in accepted(source.nodes()) if node.label == "Movie"} == {"6"}
    media = list(accepted(source.media()))
    assert {(type(medium), medium.of.id) for medium in media} == {(MediaText, "6"), (MediaFile, "6")}


@pytest.mark.parametrize(
    ("changes", "table", "field", "reason"),
    [
        ({"genres": "[{"}, "movies", "genres", "no JSON"),
        ({"genres": "[1]"}, "movies", "genres", "a list of objects is wanted here"),
        ({"release_date": "95"}, "movies", "release_date", "no year"),
        ({"budget": "a lot"}, "movies", "budget", "no number"),
        ({"cast": '[{"name": "Al Pacino"}]'}, "credits", "cast", "a person without an id"),
        ({"crew": '[{"id": 1, "job": "Director"}]'}, "credits", "name", "empty"),
        ({"movie_id": ""}, "credits", "id", "empty"),
    ],
)
def test_a_bad_row_costs_itself(tmp_path: Path, changes: dict, table: str, field: str, reason: str) -> None:
    things = read(Tmdb(lay_tables(tmp_path / "tmdb", **changes)))
    rejects = [(r.file, r.line, r.field, r.reason) for r in things if isinstance(r, Reject)]
    assert rejects == [(f"tmdb_5000_{table}.csv", 2, field, reason)]


def test_json_that_is_torn_is_told(tmp_path: Path) -> None:
    api = lay_api(tmp_path / "tmdb")
    (api / "torn.json").write_text('{"id": 5')
    rejects = [thing for thing in read(Tmdb(api)) if isinstance(thing, Reject)]
    assert [(reject.file, reject.reason) for reject in rejects] == [("torn.json", "no JSON")]


def test_a_gzipped_film_and_one_that_is_cut_off(tmp_path: Path) -> None:
    packed = gzip.compress(json.dumps(HEAT).encode())
    (tmp_path / "949.json.gz").write_bytes(packed)
    (tmp_path / "950.json.gz").write_bytes(packed[:-9])
    things = read(Tmdb(tmp_path))
    assert [thing.id for thing in things if isinstance(thing, Node) and thing.label == "Movie"] == [
        "tmdb:949"
    ]
    (reject,) = [thing for thing in things if isinstance(thing, Reject)]
    assert reject.file == "950.json.gz"
    assert "cannot be unpacked" in reject.reason


def test_json_that_unpacks_to_too_much_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.tmdb.MAX_JSON", 1 << 20)
    (tmp_path / "949.json").write_text(json.dumps(HEAT))
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(b" " * (1 << 22)))
    rejects = [thing for thing in read(Tmdb(tmp_path)) if isinstance(thing, Reject)]
    assert [(reject.file, reject.reason[:16]) for reject in rejects] == [("bomb.json.gz", "larger than 1 MB")]


def test_other_tables_in_the_folder_do_not_matter(tmp_path: Path) -> None:
    folder = lay_tables(tmp_path / "tmdb")
    (folder / "empty.csv").write_text("")
    (folder / "notes.csv").write_text("a,b\n1,2\n")
    names = {path.name for path in Tmdb(folder).files()}
    assert names == {"tmdb_5000_movies.csv", "tmdb_5000_credits.csv"}


@pytest.mark.parametrize("poster", ["/../outside.png", "/" + "a" * 5000, "/nowhere.png", ""])
def test_a_poster_is_read_only_where_it_lies_in_the_folder(tmp_path: Path, poster: str) -> None:
    picture(tmp_path / "outside.png")
    folder = tmp_path / "tmdb"
    folder.mkdir()
    (folder / "949.json").write_text(json.dumps({**HEAT, "poster_path": poster}))
    assert [type(medium) for medium in Tmdb(folder).media()] == [MediaText]


def test_nothing_of_tmdb(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"name": "x"}')
    with pytest.raises(InputError, match="the folder holds no film of TMDB"):
        Tmdb(tmp_path)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "job"]), inner)
    ),
    max_leaves=8,
)


@given(st.sampled_from([*HEAT, "cast", "crew"]), VALUES)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_a_field_is_taken_or_rejected(tmp_path: Path, field: str, value: object) -> None:
    film = {**HEAT, "title": "Heat"}
    if field in ("cast", "crew"):
        film["credits"] = {**HEAT["credits"], field: value}
    else:
        film[field] = value
    (tmp_path / "a.json").write_text(json.dumps(HEAT))
    (tmp_path / "b.json").write_text(json.dumps(film))
    assert all(isinstance(t, (Node, Relation, Reject, MediaText, MediaFile)) for t in read(Tmdb(tmp_path)))


@given(st.binary(max_size=200))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_a_table_is_taken_or_rejected(tmp_path: Path, junk: bytes) -> None:
    folder = lay_tables(tmp_path / "tmdb")
    with (folder / "tmdb_5000_credits.csv").open("ab") as file:
        file.write(junk)
    assert read(Tmdb(folder))


def read(source: Tmdb) -> list[object]:
    return [*source.nodes(), *source.media(), *source.relations()]
