"""Trained models: safetensors files with a JSON header, and `Model` nodes in the graph."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gnn.models import Problem, Recommender, model_class
from kg import Graph
from mmkg.errors import ModelError
from mmkg.settings import Settings

MODEL_FILE = "model.safetensors"
HEADER = "mmkg"

REGISTER_MODEL = """
MERGE (m:Model {id: $id})
SET m.name = $name, m.created = $created, m.dimension = $dimension, m.seed = $seed, m.metrics = $metrics,
    m.options = $options, m.graph = $graph
"""

NEWEST_MODEL = "MATCH (m:Model) RETURN m.id AS id ORDER BY m.created DESC, m.id LIMIT 1"


@dataclass(frozen=True)
class Header:
    """What a model file says of itself."""

    id: str
    name: str
    created: str
    """UTC, ISO 8601."""
    seed: int
    options: Mapping[str, Any]
    metrics: Mapping[str, Any]
    """On the valid clicks, at the epoch that was kept."""
    epoch: int
    """Which epoch was kept."""
    epochs: int
    """Epochs run."""
    graph: str
    """`Ripple.fingerprint()` of the graph it was trained on."""
    vocabulary: str
    """`Ripple.vocabulary()`: a graph with another one cannot use the model."""
    encoders: Mapping[str, str]
    """By modality, the version of the encoder."""

    def to_json(self) -> dict[str, Any]:
        """Return the header as plain values."""
        return asdict(self)


def models_folder(settings: Settings) -> Path:
    """Where the models of this data directory are."""
    return settings.home / "models"


def model_folder(settings: Settings, model_id: str) -> Path:
    """Where one model is."""
    if Path(model_id).name != model_id or model_id.startswith("."):
        raise ModelError(f"{model_id!r} is no model id", remedy="Ids look like mgnn-0123456789abcdef")
    return models_folder(settings) / model_id


def write_tensors(path: Path, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Write a safetensors file with a JSON header, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    safetensors.torch.save_file(contiguous, temporary, metadata={HEADER: json.dumps(header)})
    temporary.replace(path)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a safetensors file and its JSON header.

    Raises:
        ModelError: the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})[HEADER])
            return {name: file.get_tensor(name) for name in file.keys()}, header  # noqa: SIM118  # no mapping
    except FileNotFoundError:
        raise ModelError(
            "there is no such model file", where=str(path), remedy="Run `mmkg train` first"
        ) from None
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelError(
            f"the model file is damaged ({error})",
            where=str(path),
            remedy="Remove it and run `mmkg train` again",
        ) from None


def save_model(settings: Settings, header: Header, tensors: Mapping[str, Tensor], extras: Path) -> Path:
    """Put a model in its folder together with the files of the folder `extras`, which is used up.

    A model of the same id is replaced in one step.
    """
    write_tensors(extras / MODEL_FILE, tensors, header.to_json())
    target = model_folder(settings, header.id)
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    extras.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


def read_header(settings: Settings, model_id: str) -> Header:
    """Read what a model says of itself.

    Raises:
        ModelError: there is no such model, or its file is damaged.
    """
    path = model_folder(settings, model_id) / MODEL_FILE
    try:
        return Header(**read_tensors(path)[1])
    except TypeError:
        raise ModelError(
            "the model file is of another version of mmkg", where=str(path), remedy="Run `mmkg train` again"
        ) from None


def register(graph: Graph, header: Header) -> None:
    """Make or update the `Model` node; whether it is active stays as it is."""
    graph.write(
        REGISTER_MODEL,
        id=header.id,
        name=header.name,
        created=header.created,
        dimension=header.options["dimension"],
        seed=header.seed,
        metrics=json.dumps(header.metrics),
        options=json.dumps(header.options),
        graph=header.graph,
    )


def newest_model(graph: Graph) -> str:
    """Return the id of the model that was trained last.

    Raises:
        ModelError: there is none.
    """
    rows = graph.read(NEWEST_MODEL)
    if not rows:
        raise ModelError("the graph knows no model", remedy="Run `mmkg train` first")
    return str(rows[0]["id"])


def restore(settings: Settings, model_id: str, problem: Problem) -> tuple[Recommender, Header]:
    """Load a model for a graph.

    Raises:
        ModelError: there is no such model, its file is damaged, or it was made for another graph.
    """
    path = model_folder(settings, model_id) / MODEL_FILE
    header = read_header(settings, model_id)
    kind = model_class(header.name)
    if header.vocabulary != problem.ripple.vocabulary(users=kind.numbers_users):
        others = "other users, films or facts" if kind.numbers_users else "other films or facts"
        raise ModelError(
            f"the model was made for a graph with {others}",
            where=model_id,
            remedy="Run `mmkg train` to make one for this graph",
        )
    model = kind(problem, kind.defaults.with_changes(header.options))
    load_weights(model, read_tensors(path)[0], str(path))
    return model, header


def load_weights(model: Recommender, tensors: Mapping[str, Tensor], where: str) -> None:
    """Put saved weights into a model.

    Raises:
        ModelError: names or shapes differ, for instance because the media of another modality were added.
    """
    try:
        model.load_state_dict(dict(tensors))
    except RuntimeError as error:
        detail = str(error).splitlines()[-1].strip()
        raise ModelError(
            f"the model has other dimensions or modalities than the graph asks for ({detail})",
            where=where,
            remedy="Run `mmkg train` to make one for this graph",
        ) from None
