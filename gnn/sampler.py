"""The only door between the graph database and the models: ripples, whole snapshots, and clicks.

A ripple is what lies within k hops of some users: their films, the films' facts and media, and so on.
Of the clicks, only those of the training split are part of it. Ratings below the threshold and co-clicks are
not: the first are no clicks, and the second may rest on clicks that are held out. Nor is any click on a film
or by a user who is held out whole (`gnn.split`).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gnn import heterograph
from gnn.heterograph import Edges, EdgeType, Heterograph
from kg import Graph
from mmkg.errors import GraphError

KINDS = {"User": "user", "Item": "item", "Entity": "entity"}
MEDIA = {
    "Text": "text",
    "Poster": "image",
    "Still": "image",
    "Audio": "audio",
    "Trailer": "video",
    "Clip": "video",
}
MODALITIES = ("text", "image", "audio", "video")
VIEWS = {
    "text": "text",
    "image": "image",
    "image_grid": "image",
    "audio": "audio",
    "video": "video",
    "video_grid": "video",
    "motion": "video",
}
"""What is seen of media, each by an encoder of its own, and the modality of which it is a view.

Of a video, `video` is what its frames show and `motion` how they move. A grid is what the image network knows
of a picture or of frames before its last blocks, for a model that trains these.
"""
FROZEN = ("text", "image", "audio", "video", "motion")
"""The views of a model that trains no part of the image network."""
NODE_TYPES = (*KINDS.values(), *MODALITIES)
HELD_BACK = ["RATED", "CO_CLICKED"]
"""Relation types that never enter a ripple."""

SPLITS = ("train", "valid", "test")
COLD_SPLITS = ("cold film valid", "cold film test", "cold user valid", "cold user test")
"""Clicks of all others on films that are held out whole, and of users who are, on all other films."""

CLICK: EdgeType = ("user", "CLICKED", "item")

Named: TypeAlias = tuple[list[str], list[str]]
"""The ids of the sources and targets of some edges."""

NODE_TYPE = "coalesce([label IN labels(m) WHERE label IN $labels | $types[label]][0], '')"
TYPING = {"labels": [*KINDS, *MEDIA], "types": {**KINDS, **MEDIA}}
"""The parameters of `NODE_TYPE`."""

_LEARNABLE = """NOT type(r) IN $held_back AND coalesce(r.split, 'train') = 'train'
      AND NOT (type(r) = 'CLICKED' AND (n.cold IS NOT NULL OR m.cold IS NOT NULL))"""

NODES = """
MATCH (m:{kind}) WHERE m.id > $after
WITH m ORDER BY m.id LIMIT $page
RETURN collect(m.id) AS ids, collect({type}) AS types
"""

EDGES = f"""
MATCH (n:{{kind}}) WHERE n.id IN $ids
MATCH (n)-[r]->(m)
WHERE {_LEARNABLE}
RETURN type(r) AS relation, {NODE_TYPE} AS type, collect(n.id) AS sources, collect(m.id) AS targets
"""

SAMPLE = """
CALL mmkg.sample($users, [], {hops: $hops, fanout: $fanout, fanouts: $fanouts, seed: $seed, ids: true})
YIELD ids, edges RETURN ids, edges
"""

CLICKS = """
MATCH (u:User) WHERE u.id IN $ids
MATCH (u)-[c:CLICKED]->(m:Item)
WITH u, m, c, CASE WHEN u.cold IS NULL AND m.cold IS NULL THEN coalesce(c.split, 'train')
                   WHEN u.cold IS NULL THEN 'cold film ' + m.cold
                   WHEN m.cold IS NULL THEN 'cold user ' + u.cold END AS split
WHERE split IN $splits
RETURN collect(u.id) AS users, collect(m.id) AS items, collect(split) AS splits,
       collect(coalesce(c.at, -1)) AS times
