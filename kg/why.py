"""Why a node is as it is: who states each of its properties and relations, and which rule decided."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kg.connection import Graph
from kg.explanation import Alignment, Group, Overruled, Place, Stated, Tie, Why
from kg.imports import known
from kg.lookup import Found, find
from kg.model import DERIVED
from kg.provenance import OWN, Statement, resolve, same, statements_of
from mmkg.settings import Settings

RELATIONS_SHOWN = 5
NO_VECTORS = ", ".join(f"{name}: null" for name in DERIVED)

NODE = f"""
MATCH (n:{{kind}} {{{{id: $id}}}})
RETURN labels(n) AS labels, n {{{{.*, {NO_VECTORS}}}}} AS stored,
       [model IN [n.embedding_a_model, n.embedding_b_model] WHERE model IS NOT NULL] AS models
"""
GROUPS = """
MATCH (n:{kind} {{id: $id}})-[r]-()
RETURN type(r) AS type, startNode(r) = n AS outgoing, count(*) AS count ORDER BY type, outgoing DESC
"""
RELATIONS = """
MATCH (n:{kind} {{id: $id}}){left}-[r]-{right}(o) WHERE type(r) = $type
WITH r, o ORDER BY o.id LIMIT $most
RETURN properties(r) AS stored, labels(o) AS labels, o.id AS id, coalesce(o.title, o.name) AS name
"""
ALIGNED = """
MATCH (n:Entity {id: $id})-[s:SAME_AS]-(o:Entity) WHERE s.record IS NOT NULL
RETURN startNode(s) = n AS is_alias, o.id AS id, o.name AS name, s.score AS score, s.method AS method,
       s.record AS record
ORDER BY id
"""


def run(settings: Settings, text: str, *, relations: int = RELATIONS_SHOWN) -> Why:
    """Explain a node of the graph that the settings name.

    Raises:
        InputError: there is no such node, or more than one.
        ConnectError, GraphError: the database is away or refuses.
    """
    with Graph.connect(settings) as graph:
        return why(graph, find(graph, text), relations)


def why(graph: Graph, node: Found, relations: int = RELATIONS_SHOWN) -> Why:
    """Explain a node.

    Args:
        graph: the graph.
        node: which; kg.lookup finds it.
        relations: how many of each type and direction are told, at most.
    """
    (row,) = graph.read(NODE.format(kind=node.kind), id=node.id)
    statements = statements_of(row["labels"], row["stored"])
    labels: dict[str, list[Place]] = defaultdict(list)
    for statement in statements:
        for label in sorted(statement.labels):
            labels[label].append(Place.of(statement))
    found = Why(
        node,
        _who(statements),
        dict(labels),
        _properties(row["stored"], statements),
        sorted(set(row["models"])),
    )
    found.alignments = [_alignment(each) for each in graph.read(ALIGNED, id=node.id)] * (
        node.kind == "Entity"
    )
    found.groups = list(_groups(graph, node, relations, found.alignments))
    named = {place.import_id for place in _all_places(found)}
    found.imports = {name: each for name, each in known(graph).items() if name in named}
    return found


def _groups(graph: Graph, node: Found, most: int, alignments: Sequence[Alignment]) -> Iterator[Group]:
    for row in graph.read(GROUPS.format(kind=node.kind), id=node.id):
        cypher = RELATIONS.format(
            kind=node.kind,
            left="" if row["outgoing"] else "<",
            right=">" if row["outgoing"] else "",
        )
        ties = []
        for each in graph.read(cypher, id=node.id, type=row["type"], most=most):
            statements = statements_of((), each["stored"])
            fact = row["type"], row["outgoing"], each["id"]
            aliases = [one.other for one in alignments if not one.is_alias and fact in one.moved]
            properties = [one for one in _properties(each["stored"], statements) if one.name != "record"]
            places = _who(statements)
            ties.append(Tie(each["labels"], each["id"], each["name"], properties, places, aliases))
        yield Group(row["type"], row["outgoing"], row["count"], ties)


def _properties(stored: Mapping[str, Any], statements: Sequence[Statement]) -> list[Stated]:
    """Tell of each property who states its value, and who another."""
    resolution = resolve(statements)
    found = []
    for name, value in sorted(stored.items()):
        if name in OWN or value is None:
            continue
        source = resolution.sources.get(name)
        if source is None or not same(source.properties[name], value):
            found.append(Stated(name, value, [], []))  # set by hand since
            continue
        stating = [each for each in statements if name in each.properties]
        agreeing = [each for each in stating if each is not source and same(each.properties[name], value)]
        overruled = [
            Overruled(each.properties[name], Place.of(each), _rule(source, each))
            for each in stating
            if not same(each.properties[name], value)
        ]
        places = [Place.of(each) for each in (source, *agreeing) if each.import_id]
        found.append(Stated(name, value, places, overruled))
    return found


def _rule(stands: Statement, yields: Statement) -> str:
    if yields.fills and not stands.fills:
        return "it only fills gaps"
    return "of two that fill gaps, the earlier stands" if yields.fills else "the later statement stands"


def _who(statements: Iterable[Statement]) -> list[Place]:
    """Return the imports that state the thing at all."""
    return list(dict.fromkeys(Place.of(each) for each in statements if each.import_id))


def _alignment(row: Mapping[str, Any]) -> Alignment:
    record = json.loads(row["record"])
    moves = record.get("moves", [])
    return Alignment(
        row["is_alias"],
        row["id"],
        row["name"],
        row["score"],
        row["method"],
        len(moves),
        record.get("filled", []),
        {(move["type"], move["outgoing"], move["after"]) for move in moves},
    )


def _all_places(found: Why) -> Iterator[Place]:
    ties = [tie for group in found.groups for tie in group.ties]
    yield from found.places
    for stated in (*found.properties, *(each for tie in ties for each in tie.properties)):
        yield from (overruled.place for overruled in stated.overruled)
    for tie in ties:
        yield from tie.places
