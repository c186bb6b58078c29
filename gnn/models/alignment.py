"""How much each view of the films tells of who clicks them: kernel alignment.

Of two films, view v says how like they are by its kernel K_v, and the clicks by G, the cosine of the films'
users. The weights make the sum of the views most like the clicks (ALIGNF, Cortes, Mohri, Rostamizadeh 2012):

    w = argmin_{w ≥ 0} ‖G - Σ_v w_v K_v‖² + m Σ_v w_v²        m = 0.05 mean_v ‖K_v‖²

scaled so that a film's likeness to itself, Σ_v w_v K_v(i, i), is 1 on average. All kernels are centred, over
films weighted by n^¼ for their n clicks; a film's likeness to itself does not count. So a view that tells
nothing, as facts that were linked to the wrong films, gets nothing. Without m, a view of a single pair of
films that happen to be clicked alike would get most.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]

MOST_FILMS = 1_500
"""Those with the most clicks tell, which bounds memory and time."""
RIDGE = 0.05


def alignment(views: Sequence[csr_matrix], clicks: csr_matrix) -> Floats:
    """Return the weights of views, (views,); equal ones where no view tells of clicks.

    Args:
        views: films in rows of unit length or zero, (films, width) each.
        clicks: 1 where a user clicked a film, (films, users).
    """
    count = np.asarray(clicks.sum(1)).ravel()
    chosen = np.argsort(-count, kind="stable")[:MOST_FILMS]
    chosen = chosen[count[chosen] > 0]
    weight = count[chosen] ** 0.25

    def centred(rows: csr_matrix) -> Floats:
        some = rows[chosen]
        kernel: Floats = (some @ some.T).toarray().astype(np.float64) * np.outer(weight, weight)
        unit = weight / np.linalg.norm(weight)
        projected = kernel @ unit
        kernel -= (
            np.outer(unit, projected) + np.outer(projected, unit) - (unit @ projected) * np.outer(unit, unit)
        )
        np.fill_diagonal(kernel, 0)
        return kernel.ravel()

    if not len(views) or len(chosen) < 2:
        return np.full(len(views), 1 / max(1, len(views)))
    length = np.sqrt(np.maximum(count, 1))
    target = centred(csr_matrix(clicks.multiply(1 / length[:, None])))
    kernels = np.empty((len(views), len(target)), dtype=np.float32)  # 9 MB a view
    for number, view in enumerate(views):
        kernels[number] = centred(view)
    products = (kernels @ kernels.T).astype(np.float64)
    ridge = RIDGE * np.diag(products).mean() * np.eye(len(views))
    weights, _ = nnls(products + ridge, kernels @ target)
    shown = np.array([view[chosen].multiply(view[chosen]).sum() for view in views]) / len(chosen)
    total = weights @ shown
    return weights / total if total > 0 else np.full(len(views), 1 / len(views))
