import gzip
import json
from pathlib import Path

import pytest

from ingest.catalogue import Catalogue
from ingest.films import Films, named
from ingest.source import MediaFile, MediaText
from kg.model import NOWHERE, Node, Ref, Reject, Relation
from mmkg.errors import InputError


def relations_of(source) -> set[tuple[str, str, str]]:
    return {(r.start.id, r.type, r.end.id) for r in source.relations() if isinstance(r, Relation)}


def rejects_of(source) -> list[tuple[str, int, str, str]]:
    things = [*source.nodes(), *source.media(), *source.relations()]
    return [thing[:4] for thing in things if isinstance(thing, Reject)]


def test_films_people_genres_and_clicks(catalogue: Path) -> None:
    source = Catalogue(catalogue)
    nodes = {node.id: node for node in source.nodes()}
    heat = {"title": "Heat", "year": 1995, "plot": "A thief and a policeman."}
    assert nodes["1"] == Node("Item", "1", "Movie", heat)
    assert nodes["2"] == Node("Item", "2", "Movie", {"title": "Ronin", "year": 1998})
    assert nodes["person:Al Pacino"] == Node("Entity", "person:Al Pacino", "Person", {"name": "Al Pacino"})
    assert {"genre:Crime", "genre:Thriller", "person:Michael Mann", "a", "b"} < set(nodes)
    found = relations_of(source)
    assert found >= {
        ("person:Robert De Niro", "ACTED_IN", "2"),
        ("person:Michael Mann", "DIRECTED", "1"),
        ("1", "HAS_GENRE", "genre:Crime"),
    }
    clicks = {triple for triple in found if triple[0] in {"a", "b"}}
    assert clicks == {("a", "CLICKED", "1"), ("a", "RATED", "2"), ("b", "CLICKED", "1")}
    media = list(source.media())
    assert media == [
        MediaText(Ref("Item", "1"), "A thief and a policeman.", media[0].origin),
        MediaFile("Poster", Ref("Item", "1"), catalogue / "media" / "1.png", media[1].origin),
    ]
    assert rejects_of(source) == []


def test_a_file_that_a_row_names_needs_no_name_of_its_own(catalogue: Path) -> None:
    media = catalogue / "media"
    for name in ("heat.png", "stray.png", "notes.txt"):
        (media / name).write_bytes((media / "1.png").read_bytes())
    (catalogue / "movies.csv").write_text("id,title,poster\n1,Heat,media/heat.png\n")
    found = [
        (each.of.id, each.path.name) for each in Catalogue(catalogue).media() if isinstance(each, MediaFile)
    ]
    # The pipeline rejects the last: no film has the id stray.
    assert found == [("1", "heat.png"), ("1", "1.png"), ("stray", "stray.png")]
    assert [reject.value for reject in Catalogue(catalogue).media() if isinstance(reject, Reject)] == [".txt"]


def test_people_have_pictures(catalogue: Path) -> None:
    (catalogue / "people.csv").write_text(
        "id,name,image\np1,Al Pacino,media/1.png\np2,Val Kilmer,\np3,Jon Voight,../voight.png\n"
    )
    source = Catalogue(catalogue)
    pictures = [
        medium for medium in source.media() if isinstance(medium, MediaFile) and medium.kind == "Still"
    ]
    assert [(each.of, each.path) for each in pictures] == [
        (Ref("Entity", "p1"), catalogue / "media" / "1.png")
    ]
    assert [(line, field, reason) for _, line, field, reason in rejects_of(source)] == [
        (4, "image", "the path leaves the folder")
    ]
    people = [node for node in source.nodes() if isinstance(node, Node) and node.id in {"p1", "p2", "p3"}]
    assert [set(person.properties) for person in people] == [{"name"}] * 3
    (catalogue / "people.csv").unlink()
    (catalogue / "people.jsonl").write_text('{"id": "p1", "name": "Al Pacino", "image": ["a.png"]}\n')
    assert [reason for *_, reason in rejects_of(Catalogue(catalogue))] == ["a text is wanted here"]


def test_jsonl_people_and_triples(tmp_path: Path) -> None:
    film = {"id": "1", "title": "Heat", "year": 1995, "cast": ["p1", "Val Kilmer"], "budget": 60.5}
    (tmp_path / "movies.jsonl").write_text(json.dumps(film) + "\n")
    (tmp_path / "people.csv").write_text("id,name,Birth Year\np1,Al Pacino,1940\n")
    (tmp_path / "triples.csv").write_text(
        "head,relation,tail,head_type,tail_type\n"
        "1,filmed in,los-angeles,Movie,Place\n"
        "1,based on,m.9,,\n"
        "p1,clicked,1,Person,Movie\n"
        "p1,!!!,1,Person,Movie\n"
        "p1,played in,1,a b,Movie\n"
    )
    source = Catalogue(tmp_path)
    nodes = {node.id: node for node in source.nodes() if isinstance(node, Node)}
    assert nodes["1"].properties == {"title": "Heat", "year": 1995, "budget": 60.5}
    assert nodes["p1"].properties in ({"name": "Al Pacino", "birth_year": "1940"}, {})
    assert (nodes["los-angeles"].label, nodes["m.9"].label) == ("Place", None)
    assert relations_of(source) == {
        ("p1", "ACTED_IN", "1"),
        ("person:Val Kilmer", "ACTED_IN", "1"),
        ("1", "FILMED_IN", "los-angeles"),
        ("1", "BASED_ON", "m.9"),
    }
    assert [(line, field) for _, line, field, _ in rejects_of(source)] == [
        (4, "relation"),
        (5, "relation"),
        (6, "head_type"),
    ]


