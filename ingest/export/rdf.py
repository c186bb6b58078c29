"""An export as RDF: nodes.nt.gz and relations.nt.gz, N-Triples that any RDF tool reads.

A node is `urn:mmkg:Item:1`, its labels are classes, and its properties literals of their type. Classes,
properties and relation types are names under `urn:mmkg:terms:`. A list is one literal of type rdf:JSON, for
RDF's own lists would need a blank node for each entry. A relation is a triple, and an rdf:Statement that
carries its properties.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote, unquote

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse, serialize

from ingest.export.jsonl import Things
from kg.dump import End, NodeRecord, RelationRecord
from kg.model import Properties, Value

NODES = "nodes.nt.gz"
RELATIONS = "relations.nt.gz"

BASE = "urn:mmkg:"
TERMS = "urn:mmkg:terms:"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XSD = "http://www.w3.org/2001/XMLSchema#"
TYPE = NamedNode(f"{RDF}type")
STATEMENT = NamedNode(f"{RDF}Statement")
SUBJECT, PREDICATE, OBJECT = (NamedNode(f"{RDF}{name}") for name in ("subject", "predicate", "object"))
JSON = NamedNode(f"{RDF}JSON")
INTEGER, DOUBLE, BOOLEAN = (NamedNode(f"{XSD}{name}") for name in ("integer", "double", "boolean"))
PARSERS: dict[str, Callable[[str], Any]] = {
    JSON.value: json.loads,
    INTEGER.value: int,
    DOUBLE.value: float,
    BOOLEAN.value: lambda text: text == "true",
    f"{XSD}string": str,
}
LEVEL = 6
"""Of compression: what gzip itself takes."""


def write(things: Things, folder: Path, _name: str = "") -> None:
    """Write both files into a folder."""
    with _compressed(folder / NODES) as nodes, _compressed(folder / RELATIONS) as relations:
        for node, leaving in things:
            nodes.write(_lines(_node_triples(node)))
            relations.write(_lines(triple for relation in leaving for triple in _relation_triples(relation)))


def read_nodes(path: Path) -> Iterator[NodeRecord]:
    """Yield the nodes of a file that `write` wrote: the triples of a node stand together."""
    for subject, triples in _things(path):
        end = _end(subject)
        labels, properties = [], {}
        for triple in triples:
            if triple.predicate == TYPE:
                labels.append(_term(triple.object))
            else:
                properties[_term(triple.predicate)] = _value(triple.object)
        yield NodeRecord(end.kind, tuple(sorted(set(labels) - {end.kind})), properties)


def read_relations(path: Path) -> Iterator[RelationRecord]:
    """Yield the relations of a file that `write` wrote: the triples of a statement stand together."""
    for _, triples in _things(path):
        parts: dict[NamedNode, Any] = {}
        properties = {}
        for triple in triples:
            if triple.predicate.value.startswith(TERMS):
                if isinstance(triple.object, Literal):
                    properties[_term(triple.predicate)] = _value(triple.object)
            else:
                parts[triple.predicate] = triple.object
        if parts:  # else it is the plain triple, which the statement says again
            start, end = _end(parts[SUBJECT]), _end(parts[OBJECT])
            yield RelationRecord(_term(parts[PREDICATE]), start, end, properties)


def _lines(triples: Iterable[Triple]) -> bytes:
    return serialize(triples, format=RdfFormat.N_TRIPLES) or b""


def _node_triples(node: NodeRecord) -> Iterator[Triple]:
    here = _node_name(End(node.kind, node.id))
    for label in (node.kind, *node.labels):
        yield Triple(here, TYPE, _term_name(label))
    yield from _property_triples(here, node.properties)


def _relation_triples(relation: RelationRecord) -> Iterator[Triple]:
    start, end, predicate = _node_name(relation.start), _node_name(relation.end), _term_name(relation.type)
    ends = ":".join(quote(part, safe="") for part in (*relation.start, *relation.end))
    here = NamedNode(f"{BASE}relation:{relation.type}:{ends}")
    yield Triple(start, predicate, end)
    yield Triple(here, TYPE, STATEMENT)
    yield Triple(here, SUBJECT, start)
    yield Triple(here, PREDICATE, predicate)
    yield Triple(here, OBJECT, end)
    yield from _property_triples(here, relation.properties)


def _property_triples(here: NamedNode, properties: Properties) -> Iterator[Triple]:
    for name, value in properties.items():
        yield Triple(here, _term_name(name), _literal(value))


def _literal(value: Value) -> Literal:
    if isinstance(value, str):
        return Literal(value)
    if isinstance(value, bool):
        return Literal("true" if value else "false", datatype=BOOLEAN)
    if isinstance(value, int):
        return Literal(str(value), datatype=INTEGER)
    if isinstance(value, float):
        return Literal(repr(value), datatype=DOUBLE)
    return Literal(json.dumps(value, ensure_ascii=False), datatype=JSON)


def _value(literal: object) -> Value:
    if not isinstance(literal, Literal):
        raise TypeError(f"no literal: {literal}")
    return cast("Value", PARSERS[literal.datatype.value](literal.value))


def _node_name(end: End) -> NamedNode:
    return NamedNode(f"{BASE}{end.kind}:{quote(end.id, safe='')}")


def _end(name: Any) -> End:
    kind, _, node_id = name.value.removeprefix(BASE).partition(":")
    return End(kind, unquote(node_id, errors="strict"))


def _term_name(text: str) -> NamedNode:
    return NamedNode(f"{TERMS}{text}")


def _term(name: Any) -> str:
    return str(name.value).removeprefix(TERMS)


def _things(path: Path) -> Iterator[tuple[Any, Iterable[Any]]]:
    with gzip.open(path, "rb") as file:
        yield from groupby(parse(cast("BinaryIO", file), RdfFormat.N_TRIPLES), lambda triple: triple.subject)


@contextmanager
def _compressed(path: Path) -> Iterator[gzip.GzipFile]:
    """Open a file to write; its bytes tell neither its name nor the time."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=LEVEL, mtime=0) as file,
    ):
        yield file
