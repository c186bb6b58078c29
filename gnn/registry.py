"""Trained models: safetensors files in the object store, and `Model` nodes in the graph that name them.

A file has a JSON header. The folder of models in the data directory is a cache: whoever has the graph and the
store has the models, and what lies in the folder counts only if it has the SHA-256 that the graph knows.
"""

from __future__ import annotations

import hashlib
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

from gnn import heritage
from gnn.models import Options, Problem, Recommender, model_class
from gnn.models.facts import Facts
from kg import Graph
from mmkg.errors import ModelError, StoreError
from mmkg.settings import Settings
from storage import BlobStore

MODEL_FILE = "model.safetensors"
MIME = "application/octet-stream"
HEADER = "mmkg"
NAMES = "names:"
"""What a vocabulary begins with that leaves the facts out."""
CHUNK = 1 << 20

REGISTER_MODEL = """
MERGE (m:Model {id: $id})
WITH m, m.sha256 AS replaced
SET m += $properties
RETURN replaced
"""
FIND_MODEL = "MATCH (m:Model {id: $id}) RETURN m.sha256 AS sha256"
MENTIONED = """
RETURN EXISTS {
  MATCH (m:Model|Media {sha256: $sha256}) WHERE NOT (m:Model AND m.id = $model)
} AS mentioned
"""
NEWEST_MODEL = """
MATCH (m:Model) WHERE $name IS NULL OR m.name = $name
RETURN m.id AS id ORDER BY m.created DESC, m.id LIMIT 1
"""


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
    parent: str = ""
    """The id of the model that it continues from; empty for one that began from nothing."""

    @property
    def by_names(self) -> bool:
        """Whether its training read the names of the nodes alone, and ripples by Cypher."""
        return self.vocabulary.startswith(NAMES)

    def model_options(self) -> Options:
        """Return the settings as the model's class has them."""
        return model_class(self.name).defaults.with_changes(self.options)

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
    path = _path(settings, model_id)
    try:
        return Header(**read_tensors(path)[1])
    except TypeError:
        raise ModelError(
            "the model file is of another version of mmkg", where=str(path), remedy="Run `mmkg train` again"
        ) from None


def register(graph: Graph, store: BlobStore, settings: Settings, header: Header) -> None:
    """Put the file of a model into the store, and make or update its `Model` node.

    Whether the model is active stays as it is. A file that it replaces is deleted from the store.

    Raises:
        ConnectError, StoreError: the store does not answer or refuses; the node is as it was.
    """
    blob = store.put_file(_path(settings, header.id), MIME)
    properties = {
        "name": header.name,
        "created": header.created,
        "dimension": header.options["dimension"],
        "seed": header.seed,
        "metrics": json.dumps(header.metrics),
        "options": json.dumps(header.options),
        "encoders": json.dumps(header.encoders),
        "graph": header.graph,
        "parent": header.parent or None,
        "key": blob.key,
        "sha256": blob.sha256,
        "bytes": blob.bytes,
    }
    ((replaced,),) = (
        row.values() for row in graph.write(REGISTER_MODEL, id=header.id, properties=properties)
    )
    if replaced and replaced != blob.sha256:
        delete_file(graph, store, header.id, replaced)


def delete_file(graph: Graph, store: BlobStore, model_id: str, sha256: str) -> None:
    """Delete a model's file from the store, unless another node names it."""
    if not graph.read(MENTIONED, model=model_id, sha256=sha256)[0]["mentioned"]:
        store.delete(sha256)


def is_known(graph: Graph, settings: Settings, model_id: str) -> bool:
    """Tell whether the graph or the folder has a model."""
    return bool(graph.read(FIND_MODEL, id=model_id)) or _path(settings, model_id).exists()


