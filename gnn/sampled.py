"""What a model is given: the whole graph, or by Cypher the names of the nodes alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gnn import features, heterograph
from gnn.directory import Directory
from gnn.draw import CypherSampler, Plan, SnapshotSampler, names
from gnn.heterograph import Edges, EdgeType
from gnn.models import Options, Problem, Recommender, model_class
from gnn.models.facts import connected
from gnn.models.layers import UserLayers
from gnn.problem import Task, load_task
from gnn.registry import Header
from gnn.ripples import Flags, RippleLearner, Source, made_users, plan_of
from gnn.sampler import HELD_BACK, KINDS, NODE_TYPE, NODE_TYPES, TYPING, VIEWS, Clicks, Ripple, RippleSampler
from gnn.split import ensure_split
from kg import Graph
from mmkg.errors import GraphError, UsageError
from mmkg.settings import Settings
from storage import BlobStore

SAMPLERS = ("", "cypher", "snapshot")
JUDGED = 2_000
"""Users measured on their valid clicks, at most: theirs are the only clicks in memory."""

EDGE_TYPES = f"""
MATCH (n:{{kind}})-[r]->(m) WHERE NOT type(r) IN $held_back
WITH DISTINCT labels(n) AS from, type(r) AS relation, labels(m) AS to
RETURN DISTINCT {NODE_TYPE.replace("labels(m)", "from")} AS source, relation,
       {NODE_TYPE.replace("labels(m)", "to")} AS target
"""
RELATIONS = "MATCH ()-[r]->() RETURN type(r) AS relation, count(*) AS count ORDER BY relation"
FANOUT = 100
"""Relations of each type and direction at a node by which vectors are told, once the model is trained."""
USERS = 50_000
"""Users whose clicks are in memory at once."""
JUDGED_USERS = """
MATCH (u:User) WHERE u.cold IS NULL AND EXISTS { (u)-[:CLICKED {split: $split}]->(m) WHERE m.cold IS NULL }
RETURN collect(u.id) AS users
"""


def load(
    graph: Graph,
    store: BlobStore,
    settings: Settings,
    *,
    sampler: str,
    fanouts: Mapping[str, int] | None,
    kind: type[Recommender],
    options: Options,
) -> Task:
    """Load what the steps of a training see; `gnn.training.train` explains the arguments.

    Raises:
        UsageError: there is no such sampler, or the model needs the whole graph.
        GraphError: there is no film or no click.
        ModelError: the features do not fit.
    """
    if sampler not in SAMPLERS:
        raise UsageError(f"there is no sampler {sampler!r}", remedy=f"Known: {', '.join(SAMPLERS[1:])}")
    if not sampler:
        if fanouts:
            raise UsageError("--fanout says nothing without --sampler", remedy="Add --sampler cypher")
        return load_task(graph, store, settings, views=options.views())
    given = dict(fanouts or {})
    plan = plan_of(kind, options, given.pop("", Plan.fanout), given)
    if sampler == "cypher":
        return from_cypher(graph, store, settings, plan, options.views())
    return from_snapshot(load_task(graph, store, settings, views=options.views()), plan)


def load_trained(
    graph: Graph,
    store: BlobStore,
    settings: Settings,
    header: Header,
    *,
    split: str = "valid",
    compared: Collection[str] = (),
) -> Task:
    """Load what tells the vectors of a trained model: by Cypher again where it was trained so.

    Args:
        graph: the graph database.
        store: the object store with the media.
        settings: say where features are kept.
        header: of the model.
        split: whose users are measured, where not all of the graph is read.
        compared: views of the media by which films are compared, besides those of the model; with them, all
            relations of media are read.

    Raises:
        GraphError: there is no film or no click.
        ModelError: the features do not fit.
    """
    options = header.model_options()
    views = dict.fromkeys([*options.views(), *compared])
    if not header.by_names:
        return load_task(graph, store, settings, views=views)
    plan = plan_of(model_class(header.name), options, FANOUT, {})
    return from_cypher(graph, store, settings, plan, views, split=split, with_media=bool(compared))


def vectors(graph: Graph, model: Recommender, task: Task) -> tuple[Tensor, Tensor, UserLayers | None]:
    """Return unit vectors of all users, (users, width), and films, (items, width), and how users are made.

    The last is None where the model numbers its users.
    """
    if not (task.source and task.source.partial):
        return *model.vectors(), model.user_layers()
    learner = RippleLearner(model, task.source)
    films, layers = learner.vectors(np.arange(task.problem.items))
    sampler, ripple, users = RippleSampler(graph), task.problem.ripple, []
    for start in range(0, task.problem.users, USERS):
        rows = np.arange(start, min(start + USERS, task.problem.users))
        clicks = sampler.clicks(ripple, ("train",), names(ripple.ids["user"], rows))["train"]
        users.append(made_users(layers, clicks, rows, films))
    return torch.cat(users), films, layers


def from_snapshot(task: Task, plan: Plan) -> Task:
    """Let ripples be drawn from a task's graph in memory."""
    problem = replace(task.problem, connected=connected(task.problem).numpy())
    active = np.bincount(problem.clicks.users, minlength=problem.users) > 0
    clicked = np.bincount(problem.clicks.items, minlength=problem.items) > 0
    assert problem.connected is not None
    source = Source(SnapshotSampler(problem.ripple, plan), Flags(active, clicked, problem.connected))
    return replace(
        task, problem=problem, source=source, fingerprint=_hash(problem.ripple.fingerprint(), asdict(plan))
    )