def test_bad_rows_are_rejected_each_for_its_own_reason(catalogue: Path) -> None:
    with (catalogue / "movies.csv").open("a") as file:
        file.write("3,Old,95,,,,\n,No id,1990,,,,\n5,,1990,,,,\n1,Again,1990,,,,\n7,Good,,,,,\n")
    with (catalogue / "clicks.csv").open("a") as file:
        file.write("a,7,nan,1\na,7,x,1\na,7,4,-5\n,7,4,1\nb,7,4,1\n")
    source = Catalogue(catalogue)
    assert rejects_of(source) == [
        ("movies.csv", 4, "year", "no year"),
        ("movies.csv", 5, "id", "empty"),
        ("movies.csv", 6, "title", "empty"),
        ("movies.csv", 7, "id", "an earlier row has this id"),
        ("clicks.csv", 5, "rating", "not a finite number"),
        ("clicks.csv", 6, "rating", "no number"),
        ("clicks.csv", 7, "at", "no time in seconds since 1970"),
        ("clicks.csv", 8, "user", "empty"),
    ]
    assert {node.id for node in source.nodes() if isinstance(node, Node) and node.kind == "Item"} == {
        *("1", "2", "7")
    }
    assert ("b", "CLICKED", "7") in relations_of(source)


def test_of_a_repeated_click_the_last_by_time_stands(catalogue: Path) -> None:
    (catalogue / "clicks.csv").write_text(
        "user,item,rating,at\na,1,5,200\na,1,1,300\na,1,4,100\nb,1,2,7\nb,1,5,7\n"
    )
    clicks = [r for r in Catalogue(catalogue).relations() if r.type in {"CLICKED", "RATED"}]
    assert clicks == [
        Relation("RATED", Ref("User", "a"), Ref("Item", "1"), {"rating": 1.0, "at": 300}),
        Relation("CLICKED", Ref("User", "b"), Ref("Item", "1"), {"rating": 5.0, "at": 7}),
    ]


def test_no_path_leads_out_of_the_folder(catalogue: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes((catalogue / "media" / "1.png").read_bytes())
    (catalogue / "media" / "2.png").symlink_to(secret)
    (catalogue / "movies.csv").write_text(
        "id,title,poster\n"
        "1,Up,../secret.png\n"
        f"2,Absolute,{secret}\n"
        "3,Passwords,../../../../../../etc/passwd\n"
        "4,Missing,media/none.png\n"
        "5,Folder,media\n"
        "6,Good,media/../media/1.png\n"
    )
    source = Catalogue(catalogue)
    taken = [medium.of.id for medium in source.media() if isinstance(medium, MediaFile)]
    assert taken == ["6", "1"]
    reasons = [(line, reason) for _, line, _, reason in rejects_of(source)]
    leaves = "the path leaves the folder"
    assert reasons == [
        (2, leaves),
        (3, leaves),
        (4, leaves),
        (5, "no such file"),
        (6, "no file"),
        (0, leaves),
    ]
    assert secret not in list(source.files())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("movies.csv", "id,name\n", r"movies.csv, line 1: the column title is missing.*found are: id, name"),
        (
            "clicks.csv",
            "user,film\n",
            r"clicks.csv, line 1: the column item is missing.*found are: user, film",
        ),
        ("people.csv", "key\n", r"people.csv, line 1: the columns id, name are missing"),
        ("movies.csv", "", r"movies.csv, line 1: there is no header"),
    ],
)
def test_a_wrong_header(catalogue: Path, name: str, content: str, message: str) -> None:
    (catalogue / name).write_text(content)
    with pytest.raises(InputError, match=message):
        Catalogue(catalogue)


def test_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Looked for movies.csv, movies.jsonl"):
        Catalogue(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        Catalogue(tmp_path / "none")


def test_a_table_that_adds_to_another_source_only_fills_gaps(tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_text("item_id,title,year,plot\n1,Heat,1995,A thief.\n")
    (node,) = Films(path, fills=True).nodes()
    assert node.fills
    assert node.properties["plot"] == "A thief."


def test_a_gzipped_table_of_films(tmp_path: Path) -> None:
    path = tmp_path / "films.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": 1, "title": "Heat"}\n'))
    assert list(Films(path).nodes()) == [Node("Item", "1", "Movie", {"title": "Heat"})]


def test_a_path_that_no_file_can_have(tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_text(f"id,title,poster\n1,Heat,{'a' * 5000}\n")
    assert rejects_of(Films(path, media_root=tmp_path)) == [("films.csv", 2, "poster", "no such file")]


def test_a_name_is_normalised() -> None:
    assert named("Person", "  Rene\u0301e \u00a0 Zellweger ", NOWHERE).id == "person:Ren\u00e9e Zellweger"
