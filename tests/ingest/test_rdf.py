"""RDF as a source: what the vocabulary makes of triples, what ties films to the catalogue, and bad input."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.kinds import recognise
from ingest.rdf import Rdf
from ingest.rdf_files import Fact, read_facts
from ingest.source import MediaText
from ingest.vocabulary import Vocabulary
from kg import Graph
from kg.model import Node, Reject, Relation
from mmkg.errors import InputError, UsageError

SHARED = Path(__file__).parents[3] / "shared" / "data" / "ml-100k"
DBR, DBO = "http://dbpedia.org/resource/", "http://dbpedia.org/ontology/"
WD, WDT = "http://www.wikidata.org/entity/", "http://www.wikidata.org/prop/direct/"
LABEL, TYPE = "http://www.w3.org/2000/01/rdf-schema#label", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
DBPEDIA = f"""\
<{DBR}Heat_(1995_film)> <http://purl.org/dc/terms/identifier> "1" .
<{DBR}Heat_(1995_film)> <{LABEL}> "Heat (Film)"@de .
<{DBR}Heat_(1995_film)> <{LABEL}> "Heat (1995 film)"@en .
<{DBR}Heat_(1995_film)> <{DBO}abstract> "Ein Dieb."@de .
<{DBR}Heat_(1995_film)> <{DBO}abstract> "A thief and\\na policeman."@en .
<{DBR}Heat_(1995_film)> <{DBO}runtime> "10200.0"^^<http://www.w3.org/2001/XMLSchema#double> .
<{DBR}Heat_(1995_film)> <{DBO}starring> <{DBR}John_Wood_(English_actor)> .
<{DBR}Heat_(1995_film)> <{DBO}starring> <{DBR}Ren%C3%A9e> .
<{DBR}Heat_(1995_film)> <{DBO}starring> _:somebody .
<{DBR}Heat_(1995_film)> <{DBO}language> "English"@en .
<{DBR}Heat_(1995_film)> <{DBO}distributor> <{DBR}Warner_Bros.> .
<{DBR}Ren%C3%A9e> <{LABEL}> "Ren\\u00e9e Zellweger"@en .
<{DBR}Ren%C3%A9e> <{DBO}abstract> "An actress."@en .
<{DBR}Ronin_(film)> <{DBO}director> <{DBR}John_Frankenheimer> .
<{DBR}A_song> <{DBO}writer> <{DBR}A_songwriter> .
# the end
"""
WIKIDATA = f"""\
@prefix wd: <{WD}> .
@prefix wdt: <{WDT}> .
wd:Q42198 wdt:P31 wd:Q11424 ; wdt:P345 "tt0113277" ; wdt:P57 wd:Q2263 ; wdt:P272 wd:Q1 ;
  wdt:P577 "1995-12-15T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> ; <{LABEL}> "Heat"@mul .
