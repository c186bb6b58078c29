"""Which film of the catalogue is which of IMDb and TMDB."""

from pathlib import Path

import pytest

from ingest.links import Links
from mmkg.errors import InputError


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "links.csv"


def test_ids_are_found_however_they_are_spelt(table: Path) -> None:
    table.write_text("movieId,imdbId,tmdbId\n1,0114709,862\n2,113497,\n3,,11860\n")
    links = Links(table)
    assert [links.item("imdb", text) for text in ("tt0114709", "114709", "tt0113497", "tt9", "x")] == [
        "1",
        "1",
        "2",
        None,
        None,
    ]
    assert (links.item("tmdb", "862"), links.item("tmdb", "11860")) == ("1", "3")


def test_our_own_table_of_films_is_one(table: Path) -> None:
    table.write_text("item_id,title,imdb_id\n7,Heat,tt0113277\n")
    assert Links(table).item("imdb", "tt0113277") == "7"


def test_a_bad_row_is_rejected_and_the_rest_is_read(table: Path) -> None:
    table.write_text("movieId,imdbId\n1,heat\n2,0113497\n,5\n")
    links = Links(table)
    assert [(reject.line, reject.field, reject.reason) for reject in links.rejects] == [
        (2, "imdbId", "no id of IMDB"),
        (4, "movieId", "empty"),
    ]
    assert links.item("imdb", "113497") == "2"


@pytest.mark.parametrize("header", ["movieId,title", "imdbId,tmdbId", "a,b"])
def test_a_table_without_the_columns_is_refused(table: Path, header: str) -> None:
    table.write_text(f"{header}\n")
    with pytest.raises(InputError, match="the columns found are"):
        Links(table)
