"""The models by name, one file each."""

from __future__ import annotations

from gnn.models.base import Options, Problem, Recommender, did_you_mean
from gnn.models.mgnn import Mgnn
from gnn.models.mgnn_paper import MgnnPaper
from gnn.models.mmgcn import Mmgcn
from gnn.models.nfm import Nfm
from gnn.models.popularity import Popularity
from gnn.models.ripplenet import RippleNet
from gnn.models.tgnn import Tgnn
from mmkg.errors import UsageError

MODELS: dict[str, type[Recommender]] = {
    model.name: model for model in (Mgnn, MgnnPaper, Tgnn, Mmgcn, RippleNet, Nfm)
}
"""The models that can be trained."""


def model_class(name: str) -> type[Recommender]:
    """Return the model of a name.

    Raises:
        UsageError: there is none.
    """
    try:
        return MODELS[name]
    except KeyError:
        raise UsageError(f"there is no model {name!r}", remedy=did_you_mean(name, MODELS, "models")) from None


__all__ = [
    "MODELS",
    "Options",
    "Popularity",
    "Problem",
    "Recommender",
    "did_you_mean",
    "model_class",
]
