"""spaCy's real pipeline, with a ruler in the place of a trained model, which nothing here may download."""

import sys
from pathlib import Path

import pytest

from ingest.extract.extractor import Extractor
from ingest.extract.names import Name, Names
from ingest.extract.nlp import load
from mmkg.errors import UsageError

spacy = pytest.importorskip("spacy")


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A pipeline on disk that knows a person and two places."""
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns(
        [
            {"label": "PERSON", "pattern": "Nobody Known"},
            {"label": "PERSON", "pattern": "Nobody Known's"},
            {"label": "PERSON", "pattern": "Roth"},
            {"label": "GPE", "pattern": "Paris Junction"},
            {"label": "ORG", "pattern": "Acme Corp"},
        ]
    )
    pipeline.to_disk(tmp_path / "model")
    return str(tmp_path / "model")


def test_people_and_places_are_recognised(model: str) -> None:
    recognise, version = load(model)
    text = "Nobody Known leaves Paris Junction for Acme Corp."
    assert [(text[m.start : m.end], m.label) for m in recognise(text)] == [
        ("Nobody Known", "Person"),
        ("Paris Junction", "Place"),
    ]
    assert version.startswith("en_")


def test_a_person_in_brackets_needs_the_model_where_the_graph_knows_nobody(model: str) -> None:
    recognise, _ = load(model)
    text = "Agent Bond (Nobody Known) meets Smith (Paris Junction). A nun (Ann Lee) prays."
    names = Names([Name("Entity", "ann", "Person", "Ann Lee")])
    without = Extractor(names).facts("1", text)
    within = Extractor(names, recognise).facts("1", text)
    assert [fact.name for fact in without] == ["Ann Lee"]
    assert [(fact.name, fact.known) for fact in within] == [("Nobody Known", False), ("Ann Lee", True)]
    assert within[0].character == "Agent Bond"


def test_a_surname_alone_could_be_anybody_and_a_possessive_is_no_part_of_a_name(model: str) -> None:
    recognise, _ = load(model)
    found = Extractor(Names([]), recognise).facts("1", "Bond's (Nobody Known's) aunt (Roth) wins.")
    assert [fact.other.id for fact in found] == ["person:Nobody Known"]


def test_a_place_is_no_director(model: str) -> None:
    recognise, _ = load(model)
    assert Extractor(Names([]), recognise).facts("1", "The film is directed by Paris Junction.") == []
    (fact,) = Extractor(Names([]), recognise).facts("1", "The film is set in Paris Junction.")
    assert (fact.other.id, fact.confidence) == ("place:Paris Junction", 0.75)


def test_a_model_that_is_missing_or_finds_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no_such_model"):
        load("no_such_model")
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(UsageError, match="finds no entities"):
        load(str(tmp_path / "blank"))


def test_without_spacy_the_user_learns_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(UsageError, match="pip install"):
        load("en_core_web_sm")