"""


@dataclass(frozen=True)
class Ripple:
    """A part of the graph as a heterograph; node number i of a type is `ids[type][i]`, sorted by id."""

    graph: Heterograph
    ids: Mapping[str, list[str]]

    def count(self, node_type: str) -> int:
        """How many nodes of a type there are; 0 for a type that the graph does not hold."""
        return len(self.ids.get(node_type, ()))

    def fingerprint(self) -> str:
        """Hash everything: nodes, facts, media and training clicks. Other content, other fingerprint."""
        return _hash(self, NODE_TYPES, lambda edge_type: True)

    def vocabulary(self, *, users: bool = False) -> str:
        """Hash what a model's parameters are numbered by: the items, the entities and their facts.

        Args:
            users: the users too, for a model that has parameters of theirs.
        """
        known = ("item", "entity")
        return _hash(
            self,
            (*known, "user") if users else known,
            lambda edge_type: edge_type[0] in known and edge_type[2] in known,
        )


@dataclass(frozen=True)
class Clicks:
    """Clicks as numbers of a snapshot's users and items, sorted by user and item."""

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    times: NDArray[np.float64]
    """Seconds since 1970; -1 where the source does not tell."""

    def __len__(self) -> int:
        return len(self.users)

    def taken(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Clicks:
        """Return some of the clicks, by their places or a mask, in the order of the places."""
        return Clicks(self.users[rows], self.items[rows], self.times[rows])

    @classmethod
    def joined(cls, parts: Sequence[Clicks]) -> Clicks:
        """Return all clicks of several parts, sorted anew."""
        columns = ([getattr(part, name) for part in parts] for name in ("users", "items", "times"))
        every = cls(*(np.concatenate(column) for column in columns))
        return every.taken(np.lexsort((every.items, every.users)))


class RippleSampler:
    """Ask the graph for ripples by Cypher, one round trip a ripple, columns and not rows.

    Args:
        graph: the connection.
        hops: how far a ripple goes; a user's films are the first hop.
        fanout: neighbours kept, at random, of each node for each relation and direction.
        fanouts: the same for single relation types, for instance `{"ACTED_IN": 4}`, or for a direction of
            one: `{"<HAS_GENRE": 4}`, which leads from the genre to its films, and `"HAS_GENRE>"`.
        page: nodes in one answer when the whole graph is exported.

    Example:
        >>> ripple = RippleSampler(graph, hops=2).sample(["1", "2"])
        >>> ripple.graph.num_nodes("item")
    """

    def __init__(
        self,
        graph: Graph,
        *,
        hops: int = 2,
        fanout: int = 20,
        fanouts: Mapping[str, int] | None = None,
        page: int = 5000,
    ) -> None:
        self.graph = graph
        self.hops = hops
        self.fanout = fanout
        self.fanouts = dict(fanouts or {})
        self.page = page
        self._typing = {**TYPING, "held_back": HELD_BACK}

    def sample(self, users: Sequence[str], seed: int | None = None) -> Ripple:
        """Draw the k-hop ripple of some users; `gnn.draw` draws batches for a training.

        Args:
            users: their ids.
            seed: the same seed gives the same ripple of the same graph; unless told, each differs.

        Raises:
            GraphError: none of the users is in the graph.
        """
        ((ids, found),) = self.graph.values(
            SAMPLE,
            users=list(dict.fromkeys(users)),
            hops=self.hops,
            fanout=self.fanout,
            fanouts=self.fanouts,
            seed=secrets.randbits(62) if seed is None else seed,
        )
        if not found:
            raise GraphError(
                "none of the users has a click", remedy="Check the ids, and that clicks were ingested"
            )
        edges = {}
        for edge in found:
            ends = (edge["source"], edge["target"])
            columns = [
                [ids[kind][row] for row in np.frombuffer(packed, dtype="<i8").tolist()]
                for kind, packed in zip(ends, (edge["sources"], edge["targets"]), strict=True)
            ]
            edges[ends[0], edge["relation"], ends[1]] = (columns[0], columns[1])
        return make_ripple({kind: sorted(names) for kind, names in ids.items()}, edges)

    def snapshot(self) -> Ripple:
        """Export the whole graph once, in pages.

        Raises:
            GraphError: there is no film or no click in the graph.
        """
        ids: dict[str, list[str]] = {node_type: [] for node_type in NODE_TYPES}
        edges: dict[EdgeType, list[Named]] = {}
        for kind in (*KINDS, "Media"):
            for page in self._node_pages(kind):
                origin = dict(zip(page["ids"], page["types"], strict=True))
                for node_id, node_type in origin.items():
                    if node_type:
                        ids[node_type].append(node_id)
                self._read_edges(edges, kind, origin)
        if not ids["item"]:
            raise GraphError("the graph holds no film", remedy="Ingest a catalogue with `mmkg ingest` first")
        if CLICK not in edges:
            raise GraphError(
                "the graph holds no click to learn from",
                remedy="Ingest clicks with `mmkg ingest`; ratings below --min-rating are no clicks",
            )
        return make_ripple({kind: sorted(found) for kind, found in ids.items()}, _joined(edges))

    def media_edges(self, ids: Mapping[str, list[str]]) -> dict[EdgeType, Edges]:
        """Read the relations that begin at media, as numbers of these nodes."""
        edges: dict[EdgeType, list[Named]] = {}
        for page in self._node_pages("Media"):
            self._read_edges(edges, "Media", dict(zip(page["ids"], page["types"], strict=True)))
        return _numbered(ids, _joined(edges))

    def clicks(
        self, ripple: Ripple, splits: Sequence[str] = SPLITS, names: Sequence[str] | None = None
    ) -> dict[str, Clicks]:
        """Read the clicks by split, held-out ones too unless `splits` leaves them out, for the evaluator.

        Args:
            ripple: numbers the users and items.
            splits: which splits.
            names: ids of the users whose clicks are read; of all unless told.
        """
        users = {user: number for number, user in enumerate(ripple.ids["user"])}
        items = {item: number for number, item in enumerate(ripple.ids["item"])}
        rows: dict[str, list[tuple[int, int, float]]] = {split: [] for split in splits}
        names = ripple.ids["user"] if names is None else names
        for start in range(0, len(names), self.page):
            for columns in self.graph.read(CLICKS, ids=names[start : start + self.page], splits=[*splits]):
                for user, item, split, at in zip(*columns.values(), strict=True):
                    if item in items:
                        rows[split].append((users[user], items[item], at))
        return {split: _clicks(found) for split, found in rows.items()}

    def _read_edges(
        self,
        edges: dict[EdgeType, list[Named]],
        kind: str,
        origin: Mapping[str, str],
    ) -> None:
        """Read what begins at some nodes, whose types are given, and put it under its edge types."""
        for row in self.graph.read(EDGES.format(kind=kind), ids=list(origin), **self._typing):
            if row["type"]:
                _file_edges(edges, origin, row)

    def _node_pages(self, kind: str) -> Iterator[dict[str, Any]]:
        after = ""
        while True:
            (page,) = self.graph.read(
                NODES.format(kind=kind, type=NODE_TYPE), after=after, page=self.page, **self._typing
            )
            if not page["ids"]:
                return
            yield page
            after = page["ids"][-1]


def _hash(ripple: Ripple, node_types: Sequence[str], chosen: Callable[[EdgeType], bool]) -> str:
    digest = hashlib.sha256()
    for node_type in node_types:
        digest.update(json.dumps([node_type, ripple.ids.get(node_type, [])]).encode())
    for edge_type in filter(chosen, heterograph.edge_types(ripple.graph)):
        digest.update(json.dumps(edge_type).encode())
        for column in heterograph.edges(ripple.graph, edge_type):
            digest.update(column.numpy().tobytes())
    return digest.hexdigest()[:16]


def _file_edges(
    edges: dict[EdgeType, list[Named]],
    origin: Mapping[str, str],
    row: Mapping[str, Any],
) -> None:
    """Put an answer's edges under their edge types; media nodes of one page can be of several types."""
    for source_type in {origin[source] for source in row["sources"]} - {""}:
        chosen = [i for i, source in enumerate(row["sources"]) if origin[source] == source_type]
        edges.setdefault((source_type, row["relation"], row["type"]), []).append(
            ([row["sources"][i] for i in chosen], [row["targets"][i] for i in chosen])
        )


def make_ripple(ids: dict[str, list[str]], edges: Mapping[EdgeType, Named]) -> Ripple:
    """Make a ripple of sorted ids and edges between ids; the same graph gives the same arrays."""
    graph = heterograph.build(_numbered(ids, edges), {kind: len(found) for kind, found in ids.items()})
    return Ripple(graph, ids)


def _joined(
    edges: Mapping[EdgeType, Sequence[Named]],
) -> dict[EdgeType, Named]:
    return {
        edge_type: ([s for part in parts for s in part[0]], [t for part in parts for t in part[1]])
        for edge_type, parts in edges.items()
    }


def _numbered(ids: Mapping[str, list[str]], edges: Mapping[EdgeType, Named]) -> dict[EdgeType, Edges]:
    """Turn ids into places among the nodes of their type, sorted; what is not there is left out."""
    number = {kind: {node: i for i, node in enumerate(found)} for kind, found in ids.items()}
    numbered = {}
    for (source_type, relation, target_type), (sources, targets) in sorted(edges.items()):
        pairs = np.array(
            [
                (number[source_type][s], number[target_type][t])
                for s, t in zip(sources, targets, strict=True)
                if s in number[source_type] and t in number[target_type]
            ],
            dtype=np.int64,
        ).reshape(-1, 2)
        pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
        numbered[source_type, relation, target_type] = (
            np.ascontiguousarray(pairs[:, 0]),
            np.ascontiguousarray(pairs[:, 1]),
        )
    return numbered


def _clicks(rows: list[tuple[int, int, float]]) -> Clicks:
    rows.sort()
    users, items, times = zip(*rows, strict=True) if rows else ((), (), ())
    return Clicks(
        np.array(users, dtype=np.int64), np.array(items, dtype=np.int64), np.array(times, dtype=np.float64)
    )
