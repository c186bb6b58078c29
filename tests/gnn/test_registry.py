"""Models in the object store: other machines have them, and the folder here is a cache that is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gnn import registry
from gnn.evaluation import evaluate
from gnn.training import TrainReport, train
from gnn.writeback import embed
from ingest import undo
from ingest.export.command import export
from kg import Graph
from mmkg.errors import ModelError
from mmkg.settings import Settings
from storage import BlobStore
from storage.blobs import key_of
from tests.gnn.planted import FILMS

OPTIONS: dict[str, Any] = {"dimension": 8, "epochs": 3, "learning_rate": 0.05}
NODE = "MATCH (m:Model {id: $id}) RETURN m.key AS key, m.sha256 AS sha256, m.bytes AS bytes"
ACTIVE = "MATCH (m:Model {active: true}) RETURN m.id AS id"
LOST = "MATCH (m:Model {id: $id}) DELETE m"


@pytest.fixture
def elsewhere(at: Settings, tmp_path: Path) -> Settings:
    """Another machine: the same servers, a data directory that holds nothing."""
    return at.model_copy(update={"home": tmp_path / "elsewhere", "cache": tmp_path / "elsewhere" / "cache"})


@pytest.fixture
def trained(planted: Graph, store: BlobStore, at: Settings) -> TrainReport:
    return train(planted, store, at, **OPTIONS)


def path_of(report: TrainReport) -> Path:
    return report.folder / registry.MODEL_FILE


def overwrite(store: BlobStore, sha256: str, data: bytes) -> None:
    from io import BytesIO

    store.client.put_object(store.bucket, key_of(sha256), BytesIO(data), len(data))


def test_another_machine_has_the_model(
    planted: Graph, store: BlobStore, at: Settings, elsewhere: Settings, trained: TrainReport
) -> None:
    (node,) = planted.read(NODE, id=trained.model)
    assert store.get(node["sha256"]) == path_of(trained).read_bytes()
    assert (node["key"], node["bytes"]) == (key_of(node["sha256"]), path_of(trained).stat().st_size)
    there = evaluate(planted, store, elsewhere)
    assert there.results[trained.model] == evaluate(planted, store, at).results[trained.model]
    assert embed(planted, store, elsewhere).films == FILMS
    again = train(planted, store, elsewhere, **OPTIONS)
    assert (again.reused, again.model, again.metrics) == (True, trained.model, trained.metrics)


def test_what_the_cache_lost_or_spoiled_comes_from_the_store(
    planted: Graph, store: BlobStore, at: Settings, trained: TrainReport
) -> None:
    whole = path_of(trained).read_bytes()
    path_of(trained).write_bytes(whole[:-1] + b"?")
    evaluate(planted, store, at)
    assert path_of(trained).read_bytes() == whole
    path_of(trained).unlink()
    evaluate(planted, store, at)
    assert path_of(trained).read_bytes() == whole


def test_what_the_store_lost_comes_from_the_cache(
    planted: Graph, store: BlobStore, at: Settings, elsewhere: Settings, trained: TrainReport
) -> None:
    (node,) = planted.read(NODE, id=trained.model)
    store.delete(node["sha256"])
    evaluate(planted, store, at)
    evaluate(planted, store, elsewhere)


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_missing_or_damaged_blob_is_named_and_the_active_model_stays(
    planted: Graph, store: BlobStore, at: Settings, elsewhere: Settings, damage: str
) -> None:
    good = train(planted, store, at, **OPTIONS)
    embed(planted, store, at)
    bad = train(planted, store, at, seed=1, **OPTIONS)
    (node,) = planted.read(NODE, id=bad.model)
    if damage == "missing":
        store.delete(node["sha256"])
    else:
        overwrite(store, node["sha256"], b"no model")
    for command in (embed, evaluate):
        with pytest.raises(ModelError, match=f"{bad.model}: .*cannot be had from the object store.*--force"):
            command(planted, store, elsewhere)
    assert not (elsewhere.home / "models" / bad.model / registry.MODEL_FILE).exists()
    assert planted.read(ACTIVE) == [{"id": good.model}]
    train(planted, store, elsewhere, seed=1, force=True, **OPTIONS)
    assert embed(planted, store, elsewhere).model == bad.model


def test_a_model_that_is_trained_again_leaves_no_orphan(
    planted: Graph, store: BlobStore, at: Settings, trained: TrainReport
) -> None:
    before = set(store.list_sha256())
    train(planted, store, at, force=True, **OPTIONS)
    (node,) = planted.read(NODE, id=trained.model)
    assert before.isdisjoint({node["sha256"]})
    assert set(store.list_sha256()) == {node["sha256"]}


def test_a_model_that_the_graph_lost_is_registered_again(
    planted: Graph, store: BlobStore, at: Settings, trained: TrainReport
) -> None:
    planted.write(LOST, id=trained.model)
    assert train(planted, store, at, **OPTIONS).reused
    (node,) = planted.read(NODE, id=trained.model)
    assert store.exists(node["sha256"])


def test_undoing_an_import_keeps_the_models_file(
    planted: Graph, store: BlobStore, at: Settings, trained: TrainReport
) -> None:
    """Even where the very same bytes were ingested as a medium."""
    (node,) = planted.read(NODE, id=trained.model)
    planted.write(
        "CREATE (:Import {id: 'i', source: 'test', at: '2026'}) "
        "CREATE (:Media:Text {id: $sha256, sha256: $sha256, key: $key, imports: ['i'], origins: ['']})",
        **{name: node[name] for name in ("sha256", "key")},
    )
    undo.run(at.model_copy(update={"minio_bucket": store.bucket}), "i")
    assert planted.read("MATCH (m:Media) RETURN m.id AS id") == []
    assert store.exists(node["sha256"])


def test_an_export_says_that_it_leaves_models_out(
    planted: Graph, at: Settings, tmp_path: Path, trained: TrainReport
) -> None:
    warnings = export(at, "jsonl", tmp_path / "out").warnings
    assert any("1 model was left out" in warning for warning in warnings)
    assert trained.model not in "".join(path.read_text() for path in (tmp_path / "out").glob("*.jsonl"))
