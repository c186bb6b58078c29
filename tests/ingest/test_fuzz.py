"""Whatever stands in the files of a source, each row is taken or rejected: nothing crashes, nothing is torn.

The readers of IMDb, TMDB, triples, RDF and the web are fuzzed beside their own tests.
"""

import gzip
from functools import cache
from pathlib import Path

import pytest
from crawled import lay_crawl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.kinds import KINDS
from ingest.source import MediaFile, MediaText
from kg import Graph
from kg.model import Node, Reject, Relation
from mmkg.errors import InputError

SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
"""Each example overwrites the files of the one before."""

SOURCES: dict[str, tuple[str, dict[str, str]]] = {
    "catalogue": (
        "catalogue",
        {
            "movies.csv": 'id,title,year,genres,cast,poster,Note\n1,Heat,1995,Crime,p1|Al,../x.jpg,"a,b"\n',
            "people.csv": "id,name\np1,Al Pacino\n",
            "clicks.csv": "user,item,rating,at,split\na,1,5,100,train\nb,2,,,\n",
            "triples.csv": "head,relation,tail,head_type,tail_type\n1,set in,LA,Movie,Place\n",
        },
    ),
    "catalogue in JSONL": (
        "catalogue",
        {
            "movies.jsonl": '{"id": 1, "title": "Heat", "year": 1995, "genres": ["Crime"], "plot": "."}\n',
            "clicks.jsonl": '{"user": "a", "item": 1, "rating": 4.5, "at": 100}\n',
        },
    ),
    "recbole": (
        "recbole",
        {
            "x.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t1\t5\t100\n",
            "x.item": "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
            "1\tHeat\t1995\tCrime\n",
            "x.user": "user_id:token\tage:token\n1\t24\n",
            "x.kg": "head_id:token\trelation_id:token\ttail_id:token\nm.1\tfilm.film.actor\tm.2\n",
            "x.link": "item_id:token\tentity_id:token\n1\tm.1\n",
        },
    ),
    "MovieLens 100K": (
        "movielens",
        {
            "u.data": "1\t1\t5\t100\n",
            "u.item": f"1|Heat (1995)|15-Dec-1995||http://imdb.com/|{'|'.join('01' + '0' * 17)}\n",
            "u.user": "1|24|M|technician|85711\n",
        },
    ),
    "MovieLens 1M": (
        "movielens",
        {
            "ratings.dat": "1::1::5::100\n",
            "movies.dat": "1::Heat (1995)::Crime|Drama\n",
            "users.dat": "1::F::1::10::48067\n",
            "tags.dat": "1::1::heist::100\n",
        },
    ),
    "MovieLens in CSV": (
        "movielens",
        {
            "ratings.csv": "userId,movieId,rating,timestamp\n1,1,4.5,100\n",
            "movies.csv": 'movieId,title,genres\n1,"Heat (1995)",Crime\n',
            "links.csv": "movieId,imdbId,tmdbId\n1,0113277,949\n",
            "tags.csv": "userId,movieId,tag,timestamp\n1,1,heist,100\n",
        },
    ),
}
"""By name, the kind of a source and its files."""
PARTS = st.sampled_from(
    [b"\0", b"\xff", b"\r", b'"', b"\n", b"\t", b",", b"|", b"::", b"{", b"\xef\xbb\xbf", b"1e999", b"-1"]
)
JUNK = st.binary(max_size=30) | st.lists(PARTS, max_size=6).map(b"".join)


def damage(folder: Path, files: dict[str, str], data: st.DataObject) -> None:
    """Write the files, one of them with something cut out and junk put in, perhaps gzipped."""
    folder.mkdir(exist_ok=True)
    chosen = data.draw(st.sampled_from(sorted(files)))
    for name, text in files.items():
        content = text.encode()
        if name == chosen:
            at = data.draw(st.integers(0, len(content)))
            content = content[:at] + data.draw(JUNK) + content[at + data.draw(st.integers(0, 20)) :]
            if data.draw(st.integers(0, 9)) == 0:
                content = gzip.compress(content)[: data.draw(st.integers(1, 200))]
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("name", SOURCES)
@given(data=st.data())
@settings(max_examples=40, **SLOW)
def test_a_reader_takes_or_rejects(name: str, tmp_path: Path, data: st.DataObject) -> None:
    kind, files = SOURCES[name]
    damage(tmp_path / "source", files, data)
    KINDS[kind].fits(tmp_path / "source")
    try:
        source = KINDS[kind].open(tmp_path / "source")
    except InputError as error:
        assert error.where.startswith(str(tmp_path))  # noqa: PT017
        return
    things = [*source.nodes(), *source.media(), *source.relations()]
    assert all(isinstance(thing, (Node, Relation, MediaFile, MediaText, Reject)) for thing in things)


@given(data=st.data())
@settings(max_examples=8, **SLOW)
def test_what_is_taken_is_whole_in_the_graph(
    tmp_path: Path, bring, graph: Graph, data: st.DataObject
) -> None:
    kind, files = SOURCES[data.draw(st.sampled_from(sorted(SOURCES)))]
    damage(tmp_path / "source", files, data)
    try:
        source = KINDS[kind].open(tmp_path / "source")
    except InputError:
        return
    first = bring(source)
    again = bring(KINDS[kind].open(tmp_path / "source"))
    assert (again.total.created, again.total.updated) == (0, 0)
    assert again.rejected == first.rejected
    (row,) = graph.read("MATCH (n) WHERE n.imports IS NOT NULL AND n.origins IS NULL RETURN count(*) AS torn")
    assert row == {"torn": 0}


@cache
def whole_crawl(folder: Path) -> dict[str, bytes]:
    """The archive and the list of posters, made once: an archive has a time in it."""
    lay_crawl(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@given(data=st.data())
@settings(max_examples=30, **SLOW)
def test_the_folder_of_a_crawl_is_taken_or_rejected(tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "crawl"
    for name, content in whole_crawl(folder).items():
        (folder / name).write_bytes(content)
    path = folder / data.draw(st.sampled_from(sorted(whole_crawl(folder))))
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:at] + data.draw(JUNK) + content[at + data.draw(st.integers(0, 20)) :])
    try:
        source = KINDS["crawl"].open(folder)
        things = [*source.nodes(), *source.media(), *source.relations()]
    except InputError as error:
        assert error.where.startswith(str(tmp_path))  # noqa: PT017
        return
    assert all(isinstance(thing, (Node, Relation, MediaFile, MediaText, Reject)) for thing in things)


def test_a_list_of_posters_in_another_encoding_is_an_input_error(tmp_path: Path) -> None:
    lay_crawl(tmp_path)
    (tmp_path / "posters.jsonl").write_bytes(b"\x80")
    with pytest.raises(InputError, match=r"posters\.jsonl, line 1"):
        KINDS["crawl"].open(tmp_path)
