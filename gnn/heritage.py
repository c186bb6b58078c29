"""What a model takes over from an earlier one: its weights, by the names of what they are numbered by.

A row of a film's embedding belongs to that film, whatever number the film has today. So a model file keeps
the names in the order of the numbers, as compressed JSON, and a model that continues from it finds the rows
of the films, entities, relations and users that are still there. What is new keeps the weights that the model
gave it, and what is gone is dropped.

A model can also be used as it is on a graph that has changed (`induct`): then what is new is silent, as no
training follows, and a film that is new is known by what the model makes of its facts and media.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from gnn.models import Recommender
from gnn.models.facts import Facts
from mmkg.errors import ModelError

PREFIX = "names."
"""How the tensors of a model file are called that hold names and no weights."""

SILENT = {"relation": float("-inf")}
"""By what numbers a weight, the value that adds nothing; 0 unless told. A relation's is a logarithm."""


@dataclass(frozen=True)
class Inherited:
    """How many films were known to the earlier model, are new, and are gone."""

    carried: int
    new: int
    dropped: int

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        return asdict(self)


def name_tensors(model: Recommender) -> dict[str, Tensor]:
    """Return the names of all that numbers the model's weights, as tensors of bytes, (bytes,) each."""
    return {f"{PREFIX}{what}": _packed(names) for what, names in _names(model).items()}


def inherit(
    model: Recommender, tensors: Mapping[str, Tensor], where: str, *, without: Collection[str] = ()
) -> Inherited:
    """Put the weights of an earlier model of the same kind into a new one, as far as they fit.

    Args:
        model: as it was made, with the first weights of a training.
        tensors: all that the file of the earlier model holds.
        where: the earlier model's id, for messages.
        without: modalities whose encoder is another one now: their heads start anew.

    Raises:
        ModelError: the earlier model is of other dimensions, or its file holds no names.
    """
    now = _names(model)
    before = {what: _unpacked(tensors.get(f"{PREFIX}{what}"), where) for what in now}
    shared = {what: _shared(before[what], now[what]) for what in now}
    anew = tuple(f"media.{part}.{modality}" for part in ("heads", "weights") for modality in without)
    axes = model.axes()
    for name, weights in model.state_dict().items():
        if name in model.computed or name not in tensors or name.startswith(anew):
            continue
        axis, what = axes.get(name, (None, ""))
        _put(name, tensors[name], weights, (axis, shared.get(what)), where)
    known, films = set(before.get("item", ())), set(now.get("item", ()))
    return Inherited(len(films & known), len(films - known), len(known - films))


def induct(model: Recommender, tensors: Mapping[str, Tensor], where: str) -> None:
    """Put a model's weights into one of the same kind and settings, made for a graph that has changed since.

    Films, entities, relations and modalities that the training never saw add nothing.

    Args:
        model: as it was made for the graph as it is now.
        tensors: all that the model's file holds.
        where: the model's id, for messages.

    Raises:
        ModelError: the file holds no names, or the graph is too small for the model's dimensions.
    """
    now, axes = _names(model), model.axes()
    shared = {what: _shared(_unpacked(tensors.get(f"{PREFIX}{what}"), where), now[what]) for what in now}
    for name, weights in model.state_dict().items():
        axis, what = axes.get(name, (None, ""))
        weights.fill_(SILENT.get(what, 0.0))
        if name in tensors:
            _put(name, tensors[name], weights, (axis, shared.get(what)), where)


def _put(
    name: str,
    old: Tensor,
    weights: Tensor,
    along: tuple[int | None, tuple[Tensor, Tensor] | None],
    where: str,
) -> None:
    """Copy an earlier model's weights, those with names along an axis by their names."""
    axis, shared = along
    if _shape_but(old, axis) != _shape_but(weights, axis):
        raise ModelError(
            f"the model has other dimensions than this training asks for ({name} is of shape "
            f"{tuple(old.shape)}, and not {tuple(weights.shape)})",
            where=where,
            remedy="Leave the settings as they were, or train anew, without --from-last or --continue-from",
        )
    if axis is None or shared is None:
        weights.copy_(old)  # a state shares its memory with the model
    else:
        source, target = shared
        weights.index_copy_(axis, target, old.index_select(axis, source))


def _names(model: Recommender) -> dict[str, list[str]]:
    """Return by what numbers weights of the model, the names in the order of the numbers."""
    ids = model.problem.ripple.ids
    facts = Facts.of(model.problem)
    known = {
        "item": ids["item"],
        "user": ids["user"],
        "entity": facts.entity_names,
        "relation": facts.relation_names,
        "node": [*(f"item {id_}" for id_ in ids["item"]), *(f"entity {id_}" for id_ in facts.entity_names)],
    }
    return {what: known[what] for what in sorted({"item", *(what for _, what in model.axes().values())})}


def _shared(before: Sequence[str], now: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return the numbers, then and now, of the names that stand in both, (names,) each."""
    number = {name: i for i, name in enumerate(before)}
    pairs = [(number[name], i) for i, name in enumerate(now) if name in number]
    columns = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def _shape_but(tensor: Tensor, axis: int | None) -> list[int]:
    return [size for position, size in enumerate(tensor.shape) if position != axis]


def _packed(names: Sequence[str]) -> Tensor:
    return torch.frombuffer(bytearray(zlib.compress(json.dumps(names).encode())), dtype=torch.uint8)


def _unpacked(tensor: Tensor | None, where: str) -> list[str]:
    packed = b"" if tensor is None else tensor.numpy().tobytes()
    try:
        names: list[str] = json.loads(zlib.decompress(packed))
    except (ValueError, zlib.error) as error:
        raise ModelError(
            f"the model does not say which films its weights belong to ({error})",
            where=where,
            remedy="Train anew, without --from-last or --continue-from",
        ) from None
    return names
