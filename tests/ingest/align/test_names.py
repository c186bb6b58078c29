import pytest

from ingest.align.names import key, similarity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Penélope Cruz", "Penelope Cruz"),
        ("Max von Sydow", "MAX VON SYDOW"),
        ("Søren Ødegård", "Soren Odegard"),
        ("Jean-Claude Van Damme", "Jean Claude Van Damme"),
        ("Cuba Gooding, Jr.", "Cuba Gooding Jr"),
        ("Robin Wright (actress)", "Robin Wright"),
        ("J. T. Walsh", "J.T. Walsh"),
    ],
)
def test_spellings_of_one_name_are_equal(one: str, other: str) -> None:
    assert similarity(one, other) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Samuel L. Jackson", "Samuel Jackson"),
        ("Zhang Yimou", "Yimou Zhang"),
        ("F. Murray Abraham", "Fahrid Murray Abraham"),
        ("Mary Stuart Masterson", "Mary S. Masterson"),
    ],
)
def test_initials_and_order_are_near(one: str, other: str) -> None:
    assert 0.8 <= similarity(one, other) < 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Joel Coen", "Ethan Coen"),
        ("Robert Downey Jr.", "Robert Downey Sr."),
        ("Julia Roberts", "Eric Roberts"),
        ("John W. Smith", "John B. Smith"),
        ("", "Tom Hanks"),
        ("...", "..."),
    ],
)
def test_two_people_are_far(one: str, other: str) -> None:
    assert similarity(one, other) == 0


def test_a_suffix_on_one_side_needs_more_than_a_film() -> None:
    assert 0 < similarity("Robert Downey", "Robert Downey Jr.") < 0.78


def test_a_key_forgets_accents_alone() -> None:
    assert key("François Truffaut") == key("Francois  TRUFFAUT") != key("Francois Truffaud")
