"""Whether one system is better than another, over the users of the test: a paired t-test, corrected by Holm.

A user's value is the mean over the seeds. The t-test asks for a normal mean of the differences, which some
hundred users give whatever the differences are like (Smucker et al. 2007 find it right for ranking metrics).
Of m comparisons with the p-values p_(1) <= … <= p_(m), Holm's step-down gives

    p'_(j) = max_{i <= j} min(1, (m - i + 1) p_(i))

so that the chance of any wrong "better" in a table stays below the level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.05
ROUNDING = 1e-12
NAME = "paired t-test over users, p-values corrected by Holm for the comparisons of a table"


@dataclass(frozen=True)
class Comparison:
    """One system against the reference."""

    difference: float
    """Mean over the users, above 0 where the system is better."""
    low: float
    """The 95 % confidence interval of the difference, without a correction."""
    high: float
    p: float
    """Two-sided, corrected."""

    @property
    def significant(self) -> bool:
        """Whether the difference is not by chance, at the level of `LEVEL`."""
        return self.p < LEVEL


def compare(
    systems: Mapping[str, NDArray[np.float64]], reference: NDArray[np.float64]
) -> dict[str, Comparison]:
    """Compare each system with the reference, user by user.

    Args:
        systems: by name, one value a user.
        reference: the values of the same users in the same order.
    """
    found = {name: _compare(values, reference) for name, values in systems.items()}
    corrected = holm([comparison.p for comparison in found.values()])
    return {
        name: replace(comparison, p=p) for (name, comparison), p in zip(found.items(), corrected, strict=True)
    }


def holm(values: Sequence[float]) -> list[float]:
    """Correct p-values for their number, in their order."""
    corrected = [0.0] * len(values)
    highest = 0.0
    for rank, position in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, min(1.0, (len(values) - rank) * values[position]))
        corrected[position] = highest
    return corrected


def _compare(values: NDArray[np.float64], reference: NDArray[np.float64]) -> Comparison:
    assert values.shape == reference.shape
    differences = values - reference
    mean = float(differences.mean())
    if len(differences) < 2 or np.ptp(differences) < ROUNDING:
        # One user, or the same difference for all, has no spread to judge by: nothing is claimed.
        return Comparison(mean, mean, mean, 1.0)
    tested = stats.ttest_rel(values, reference)
    low, high = tested.confidence_interval()
    return Comparison(mean, float(low), float(high), float(tested.pvalue))
