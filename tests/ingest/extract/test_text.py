"""Folding, sentences, signatures and names: what comes before the patterns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.extract.folding import fold, folded
from ingest.extract.masking import mask
from ingest.extract.names import Mention, Name, Names
from ingest.extract.sentences import MAX_SENTENCE, sentences, without_signature
from ingest.extract.vocabulary import KNOWN, PROPER, TIME


def person(name: str, identity: str = "") -> Name:
    return Name("Entity", identity or f"person:{name}", "Person", name)


def found(text: str, *names: str) -> list[str]:
    return [text[mention.start : mention.end] for mention in Names(map(person, names)).mentions(text)]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Gérard Depardieu", "gerard depardieu"),
        ("Ge\u0301rard\u00a0 Depardieu", "gerard depardieu"),
        ("D\u2019Onofrio", "d'onofrio"),
        ("Søren Łukasz Straße ﬁn", "soren lukasz strasse fin"),
        ("Jean\u2010Luc", "jean-luc"),
        ("", ""),
    ],
)
def test_spellings_that_mean_the_same_fold_to_the_same(text: str, plain: str) -> None:
    assert folded(text) == plain


@given(st.text(max_size=200))
def test_each_folded_character_knows_where_it_came_from(text: str) -> None:
    plain, places = fold(text)
    assert len(plain) == len(places)
    assert list(places) == sorted(places)
    assert all(0 <= place < len(text) for place in places)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. No waits. Bond comes!", ["Dr. No waits.", "Bond comes!"]),
        ("J. Edgar rules. He falls.", ["J. Edgar rules.", "He falls."]),
        ('"Go." She went.', ['"Go."', "She went."]),
        ("What? Yes… No.", ["What?", "Yes…", "No."]),
        ("One\n\nTwo", ["One", "Two"]),
        ("He paid 3.50 in all.", ["He paid 3.50 in all."]),
        ("   ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


@given(st.text(max_size=3000))
def test_no_word_is_lost_between_sentences(text: str) -> None:
    cut = list(sentences(text))
    assert "".join("".join(cut).split()) == "".join(text.split())
    assert all(0 < len(sentence) <= MAX_SENTENCE for sentence in cut)


def test_a_text_without_an_end_is_cut() -> None:
    assert [len(piece) for piece in sentences("x" * (2 * MAX_SENTENCE + 1))] == [
        MAX_SENTENCE,
        MAX_SENTENCE,
        1,
    ]


@pytest.mark.parametrize(
    "signature",
    [
        "—Robert Lynch <docrlynch@example.org>",
        "—Larry B.",
        "—Mark Thompson (updated by R.M. Sieger)",
        "—- written by: R. Merriman <wyldberi@example.com>",
        "--Jane Roe {jane.roe@example.org}",
    ],
)
def test_the_author_of_a_plot_is_cut_off(signature: str) -> None:
    assert without_signature(f"All ends well. {signature}") == "All ends well."


@pytest.mark.parametrize(
    "text",
    [
        "It is about work — love, sex and money. It stars Edward Burns.",
        "They escape -- only to be caught.",
        "A place only Mowgli can find \u2013 a city.",
    ],
)
def test_a_dash_alone_makes_no_signature(text: str) -> None:
    assert without_signature(text) == text


def test_names_are_found_at_word_boundaries_alone() -> None:
    assert found("Ann Lee and Joann Leeds, Ann Lee's, (Ann Lee)", "Ann Lee") == ["Ann Lee"] * 3
    assert found("The Madonnas", "Madonna") == []


def test_the_longest_name_wins_and_none_overlap() -> None:
    assert found(
        "It is Martin Luther King Jr. himself", "Martin Luther", "Martin Luther King Jr.", "King"
    ) == ["Martin Luther King Jr."]


def test_a_name_is_found_whatever_the_accents_the_case_and_the_spaces() -> None:
    for text in ("GERARD DEPARDIEU", "Gérard\u00a0Depardieu", "Ge\u0301rard \n Depardieu"):
        assert found(f"With {text}!", "Gérard Depardieu") == [text]


def test_a_word_without_a_capital_is_no_name() -> None:
    assert found("the heat of madonna", "Heat", "Madonna") == []


@pytest.mark.parametrize("title", ["Third Man, The", "Third Man, The (1949)", "The Third Man"])
def test_a_title_is_known_with_its_article_in_front(title: str) -> None:
    names = Names([Name("Item", "1", "Movie", title)])
    assert [mention.names[0].id for mention in names.mentions("like The Third Man")] == ["1"]


def test_a_title_is_known_by_each_of_its_languages() -> None:
    names = Names([Name("Item", "1", "Movie", "Contempt (Mépris, Le)")])
    assert len(names.mentions("Contempt is Le Mepris")) == 2


def test_no_names_at_all() -> None:
    assert Names([]).mentions("Ann Lee") == []
    assert Names([person("")]).mentions("Ann Lee") == []


@given(st.text(max_size=200), st.lists(st.text(min_size=1, max_size=20), max_size=5))
def test_what_is_found_is_what_the_names_say(text: str, names: list[str]) -> None:
    last = 0
    for mention in Names(map(person, names)).mentions(text):
        assert last <= mention.start < mention.end <= len(text)
        last = mention.end
        plain = folded(text[mention.start : mention.end])
        assert {folded(name.name) for name in mention.names} == {plain}


def masked(text: str, *names: str) -> str:
    signs = {KNOWN: "K", PROPER: "P", TIME: "T"}
    return "".join(
        signs.get(sign, sign) for sign in mask(text, Names(map(person, names)).mentions(text)).text
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Directed by Ann Lee.", "Directed by K."),
        ("Based on a novel by Robert James Waller.", "Based on a novel by P."),
        ("It is by H.E. Bates and Vincent van Gogh.", "It is by P and P."),
        ("Set in 1950's Ireland", "Set in T P"),
        ("In 15th-century Paris", "In T P"),
        ("Ann Lee Jones is not she", "P is not she"),
        ("It is Ann  Lee's \n film", "It is K's film"),
        ("They owe 1999 dollars", "They owe 1999 dollars"),
    ],
)
def test_masking(text: str, expected: str) -> None:
    assert masked(text, "Ann Lee") == expected


@given(st.text(alphabet=st.sampled_from("Ab .,'()\ue000\ue001é19\n-—"), max_size=80))
def test_each_sign_of_a_masked_sentence_is_a_mention(text: str) -> None:
    names = Names([person("Ab"), person("Ab Ab")])
    result = mask(text, [*names.mentions(text), Mention(0, min(1, len(text)), (), "Person")] if text else [])
    signs = [place for place, sign in enumerate(result.text) if sign in (KNOWN, PROPER, TIME)]
    assert list(result.places) == signs
    assert len(result.mentions) == len(signs)
