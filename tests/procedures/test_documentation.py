"""What the database says of the procedures, and what docs/procedures.md says."""

import re
from pathlib import Path
from typing import Any

import pytest

from kg import Graph
from kg.jars import NEO4J_VERSION
from mmkg.errors import GraphError

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "procedures.md"
POM = ROOT / "procedures" / "pom.xml"
SHOW = """
SHOW PROCEDURES YIELD name, description, mode, argumentDescription AS arguments, returnDescription AS fields
WHERE name STARTS WITH 'mmkg.' RETURN name, description, mode, arguments, fields
"""
SHOW_FUNCTIONS = """
SHOW FUNCTIONS YIELD name, description, argumentDescription AS arguments
WHERE name STARTS WITH 'mmkg.' RETURN name, description, arguments
"""
FUNCTIONS = {"mmkg.link"}
PROCEDURES = {
    "mmkg.click",
    "mmkg.embed.status",
    "mmkg.explain",
    "mmkg.models",
    "mmkg.path",
    "mmkg.path.estimate",
    "mmkg.recommend",
    "mmkg.recommend.estimate",
    "mmkg.recommendFor",
    "mmkg.recommendFor.estimate",
    "mmkg.ripple",
    "mmkg.ripple.estimate",
    "mmkg.sample",
    "mmkg.search",
    "mmkg.similar",
    "mmkg.similar.estimate",
    "mmkg.stats",
}
WRITES = {"mmkg.click"}
ESTIMATE = ".estimate"
WRONG_OPTION = """
MATCH (user:User), (movie:Movie) CALL {name}({arguments}) YIELD {field} RETURN {field}
"""
VALUES = {
    "user": "user",
    "users": "[user.id]",
    "films": "[movie.id]",
    "movie": "movie",
    "movies": "[movie]",
    "node": "movie",
    "from": "movie",
    "to": "movie",
    "text": "'x'",
    "options": "{no_such_option: 1}",
}
"""An expression for each argument."""


@pytest.fixture
def procedures(graph: Graph) -> list[dict[str, Any]]:
    """Return what SHOW PROCEDURES says of the plugin."""
    return graph.read(SHOW)


def test_every_procedure_argument_and_field_is_described(procedures: list[dict[str, Any]]) -> None:
    assert {p["name"] for p in procedures} == PROCEDURES
    for procedure in procedures:
        assert procedure["description"].endswith("."), procedure["name"]
        for item in procedure["arguments"] + procedure["fields"]:
            # Where there is no description, the database gives `name :: TYPE`.
            assert item["description"].endswith("."), (procedure["name"], item["name"])
        assert procedure["mode"] == ("WRITE" if procedure["name"] in WRITES else "READ")


def test_every_procedure_argument_option_and_field_is_in_the_document(
    graph: Graph, procedures: list[dict[str, Any]]
) -> None:
    sections = dict(re.findall(r"^## `([\w.]+)`\n(.*?)(?=^## |\Z)", DOCUMENT.read_text(), re.M | re.S))
    estimates = [p for p in procedures if p["name"].endswith(ESTIMATE)]
    assert sections.keys() == {p["name"] for p in procedures if p not in estimates} | FUNCTIONS
    for procedure in procedures:
        if procedure in estimates:
            continue
        rows = set(re.findall(r"^\| `(\w+)` \|", sections[procedure["name"]], re.M))
        wanted = {item["name"] for item in procedure["arguments"] + procedure["fields"]}
        wanted |= set(options(graph, procedure))
        assert rows == wanted, procedure["name"]
        assert f"CALL {procedure['name']}(" in sections[procedure["name"]]


def test_an_estimate_takes_what_its_procedure_takes_and_all_are_in_one_section(
    graph: Graph, procedures: list[dict[str, Any]]
) -> None:
    found = re.search(r"^## Estimates\n(.*?)(?=^## )", DOCUMENT.read_text(), re.M | re.S)
    assert found is not None
    by_name = {p["name"]: p for p in procedures}
    for name, procedure in by_name.items():
        if name.endswith(ESTIMATE):
            called = by_name[name.removesuffix(ESTIMATE)]
            assert procedure["arguments"] == called["arguments"]
            assert options(graph, procedure) == options(graph, called)
            assert f"CALL {name}(" in found[1]
            rows = set(re.findall(r"^\| `(\w+)` \|", found[1], re.M))
            assert rows == {field["name"] for field in procedure["fields"]}


def test_every_function_is_described_and_in_the_document(graph: Graph) -> None:
    functions = graph.read(SHOW_FUNCTIONS)
    assert {function["name"] for function in functions} == FUNCTIONS
    for function in functions:
        section = re.search(rf"^## `{function['name']}`\n(.*?)(?=^## |\Z)", DOCUMENT.read_text(), re.M | re.S)
        assert section is not None
        described = [function["description"], *(each["description"] for each in function["arguments"])]
        assert all(text.endswith(".") for text in described)
        options = re.findall(r"(\w+) \(default", " ".join(described))
        rows = set(re.findall(r"^\| `(\w+)` \|", section[1], re.M))
        assert rows == {each["name"] for each in function["arguments"]} | set(options)


def test_the_options_are_in_the_description_of_the_argument(
    graph: Graph, procedures: list[dict[str, Any]]
) -> None:
    for procedure in procedures:
        described = "".join(a["description"] for a in procedure["arguments"] if a["name"] == "options")
        assert re.findall(r"(\w+) \(default", described) == options(graph, procedure)


def test_the_examples_of_the_document_run(graph: Graph) -> None:
    examples = re.findall(r"^```cypher\n(.*?)^```", DOCUMENT.read_text(), re.M | re.S)
    assert len(examples) >= 3
    for example in examples:
        graph.write(example)  # the graph is empty, so that nothing matches; a wrong name or type still fails


def test_maven_compiles_against_the_version_that_the_local_server_runs() -> None:
    assert f"<neo4j.version>{NEO4J_VERSION}</neo4j.version>" in POM.read_text()


def options(graph: Graph, procedure: dict[str, Any]) -> list[str]:
    """Ask the procedure itself which options it knows: a wrong one makes it name them all."""
    arguments = [argument["name"] for argument in procedure["arguments"]]
    if "options" not in arguments:
        return []
    graph.write("MERGE (:Item:Movie {id: 'm'}) MERGE (:User {id: 'u'})")
    call = WRONG_OPTION.format(
        name=procedure["name"],
        arguments=", ".join(VALUES[argument] for argument in arguments),
        field=procedure["fields"][0]["name"],
    )
    with pytest.raises(GraphError) as caught:
        graph.write(call)
    found = re.search(r"The options are: (\w+(?:, \w+)*)", str(caught.value))
    assert found is not None
    return found.group(1).split(", ")