def fetch(graph: Graph, store: BlobStore, settings: Settings, model_id: str | None = None) -> Header:
    """See that the folder has the very file that the graph names, if need be from the store.

    Unless told, it is the model that was trained last.

    A file that the graph does not know yet, for instance after a restore of the graph, is registered.

    Raises:
        ModelError: there is no such model, or its file is missing or damaged here and in the store.
        ConnectError: the store does not answer.
    """
    model_id = model_id or newest_model(graph)
    path = _path(settings, model_id)
    found = graph.read(FIND_MODEL, id=model_id)
    sha256 = found[0]["sha256"] if found else None
    if sha256 is None:
        header = read_header(settings, model_id)
        register(graph, store, settings, header)
        return header
    if _sha256(path) == sha256:
        if not store.exists(sha256):
            store.put_file(path, MIME)
        return read_header(settings, model_id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        store.get_file(sha256, path)
    except StoreError as error:
        if isinstance(error.__cause__, OSError):  # it is the local disk that refuses
            raise
        raise ModelError(
            f"the file of the model cannot be had from the object store ({error.what})",
            where=model_id,
            remedy="Nothing was changed. Make it again by `mmkg train --force`, or use another model "
            "that `mmkg models list` shows",
        ) from None
    return read_header(settings, model_id)


def newest_model(graph: Graph, name: str | None = None) -> str:
    """Return the id of the model that was trained last, of those with this name if one is given.

    Raises:
        ModelError: there is none.
    """
    rows = graph.read(NEWEST_MODEL, name=name)
    if not rows:
        raise ModelError(
            f"the graph knows no model{f' {name}' if name else ''}", remedy="Run `mmkg train` first"
        )
    return str(rows[0]["id"])


def vocabulary(problem: Problem, kind: type[Recommender], *, whole: bool) -> str:
    """Hash what the parameters of a model are numbered by.

    Args:
        problem: what it was made for.
        kind: of model.
        whole: whether the problem holds all facts; else their types alone are hashed.
    """
    if whole:
        return problem.ripple.vocabulary(users=kind.numbers_users)
    facts = Facts.of(problem)
    told = [problem.ripple.ids["item"], facts.entity_names, facts.relation_names]
    return NAMES + hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def restore(
    settings: Settings, model_id: str, problem: Problem, *, induct: bool = False
) -> tuple[Recommender, Header]:
    """Load a model for a graph.

    Args:
        settings: say where the model is.
        model_id: its id.
        problem: the graph.
        induct: whether the graph may have other films, facts or kinds of media than the one it was made for,
            if the model can tell films that are new to it by their content (`gnn.heritage.induct`).

    Raises:
        ModelError: there is no such model, its file is damaged, or it was made for another graph.
    """
    path = _path(settings, model_id)
    header = read_header(settings, model_id)
    kind = model_class(header.name)
    model = kind(problem, header.model_options())
    if header.vocabulary != vocabulary(problem, kind, whole=not header.by_names):
        if induct and kind.inductive:
            heritage.induct(model, read_tensors(path)[0], model_id)
            return model, header
        others = "other users, films or facts" if kind.numbers_users else "other films or facts"
        raise ModelError(
            f"the model was made for a graph with {others}",
            where=model_id,
            remedy="Run `mmkg train` to make one for this graph",
        )
    load_weights(model, read_tensors(path)[0], str(path))
    return model, header


def load_weights(model: Recommender, tensors: Mapping[str, Tensor], where: str) -> None:
    """Put saved weights into a model.

    Raises:
        ModelError: names or shapes differ, for instance because the media of another modality were added.
    """
    try:
        model.load_state_dict(
            {name: tensor for name, tensor in tensors.items() if not name.startswith(heritage.PREFIX)}
        )
    except RuntimeError as error:
        detail = str(error).splitlines()[-1].strip()
        raise ModelError(
            f"the model has other dimensions or modalities than the graph asks for ({detail})",
            where=where,
            remedy="Run `mmkg train` to make one for this graph",
        ) from None


def _path(settings: Settings, model_id: str) -> Path:
    return model_folder(settings, model_id) / MODEL_FILE


def _sha256(path: Path) -> str | None:
    """Hash a file, None where there is none."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except FileNotFoundError:
        return None
    return digest.hexdigest()
