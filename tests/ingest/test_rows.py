import gc
import gzip
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.lines import open_any
from ingest.rows import FieldError, Row, header, parsed, read_any, read_jsonl, read_split, read_table
from kg.model import Origin, Reject
from mmkg.errors import InputError


def rows_of(path: Path, content: str | bytes, read=read_table, **options):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows = list(read(path, **options))
    good = [dict(row.values) for row in rows if isinstance(row, Row)]
    return good, [(row.line, row.field, row.reason) for row in rows if isinstance(row, Reject)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def test_a_table_with_all_that_csv_allows(path: Path) -> None:
    content = '\ufeffid,title\r\n1,"Three, ""two"",\none"\r\n\r\n2,Über\n3,last'
    good, bad = rows_of(path, content)
    assert good == [
        {"id": "1", "title": 'Three, "two",\none'},
        {"id": "2", "title": "Über"},
        {"id": "3", "title": "last"},
    ]
    assert bad == []


def test_tab_separated_text_has_no_quotes(path: Path) -> None:
    good, bad = rows_of(path, 'id:token\ttitle:token_seq\n1\t"Crocodile" Dundee\n', delimiter="\t")
    assert (good, bad) == ([{"id": "1", "title": '"Crocodile" Dundee'}], [])


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        (b"2,caf\xe9", "title", "no valid UTF-8"),
        (b"2,a\0b", "title", "a NUL character"),
        (b"2", "", "1 fields instead of 2"),
        (b"2,a,b", "", "3 fields instead of 2"),
        (b'2,"a"b', "", "the row cannot be read (',' expected after '\"')"),
        (b"2," + b"x" * 2_000_000, "", "the line is longer than 1048576 bytes"),
        (b"2," + b"x" * 200_000, "", "the row cannot be read (field larger than field limit (131072))"),
    ],
)
def test_a_bad_line_costs_itself_alone(path: Path, line: bytes, field: str, reason: str) -> None:
    good, bad = rows_of(path, b"id,title\n1,a\n" + line + b"\n3,c\n")
    assert [row["id"] for row in good] == ["1", "3"]
    assert bad == [(3, field, reason)]


def test_a_quote_that_nobody_closes_swallows_no_good_rows(path: Path) -> None:
    content = 'id,title\n1,"never closed\n' + "".join(f"{i},Film {i}\n" for i in range(2, 50))
    good, bad = rows_of(path, content)
    assert [row["id"] for row in good] == [str(i) for i in range(2, 50)]
    assert [line for line, _, _ in bad] == [2]


def test_a_header_that_lacks_a_column(path: Path) -> None:
    path.write_text("item,name\n")
    with pytest.raises(InputError) as caught:
        header(path, ["id", "name"])
    message = str(caught.value)
    assert "table.csv, line 1" in message
    assert "column id is missing" in message
    assert "item, name" in message


@pytest.mark.parametrize("content", [b"", b"x" * 2_000_000])
def test_no_header_at_all(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match="no header"):
        header(path)


def test_jsonl(path: Path) -> None:
    content = b'{"id": 1, "title": "Heat"}\n\n[1]\n{"id": \n{"id": "caf\xe9"}\n' + b"[" * 100_000 + b"\n"
    good, bad = rows_of(path, content, read_jsonl)
    assert good == [{"id": 1, "title": "Heat"}]
    assert [(line, reason) for line, _, reason in bad] == [
        (3, "no JSON object"),
        (4, "no JSON"),
        (5, "no valid UTF-8"),
        (6, "no JSON"),
    ]


def test_latin_1_lines_without_a_header(path: Path) -> None:
    content = "1::Misérables, Les::Drama\n".encode("latin-1")
    good, bad = rows_of(path, content, read_split, separator="::", names=("id", "title", "genres"))
    assert (good, bad) == ([{"id": "1", "title": "Misérables, Les", "genres": "Drama"}], [])


def field_error(call) -> str:
    with pytest.raises(FieldError) as caught:
        call()
    return caught.value.reason


