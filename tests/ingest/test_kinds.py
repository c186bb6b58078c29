"""The table of kinds: its entries keep their promises, and `auto` takes each folder for what it is."""

import inspect
from collections import defaultdict
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import cli
from ingest.command import own_options, run
from ingest.imdb import COLUMNS
from ingest.kinds import AUTO, KINDS, _load, all_options, kind_named, recognise
from kg import Graph
from mmkg.errors import InputError, UsageError
from mmkg.settings import Settings

BASICS = COLUMNS["title.basics"]
EXAMPLES: dict[str, list[dict[str, str]]] = {
    "catalogue": [
        {"movies.csv": "id,title\n1,Heat\n"},
        {"movies.jsonl": '{"item_id": 1, "title": "Heat"}\n'},
    ],
    "recbole": [
        {"x.inter": "user_id:token\titem_id:token\n", "x.item": "item_id:token\tmovie_title:token\n"}
    ],
    "export": [
        {
            "mmkg-export.json": '{"version": 1, "format": "rdf", "nodes": 0, "relations": 0, "media": null,'
            ' "files": {}}'
        }
    ],
    "movielens": [
        {"u.data": "", "u.item": ""},
        {"ratings.dat": "1::1::5::1\n", "movies.dat": "1::Heat (1995)::Crime\n"},
        {"ratings.csv": "userId,movieId,rating,timestamp\n", "movies.csv": "movieId,title,genres\n"},
    ],
    "tmdb": [
        {"tmdb_5000_movies.csv": "id,title,original_title,overview,release_date,genres\n"},
        {"tmdb_5000_credits.csv": "movie_id,title,cast,crew\n"},
        {"949.json": '{"id": 949, "title": "Heat", "original_title": "Heat"}', "torn.json": "{"},
        {"films.jsonl": '{"id": 949, "title": "Heat", "original_title": "Heat"}\n'},
    ],
    "triples": [
        {"kg_final.txt": "0 1 2\n", "train.txt": "0 0 1\n", "test.txt": ""},
        {"kg_final.txt": "0\t1\t2\n", "ratings_final.txt": "0\t0\t1\n"},
        {"kg.txt": "1\tfilm.film.genre\t2\n", "item_index2entity_id.txt": "1\t1\n", "ratings.dat": ""},
    ],
    "rdf": [
        {"a.nt": "", "b.ttl": ""},
        {"a.nq.gz": "", "b.TRIG": ""},
    ],
    "web": [
        {"Heat.html": "", "Heat.jpg": ""},
        {"a.warc.gz": "", "b.htm": ""},
        {"crawl.warc.gz": ""},
    ],
    "imdb": [{"title.basics.tsv": "\t".join(BASICS) + "\n"}],
}
"""Of each kind, the files of folders that are of it and of no other."""
FOLDERS = [(kind, files) for kind, examples in EXAMPLES.items() for files in examples]


def lay(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_an_entry_keeps_its_promises(kind, tmp_path: Path) -> None:
    parameters = inspect.signature(_load(kind.opens)).parameters
    assert {option.name for option in kind.options} <= set(parameters)
    assert not kind.fits(tmp_path)
    assert kind.looks_for
    assert kind.summary.endswith(".")


def test_an_option_means_the_same_in_every_kind() -> None:
    types = defaultdict(set)
    for kind in KINDS.values():
        for option in kind.options:
            types[option.name].add(option.type)
    assert all(len(found) == 1 for found in types.values())
    assert {option.name for option in all_options()} == set(types)


@pytest.mark.parametrize(("kind", "files"), FOLDERS)
def test_a_folder_is_taken_for_what_it_is(kind: str, files: dict[str, str], tmp_path: Path) -> None:
    assert recognise(lay(tmp_path, files)).name == kind


def test_nothing_fits(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_bytes(b"\xff\0")
    with pytest.raises(InputError) as caught:
        recognise(tmp_path)
    for kind in KINDS.values():
        assert kind.looks_for in str(caught.value)
    with pytest.raises(InputError, match="no such file or folder"):
        recognise(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no kind of source fits"):
        recognise("ftp://films.example/")


def test_more_than_one_fits(tmp_path: Path) -> None:
    lay(tmp_path, {**EXAMPLES["catalogue"][0], **EXAMPLES["recbole"][0]})
    with pytest.raises(InputError, match=r"more than one kind of source fits: catalogue, recbole.*Say which"):
        recognise(tmp_path)


def test_unknown_kinds_and_foreign_options() -> None:
    with pytest.raises(UsageError, match=r"'imbd'.*Known: auto, catalogue"):
        kind_named("imbd")
    with pytest.raises(UsageError, match="--split is for recbole, not for movielens"):
        own_options(KINDS["movielens"], {"split": Path()})
    assert own_options(KINDS["movielens"], {"split": None, "min_rating": 4.0}) == {}
    assert own_options(KINDS["movielens"], {"min_rating": 3.0}) == {"min_rating": 3.0}


def test_the_help_lists_every_kind() -> None:
    shown = CliRunner().invoke(cli, ["ingest", "--help"]).output
    assert all(f"\n  {name} " in shown for name in (AUTO, *KINDS))


def test_auto_says_what_it_took_the_folder_for(
    catalogue: Path, graph: Graph, settings: Settings, tmp_path: Path
) -> None:
    said: list[str] = []
    report = run(AUTO, catalogue, settings, rejects=tmp_path / "r.jsonl", log=said.append, min_rating=None)
    assert said == [f"{catalogue} is taken for catalogue: {KINDS['catalogue'].summary}"]
    again = run("catalogue", catalogue, settings, rejects=tmp_path / "r.jsonl")
    assert again.import_id == report.import_id
    assert (again.total.created, again.total.updated) == (0, 0)