wd:Q2263 wdt:P31 wd:Q5 ; wdt:P345 "nm0000520" ; <{LABEL}> "Michael Mann"@en-ca .
"""


def lay(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def stated(source: Rdf) -> dict[str, dict[str, object]]:
    """Return the properties of each node, the first value of each as the graph takes it."""
    nodes: dict[str, dict[str, object]] = {}
    for node in source.nodes():
        assert isinstance(node, Node), node
        known = nodes.setdefault(node.id, {"label": node.label})
        assert known["label"] == node.label
        for name, value in node.properties.items():
            known.setdefault(name, value)
    return nodes


def facts(source: Rdf) -> set[tuple[str, str, str]]:
    return {(r.start.id, r.type, r.end.id) for r in source.relations() if isinstance(r, Relation)}


def rejects(source: Rdf) -> list[Reject]:
    return [
        each for each in (*source.nodes(), *source.media(), *source.relations()) if isinstance(each, Reject)
    ]


def test_dbpedia(tmp_path: Path) -> None:
    source = Rdf(lay(tmp_path, films__nt=DBPEDIA))
    assert stated(source) == {
        "1": {
            "label": "Movie",
            "dbpedia_id": "Heat_(1995_film)",
            "title": "Heat",
            "plot": "A thief and a policeman.",
            "runtime": 170,
        },
        "dbpedia:Ronin_(film)": {"label": "Film", "name": "Ronin"},
        "dbpedia:John_Wood_(English_actor)": {"label": "Person", "name": "John Wood"},
        "dbpedia:Renée": {"label": "Person", "name": "Renée Zellweger"},
        "dbpedia:John_Frankenheimer": {"label": "Person", "name": "John Frankenheimer"},
        "dbpedia:Warner_Bros.": {"label": "Company", "name": "Warner Bros."},
        "language:English": {"label": "Language", "name": "English"},
    }
    assert facts(source) == {
        ("dbpedia:John_Wood_(English_actor)", "ACTED_IN", "1"),
        ("dbpedia:Renée", "ACTED_IN", "1"),
        ("1", "IN_LANGUAGE", "language:English"),
        ("1", "DISTRIBUTED_BY", "dbpedia:Warner_Bros."),
        ("dbpedia:John_Frankenheimer", "DIRECTED", "dbpedia:Ronin_(film)"),
    }
    (plot,) = source.media()
    assert isinstance(plot, MediaText)
    assert (plot.of.id, plot.text, plot.origin) == ("1", "A thief and a policeman.", ("films.nt", 5))
    assert not [*source.warnings()]


def test_another_language(tmp_path: Path) -> None:
    source = Rdf(lay(tmp_path, films__nt=DBPEDIA), language="de")
    nodes = stated(source)
    assert nodes["1"]["plot"] == "Ein Dieb."
    assert nodes["dbpedia:Renée"]["name"] == "Renée"
    assert "language:English" not in nodes
    with pytest.raises(UsageError, match="no language"):
        Rdf(tmp_path, language="*")


def test_wikidata_is_tied_to_the_catalogue_by_links(tmp_path: Path) -> None:
    place = tmp_path / "films.ttl"
    place.write_text(WIKIDATA)
    nodes = stated(Rdf(place))
    assert nodes == {
        "wikidata:Q42198": {"label": "Film", "name": "Heat", "imdb_id": "tt0113277", "year": 1995},
        "wikidata:Q2263": {"label": "Person", "name": "Michael Mann", "imdb_id": "nm0000520"},
        "wikidata:Q1": {"label": "Company"},
    }
    links = tmp_path / "links.csv"
    links.write_text("movieId,imdbId\n7,0113277\n8,520\n9,x\n")
    source = Rdf(place, links=links)
    nodes = {node.id: node for node in source.nodes() if isinstance(node, Node)}
    assert nodes["7"].label == "Movie"
    assert nodes["wikidata:Q2263"].label == "Person"
    assert ("wikidata:Q2263", "DIRECTED", "7") in facts(source)
    assert [(reject.line, reject.field) for reject in rejects(source)] == [(4, "imdbId")]
    assert list(source.files()) == [place, links]


def test_a_class_tells_more_than_the_place_in_a_fact(tmp_path: Path) -> None:
    band = f"<{DBR}Queen> <{TYPE}> <{DBO}Band> .\n<{DBR}F> <{DBO}starring> <{DBR}Queen> .\n"
    assert stated(Rdf(lay(tmp_path, a__nt=band)))["dbpedia:Queen"]["label"] == "Company"


def test_the_order_of_triples_and_files_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    source = Rdf(lay(tmp_path / "one", a__nt=DBPEDIA))
    triples = DBPEDIA.splitlines(keepends=True)[::-1]
    several = {f"{number:02}.nt.gz": gzip.compress(line.encode()) for number, line in enumerate(triples)}
    for name, packed in several.items():
        (tmp_path / "many" / name).write_bytes(packed)
    reverse = Rdf(tmp_path / "many")
    assert stated(reverse) == stated(source)
    assert facts(reverse) == facts(source)
    assert recognise(tmp_path / "many").name == "rdf"


def test_a_bad_line_costs_itself(tmp_path: Path) -> None:
    good = f"<{DBR}Heat> <{DBO}starring> <{DBR}Al_Pacino> .\n"
    text = f'{good}nonsense\n\n{good} {good.strip()} {good}<{DBR}Heat> <{DBO}runtime> "long" .\n'
    text += f'<{DBR}Heat> <{LABEL}> <{DBR}Heat> .\n<{DBR}Heat> <{LABEL}> "a\\u0000" .\n{good}'
    (tmp_path / "a.nt").write_bytes(b"\xff\n\0\n" + text.encode())
    source = Rdf(tmp_path / "a.nt")
    found = [(reject.line, reject.reason.partition(" (")[0]) for reject in rejects(source)]
    assert found == [
        (1, "no valid UTF-8"),
        (2, "a NUL character"),
        (4, "no N-Triples"),
        (7, "no N-Triples"),
        (8, "no number"),
        (9, "a text or number is wanted here"),
        (10, "no valid Unicode"),
    ]
    assert facts(source) == {("dbpedia:Al_Pacino", "ACTED_IN", "dbpedia:Heat")}


@pytest.mark.parametrize(
    ("name", "content", "line", "words"),
    [
        (
            "a.ttl",
            b'<http://a/> a <http://b/> .\n<http://a/> <http://c/> "unclosed .\n<http://a/> a "',
            2,
            "rest",
        ),
        ("a.ttl", b'<http://a/> <http://c/> """' + b"x" * 17_000_000, 0, "without an end"),
        ("a.trig.gz", gzip.compress(b"<http://a/> a <http://b/> .\n" * 999)[:-9], 0, "cannot be unpacked"),
        ("a.nt.gz", gzip.compress(b"<http://a/> <http://a/> <http://b/> .\n" * 99)[:-4], 100, "unpacked"),
    ],
    ids=["error", "endless", "packed", "lines"],
)
def test_a_file_that_breaks_off_is_read_so_far(
    tmp_path: Path, name: str, content: bytes, line: int, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    *_, reject = read_facts(tmp_path / name)
    assert isinstance(reject, Reject)
    assert (reject.file, reject.line) == (name, line)
    assert words in reject.reason


def test_a_vocabulary_adds_to_ours_or_replaces_it(tmp_path: Path) -> None:
    table = tmp_path / "own.toml"
    table.write_text(
        "[prefixes]\nex = 'http://ex/'\n[classes]\n'ex:Movie' = 'Film'\n[properties]\n'ex:stars' = "
        "{name = 'stars', read = 'number'}\n[relations]\n'ex:shotIn' = {type = 'FILMED_IN', to = 'Place'}\n"
    )
    triples = f'<http://ex/1> <{TYPE}> <http://ex/Movie> .\n<http://ex/1> <http://ex/stars> "4.5" .\n'
    triples += "<http://ex/1> <http://ex/shotIn> <http://ex/LA> .\n"
    source = Rdf(lay(tmp_path, a__nt=triples), vocabulary=table)
    assert stated(source) == {"ex:1": {"label": "Film", "stars": 4.5}, "ex:LA": {"label": "Place"}}
    assert facts(source) == {("ex:1", "FILMED_IN", "ex:LA")}
    assert list(source.files())[1] == table
    assert Vocabulary.load(table).classes.keys() > Vocabulary.load().classes.keys()
    table.write_text("replaces = true\n" + table.read_text())
    assert Vocabulary.load(table).classes == {"http://ex/Movie": "Film"}
    assert [*Rdf(tmp_path / "a.nt").warnings()] == [
        "the vocabulary finds no film: --vocabulary can tell more predicates and classes"
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[classes", "no TOML"),
        ("[classes]\n'ex:A' = 'Film'", "'ex:A' has no prefix"),
        ("[classes]\n'dbo:A' = 'a film'", "'a film' is no label"),
        ("[relations]\n'dbo:a' = {type = 'acted in', to = 'Film'}", "no relation type"),
        ("[relations]\n'dbo:a' = {type = 'CLICKED', to = 'Film'}", "not for triples"),
        ("[relations]\n'dbo:a' = {type = 'A', to = 'Film', from = 'Film'}", "by `from` or by `to`"),
        ("[relations]\n'dbo:a' = {type = 'A', too = 'Film'}", "relations.dbo:a.too"),
        ("[properties]\n'dbo:a' = 'imports'", "'imports' is no property"),
        ("[identifiers]\n'dbo:a' = 'imbd'", "identifiers.dbo:a"),
        ("[prefixes]\n'a b' = 'http://a/'", "'a b' is no prefix"),
    ],
)
def test_a_vocabulary_that_makes_no_sense_says_where(tmp_path: Path, text: str, words: str) -> None:
    table = tmp_path / "own.toml"
    table.write_text(text)
    with pytest.raises(InputError) as caught:
        Vocabulary.load(table)
    assert words in str(caught.value)
    assert "own.toml" in str(caught.value)


def test_places_without_rdf(tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_text("id,title\n")
    with pytest.raises(InputError, match=r"the file is no RDF.*\*\.nt"):
        Rdf(tmp_path / "films.csv")
    with pytest.raises(InputError, match=r"the folder holds no RDF.*\*\.ttl\.gz"):
        Rdf(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        Rdf(tmp_path / "nowhere")


def test_into_the_graph_and_again(tmp_path: Path, catalogue: Path, bring, graph: Graph) -> None:
    from ingest.catalogue import Catalogue

    (tmp_path / "a.nt").write_text(DBPEDIA)
    (tmp_path / "b.nt").write_text(DBPEDIA.replace("Heat (1995 film)", "Another label"))
    bring(Catalogue(catalogue))
    source = Rdf(tmp_path)
    report = bring(source)
    assert report.rejected == 0
    (film,) = graph.read(
        "MATCH (m:Movie {id: '1'}) RETURN m.title AS title, m.plot AS plot, m.runtime AS runtime"
    )
    assert film == {"title": "Heat", "plot": "A thief and a policeman.", "runtime": 170}
    cast = graph.read("MATCH (p:Person)-[:ACTED_IN]->(:Movie {id: '1'}) RETURN p.name AS name ORDER BY name")
    assert [row["name"] for row in cast] == ["Al Pacino", "John Wood", "Renée Zellweger", "Robert De Niro"]
    again = bring(Rdf(tmp_path))
    assert again.import_id == report.import_id
    assert again.total.created == again.total.updated == 0


@pytest.mark.skipif(not (SHARED / "dbpedia.nt").is_file(), reason="needs the shared data")
def test_dbpedia_of_movielens_100k() -> None:
    source = Rdf(SHARED / "dbpedia.nt")
    nodes, films = stated(source), {film for film in source.known.films.values() if film}
    assert len(source.known.films) == len(films) == 1416
    assert len(list(source.relations())) == 14628
    assert films < nodes.keys()
    assert all(properties.get("name") or properties.get("title") for properties in nodes.values())


LINES = DBPEDIA.encode().splitlines(keepends=True)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good file in which lines are exchanged, repeated and left out, and bytes changed."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(LINES), max_size=20))))
    for position, byte in draw(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=8)):
        if data:
            data[position % len(data)] = byte
    return bytes(data[: draw(st.integers(0, 4000))])


@given(
    content=st.one_of(st.binary(max_size=300), mutated(), mutated().map(gzip.compress)),
    name=st.sampled_from(["a.nt", "a.nq.gz", "a.ttl", "a.trig.gz"]),
)
def test_whatever_the_bytes_each_statement_is_whole(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("rdf") / name
    path.write_bytes(content)
    source = Rdf(path)
    nodes = {each.id for each in source.nodes() if isinstance(each, Node)}
    for relation in source.relations():
        assert isinstance(relation, Relation)
        assert {relation.start.id, relation.end.id} <= nodes
    assert not [each for each in source.media() if isinstance(each, Reject)]
    for fact in read_facts(path):
        assert isinstance(fact, Fact) or fact.file == name
