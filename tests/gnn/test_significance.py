from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gnn.significance import compare, holm

# Student's own example (1908): hours of sleep gained by ten patients with each of two drugs.
FIRST = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SECOND = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def test_students_sleep() -> None:
    found = compare({"second": SECOND}, FIRST)["second"]
    assert found.difference == pytest.approx(1.58)
    assert found.p == pytest.approx(0.002833, abs=1e-6)  # as in every textbook
    assert (found.low, found.high) == pytest.approx((0.7001142, 2.4598858))
    assert found.significant
    assert found.p == pytest.approx(stats.ttest_rel(SECOND, FIRST).pvalue)


def test_several_comparisons_cost_significance() -> None:
    random = np.random.default_rng(0)
    noise = {f"noise {n}": FIRST + random.normal(size=10) for n in range(4)}
    found = compare({"second": SECOND, **noise}, FIRST)
    assert found["second"].p == pytest.approx(5 * 0.002833, abs=1e-5)
    assert not any(found[name].significant for name in noise)


def test_holm_is_that_computed_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=20))
def test_a_correction_never_helps_and_keeps_the_order(values: list[float]) -> None:
    corrected = holm(values)
    assert all(p <= q <= 1 for p, q in zip(values, corrected, strict=True))
    order = sorted(range(len(values)), key=values.__getitem__)
    assert [corrected[i] for i in order] == sorted(corrected)


@pytest.mark.parametrize("values", [FIRST, FIRST + 1, FIRST[:1]])
def test_where_nothing_varies_nothing_is_claimed(values: np.ndarray) -> None:
    found = compare({"same": values}, FIRST[: len(values)])["same"]
    assert (found.p, found.significant) == (1, False)
