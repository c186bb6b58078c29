"""What the graph says of its models: `mmkg models list` and `mmkg models diff`. No model file is read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from kg import Graph
from mmkg.errors import ModelError
from mmkg.words import counted

LIST = """
MATCH (m:Model) WHERE $ids IS NULL OR m.id IN $ids
RETURN m.id AS id, m.name AS name, m.created AS created, coalesce(m.active, false) AS active, m.slot AS slot,
       m.graph AS graph, m.parent AS parent, m.bytes AS bytes, m.seed AS seed, m.dimension AS dimension,
       m.metrics AS metrics, m.options AS options, m.encoders AS encoders,
       coalesce(m.promoted_at, []) AS promoted_at, coalesce(m.rolled_back_at, []) AS rolled_back_at
ORDER BY m.created DESC, m.id
"""


@dataclass(frozen=True)
class ModelInfo:
    """A model as its node tells."""

    id: str
    name: str
    created: str
    active: bool
    slot: str | None
    """Where its vectors are; None where they are gone or never were."""
    graph: str
    """Fingerprint of the graph that it was trained on."""
    parent: str | None
    """The model that it continues from."""
    bytes: int | None
    """Size of its file; None for a model from the time before files were in the store."""
    seed: int
    dimension: int
    metrics: Mapping[str, Any]
    """On the valid clicks."""
    options: Mapping[str, Any]
    encoders: Mapping[str, str]
    promoted_at: Sequence[str]
    """When it became active."""
    rolled_back_at: Sequence[str]
    """When that was taken back."""

    def to_json(self) -> dict[str, Any]:
        """Return all as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class ListReport:
    """The models, the newest first."""

    HEADINGS: ClassVar[tuple[str, ...]] = (
        *("id", "created", "valid recall", "valid ndcg", "active", "slot", "graph", "continues", "bytes"),
    )

    models: Sequence[ModelInfo]

    def title(self) -> str:
        """Say what is listed."""
        return counted(len(self.models), "model")

    def rows(self) -> list[tuple[object, ...]]:
        """Return the table, without its headings; an id begins with the name of the model."""
        return [
            (
                model.id,
                model.created[:19],
                *(model.metrics.get(name, "") for name in ("recall", "ndcg")),
                "active" if model.active else "",
                model.slot or "",
                model.graph,
                model.parent or "",
                "" if model.bytes is None else model.bytes,
            )
            for model in self.models
        ]

    def to_json(self) -> list[dict[str, Any]]:
        """Return all that the nodes tell."""
        return [model.to_json() for model in self.models]


@dataclass(frozen=True)
class DiffReport:
    """In what two models differ."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("what", "first", "second")

    first: str
    second: str
    differences: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    """By what differs, as `setting hops` or `valid ndcg`, the two values; None where a model has none."""

    def title(self) -> str:
        """Say what was compared."""
        if not self.differences:
            return f"{self.first} and {self.second} do not differ"
        return f"{self.first} against {self.second}"

    def rows(self) -> list[tuple[str, str, str]]:
        """Return the table, without its headings."""
        return [(what, _shown(one), _shown(other)) for what, (one, other) in self.differences.items()]

    def to_json(self) -> dict[str, Any]:
        """Return the differences as plain values."""
        return {
            "first": self.first,
            "second": self.second,
            "differences": {what: list(values) for what, values in self.differences.items()},
        }


def models(graph: Graph, ids: Sequence[str] | None = None) -> list[ModelInfo]:
    """Return the models that the graph knows, or those with the given ids, the newest first."""
    return [
        ModelInfo(
            **{
                **row,
                **{name: json.loads(row[name] or "{}") for name in ("metrics", "options", "encoders")},
            }
        )
        for row in graph.read(LIST, ids=ids)
    ]


def diff(graph: Graph, first: str, second: str) -> DiffReport:
    """Compare two models: kind, settings, seed, encoders, the graph they learned from, and metrics.

    Raises:
        ModelError: the graph does not know one of them.
    """
    found = {model.id: model for model in models(graph, [first, second])}
    for wanted in (first, second):
        if wanted not in found:
            raise ModelError(
                f"the graph knows no model {wanted}", remedy="`mmkg models list` shows those that there are"
            )
    one, other = _facts(found[first]), _facts(found[second])
    pairs = {what: (one.get(what), other.get(what)) for what in {**one, **other}}
    return DiffReport(first, second, {what: pair for what, pair in pairs.items() if pair[0] != pair[1]})


def _facts(model: ModelInfo) -> dict[str, Any]:
    return {
        "kind": model.name,
        "dimension": model.dimension,
        "seed": model.seed,
        "graph": model.graph,
        "continues": model.parent,
        **{f"setting {name}": value for name, value in model.options.items() if name != "dimension"},
        **{f"encoder {name}": value for name, value in model.encoders.items()},
        **{f"valid {name}": value for name, value in model.metrics.items()},
    }


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
