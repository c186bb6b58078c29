"""IMDb's files into the real graph, and whatever else may stand in them."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.imdb import COLUMNS, Imdb
from ingest.source import accepted
from kg import Graph
from kg.model import Node, Reject, Relation
from mmkg.errors import InputError

BASICS = """tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\t\
startYear\tendYear\truntimeMinutes\tgenres
tt0113277\tmovie\tHeat\tHeat\t0\t1995\t\\N\t170\tCrime,Drama
tt0060196\tmovie\tThe Good, the Bad and the Ugly\tIl buono, il brutto, il cattivo\t0\t1966\t\\N\t161\tWestern
tt0944947\ttvSeries\tGame of Thrones\tGame of Thrones\t0\t2011\t2019\t60\tDrama
tt9999999\tmovie\tNobody "Saw" It\tNobody "Saw" It\t0\t\\N\t\\N\t\\N\t\\N
"""
PRINCIPALS = """tconst\tordering\tnconst\tcategory\tjob\tcharacters
tt0113277\t1\tnm0000199\tactor\t\\N\t["Lt. Vincent Hanna"]
tt0113277\t2\tnm0000520\tdirector\t\\N\t\\N
tt0113277\t3\tnm0000520\twriter\twritten by\t\\N
tt0113277\t4\tnm0005683\tcinematographer\t\\N\t\\N
tt0060196\t1\tnm0001553\tcomposer\t\\N\t\\N
tt0944947\t1\tnm3592338\tactress\t\\N\t\\N
tt9999999\t1\tnm0000001\tarchive_footage\t\\N\t\\N
"""
NAMES = """nconst\tprimaryName\tbirthYear\tdeathYear\tprimaryProfession\tknownForTitles
nm0000199\tAl Pacino\t1940\t\\N\tactor\ttt0113277
nm0000520\tMichael Mann\t1943\t\\N\tdirector\ttt0113277
nm0001553\tEnnio Morricone\t1928\t2020\tcomposer\ttt0060196
nm3592338\tEmilia Clarke\t1986\t\\N\tactress\ttt0944947
"""
RATINGS = (
    "tconst\taverageRating\tnumVotes\ntt0113277\t8.3\t700000\ntt0060196\t8.8\t800000\ntt9999999\t5.0\t7\n"
)
TABLES = dict(zip(COLUMNS, (BASICS, PRINCIPALS, NAMES, RATINGS), strict=True))
FACTS = """
MATCH (p:Person)-[r]->(m:Movie) RETURN p.id AS person, p.name AS name, type(r) AS type, m.id AS film,
       r.characters AS characters ORDER BY film, type, person
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "imdb"
    folder.mkdir()
    for name, text in TABLES.items():
        (folder / f"{name}.tsv.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def test_films_people_and_facts_reach_the_graph(folder: Path, bring, graph: Graph) -> None:
    report = bring(Imdb(folder))
    assert (report.rejected, report.warnings) == (0, [])
    heat = graph.read("MATCH (m:Movie {id: 'tt0113277'}) RETURN m {.*} AS m")[0]["m"]
    expected = {"title": "Heat", "year": 1995, "runtime": 170, "imdb_id": "tt0113277", "imdb_rating": 8.3}
    assert expected.items() <= heat.items()
    assert "original_title" not in heat
    ugly = graph.read("MATCH (m:Movie {id: 'tt0060196'}) RETURN m.original_title AS t, m.imdb_votes AS v")
    assert ugly == [{"t": "Il buono, il brutto, il cattivo", "v": 800_000}]
    assert graph.read("MATCH (m:Movie) RETURN count(*) AS films") == [{"films": 3}]
    assert [tuple(row.values()) for row in graph.read(FACTS)] == [
        ("nm0001553", "Ennio Morricone", "COMPOSED", "tt0060196", None),
        ("nm0000199", "Al Pacino", "ACTED_IN", "tt0113277", ["Lt. Vincent Hanna"]),
        ("nm0000520", "Michael Mann", "DIRECTED", "tt0113277", None),
        ("nm0005683", None, "SHOT", "tt0113277", None),
        ("nm0000520", "Michael Mann", "WROTE", "tt0113277", None),
    ]
    assert graph.read("MATCH (p {id: 'nm0001553'}) RETURN p.death_year AS year") == [{"year": 2020}]
    again = bring(Imdb(folder))
    assert (again.total.created, again.total.updated) == (0, 0)


def test_linked_films_are_items_of_the_catalogue(folder: Path, tmp_path: Path) -> None:
    links = tmp_path / "links.csv"
    links.write_text("movieId,imdbId\n6,113277\n")
    source = Imdb(folder, links=links)
    films = [n for n in accepted(source.nodes()) if n.label == "Movie"]
    assert {film.id for film in films} == {"6"}
    assert {r.end.id for r in accepted(source.relations()) if r.type == "DIRECTED"} == {"6"}
    assert links in list(source.files())


@pytest.mark.parametrize(
    ("options", "films"),
    [
        ({"min_votes": 100}, {"tt0113277", "tt0060196"}),
        ({"title_type": "tvSeries, movie"}, {"tt0113277", "tt0060196", "tt0944947", "tt9999999"}),
        ({"title_type": "short"}, set()),
    ],
)
def test_which_films_are_taken(folder: Path, options: dict, films: set[str]) -> None:
    source = Imdb(folder, **options)
    found = {node.id for node in accepted(source.nodes()) if node.label == "Movie"}
    assert found == films
    assert any("no film was taken" in warning for warning in source.warnings()) is (not films)


def test_titles_alone_are_enough(tmp_path: Path) -> None:
    (tmp_path / "title.basics.tsv").write_text(BASICS)
    assert len([node for node in Imdb(tmp_path).nodes() if node.label == "Movie"]) == 3


@pytest.mark.parametrize(
    ("table", "row", "field", "reason"),
    [
        ("title.basics", "x1\tmovie\tA\tA\t0\t1995\t\\N\t\\N\t\\N", "tconst", "no id of IMDb"),
        ("title.basics", "tt1\tmovie\tA\tA\t0\t95\t\\N\t\\N\t\\N", "startYear", "no year"),
        ("title.basics", "tt1\tmovie\tA", "", "3 fields instead of 9"),
        ("title.principals", "tt0113277\t9\tnobody\tactor\t\\N\t\\N", "nconst", "no id of IMDb"),
        ("title.principals", 'tt0113277\t9\tnm1\tactor\t\\N\t["a"', "characters", "no JSON list of texts"),
        ("name.basics", "nm0000199\t\\N\t\\N\t\\N\t\\N\t\\N", "primaryName", "empty"),
        ("title.ratings", "tt0113277\tgreat\t1", "averageRating", "no number"),
    ],
)
def test_a_bad_row_costs_itself(folder: Path, table: str, row: str, field: str, reason: str) -> None:
    good = _read(Imdb(folder))
    (folder / f"{table}.tsv.gz").unlink()
    (folder / f"{table}.tsv").write_text(f"{TABLES[table]}{row}\n")
    things = _read(Imdb(folder))
    rejects = [thing for thing in things if isinstance(thing, Reject)]
    assert [(r.file, r.line, r.field, r.reason) for r in rejects] == [
        (f"{table}.tsv", TABLES[table].count("\n") + 1, field, reason)
    ]
    assert [thing for thing in things if not isinstance(thing, Reject)] == good


def test_a_table_that_is_cut_off_is_read_as_far_as_it_goes(folder: Path) -> None:
    path = folder / "title.principals.tsv.gz"
    path.write_bytes(path.read_bytes()[:-8])
    (reject,) = [thing for thing in _read(Imdb(folder)) if isinstance(thing, Reject)]
    assert reject.file == path.name
    assert "cannot be unpacked" in reject.reason


def test_a_missing_column_ends_it_before_anything_is_written(folder: Path) -> None:
    (folder / "name.basics.tsv.gz").unlink()
    (folder / "name.basics.tsv").write_text("nconst\tname\n")
    with pytest.raises(InputError, match="primaryName"):
        Imdb(folder)


@given(st.sampled_from(list(COLUMNS)), st.binary(max_size=60), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_a_file_is_taken_or_rejected(
    tmp_path: Path, table: str, junk: bytes, data: st.DataObject
) -> None:
    for name, text in TABLES.items():
        content = text.encode()
        if name == table:
            at = data.draw(st.integers(content.index(b"\n") + 1, len(content)))
            content = content[:at] + junk + content[at + data.draw(st.integers(0, 20)) :]
        (tmp_path / f"{name}.tsv").write_bytes(content)
    assert all(isinstance(thing, (Node, Relation, Reject)) for thing in _read(Imdb(tmp_path)))


def _read(source: Imdb) -> list[object]:
    return [*source.nodes(), *source.media(), *source.relations()]