def from_cypher(
    graph: Graph,
    store: BlobStore,
    settings: Settings,
    plan: Plan,
    views: Collection[str],
    *,
    split: str = "valid",
    with_media: bool = False,
) -> Task:
    """Read the names of the nodes, the media's features and the clicks of some users to measure on.

    Raises:
        GraphError: there is no film or no click.
        ModelError: the features do not fit.
    """
    counts = ensure_split(graph)
    directory = Directory.read(graph)
    flags = Flags(directory.flags["user"], directory.flags["item"], directory.flags["entity"])
    if not flags.active.any():
        raise GraphError("no click is left to train on", remedy="Ingest clicks with `mmkg ingest` first")
    ripple = _skeleton(graph, directory, with_media=with_media)
    judged = _judged(graph, split)
    clicks = RippleSampler(graph).clicks(ripple, names=judged)
    media = {view: directory.ids[VIEWS[view]] for view in views if directory.ids[VIEWS[view]]}
    found = features.load(store, settings.cache, media)
    problem = Problem(
        ripple,
        _known_clicks(clicks["train"], flags),
        {view: feature.values for view, feature in found.items()},
        {view: feature.present for view, feature in found.items()},
        flags.connected,
    )
    rows = np.unique(clicks[split].users)
    relations = [list(row.values()) for row in graph.read(RELATIONS)]
    told = [ripple.fingerprint(), counts.to_json(), relations]
    return Task(
        problem,
        clicks,
        {view: feature.version for view, feature in found.items()},
        source=Source(CypherSampler(graph, directory, plan), flags, rows),
        fingerprint=_hash(told, asdict(plan)),
    )


def _skeleton(graph: Graph, directory: Directory, *, with_media: bool) -> Ripple:
    """Make a graph of all nodes, and of one edge of each edge type, unless it begins at media."""
    one = np.zeros(1, dtype=np.int64)
    edges: dict[EdgeType, Edges] = {}
    for kind in (*KINDS, "Media"):
        for row in graph.read(EDGE_TYPES.format(kind=kind), held_back=HELD_BACK, **TYPING):
            if row["source"] and row["target"]:
                edges[row["source"], row["relation"], row["target"]] = (one, one)
    if with_media:
        edges |= RippleSampler(graph).media_edges(directory.ids)
    counts = {kind: directory.count(kind) for kind in NODE_TYPES}
    return Ripple(heterograph.build(dict(sorted(edges.items())), counts), directory.ids)


def _judged(graph: Graph, split: str) -> list[str]:
    """Choose the users to measure on, always the same of the same graph."""
    users = sorted(graph.values(JUDGED_USERS, split=split)[0][0])
    if len(users) <= JUDGED:
        return users
    chosen = np.random.default_rng(0).choice(len(users), JUDGED, replace=False)
    return [users[i] for i in np.sort(chosen).tolist()]


def _known_clicks(theirs: Clicks, flags: Flags) -> Clicks:
    """Return the clicks of the measured users, or where there are none a click that stands for all."""
    if len(theirs):
        return theirs
    return Clicks(np.flatnonzero(flags.active)[:1], np.flatnonzero(flags.clicked)[:1], np.array([-1.0]))


def _hash(*told: Any) -> str:
    plain = [dict(part) if isinstance(part, Mapping) else part for part in told]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
