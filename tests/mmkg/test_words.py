import pytest

from mmkg.words import counted


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (12_345, "12,345 rows")]
)
def test_a_number_has_its_noun(number: int, said: str) -> None:
    assert counted(number, "row") == said


def test_an_irregular_noun_is_told() -> None:
    assert [counted(number, "alias", "aliases") for number in (1, 2)] == ["1 alias", "2 aliases"]