def test_numbers() -> None:
    def row(text) -> Row:
        return Row(Origin("f", 1), {"x": text})

    assert row("4.5").number("x") == 4.5
    assert row("").number("x") is None
    assert row("1995").year("x") == 1995
    assert [row(text).year("x") for text in ("", "unknown", "V")] == [None, None, None]
    assert row("881250949.0").timestamp("x") == 881250949
    assert field_error(lambda: row("four").number("x")) == "no number"
    for text in ("nan", "inf", "-Infinity", "1e999"):
        assert field_error(lambda text=text: row(text).number("x")) == "not a finite number"
    assert field_error(lambda: row("1.5").integer("x")) == "no integer"
    assert field_error(lambda: row("95").year("x")) == "no year"
    assert field_error(lambda: row("881250949000000").timestamp("x")) == "no time in seconds since 1970"
    assert field_error(lambda: row(" ").required("x")) == "empty"
    assert field_error(lambda: row("\ud800").required("x")) == "no valid Unicode"
    assert field_error(lambda: row({"a": 1}).text("x")) == "a text is wanted here"


def test_lists() -> None:
    assert Row(Origin("f", 1), {"x": "a| b ||a"}).list("x") == ["a", "b"]
    assert Row(Origin("f", 1), {"x": ["a", 1]}).list("x") == ["a", "1"]
    assert field_error(lambda: Row(Origin("f", 1), {"x": [{}]}).list("x")) == "a list of texts is wanted here"


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=300), jsonl=st.booleans())
def test_every_row_is_accepted_or_rejected(tmp_path_factory, content: bytes, jsonl: bool) -> None:
    path = tmp_path_factory.getbasetemp() / f"fuzzed.{'jsonl' if jsonl else 'csv'}"
    path.write_bytes(b"id,rating\n" + content)

    def parse(row: Row):
        return row.required("id"), row.number("rating"), row.list("id")

    for thing in parsed(read_any(path), parse):
        if isinstance(thing, Reject):
            assert thing.reason
            assert 1 <= thing.line <= 2 + content.count(b"\n")
        else:
            thing[0].encode()


def test_a_gzipped_table_is_a_table(path: Path) -> None:
    good, bad = rows_of(path, gzip.compress(b"id,title\n1,Heat\n2,Ronin\n"))
    assert (good, bad) == ([{"id": "1", "title": "Heat"}, {"id": "2", "title": "Ronin"}], [])


def test_what_is_left_of_a_gzipped_table_is_read(path: Path) -> None:
    packed = gzip.compress(b"id,title\n" + b"".join(b"%d,%d\n" % (i, i * 7919) for i in range(20_000)))
    good, bad = rows_of(path, packed[: len(packed) // 2])
    assert 100 < len(good) < 20_000
    assert good == [{"id": str(i), "title": str(i * 7919)} for i in range(len(good))]
    assert len(bad) == 1 or (len(bad) == 2 and "fields" in bad[0][2])
    assert "cannot be unpacked" in bad[-1][2]


@given(st.integers(0, 60), st.binary(min_size=1, max_size=4))
@settings(deadline=None)
def test_a_damaged_gzip_never_raises(tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes) -> None:
    packed = gzip.compress(b"id,title\n1,Heat\n2,Ronin\n", mtime=0)
    path = tmp_path_factory.mktemp("damaged") / "table.jsonl.gz"
    path.write_bytes(packed[:at] + junk + packed[at:])
    assert all(isinstance(row, (Row, Reject)) for row in read_any(path))


def test_a_gzipped_file_is_closed_after_reading(path: Path) -> None:
    path.write_bytes(gzip.compress(b"id,title\n1,Heat\n"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        with open_any(path) as file:
            assert file.read() == b"id,title\n1,Heat\n"
        del file
        gc.collect()
    assert not [warning for warning in caught if str(path) in str(warning.message)]


def test_a_header_that_csv_cannot_read_is_an_input_error(path: Path) -> None:
    path.write_bytes(b"id,ti\rtle\n1,Heat\n")
    with pytest.raises(InputError, match="the header cannot be read"):
        header(path)
