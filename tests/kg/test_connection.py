import pytest
from pydantic import SecretStr

from kg import Graph
from mmkg.errors import ConnectError, GraphError
from mmkg.settings import Settings

NODES = "MATCH (n:Probe) RETURN count(n) AS nodes"


def test_read_and_write(graph: Graph) -> None:
    graph.write("UNWIND $ids AS id CREATE (:Probe {id: id})", ids=[1, 2])
    assert graph.read(NODES) == [{"nodes": 2}]


def test_a_transaction_is_all_or_nothing(graph: Graph) -> None:
    def work(transaction):
        transaction.run("CREATE (:Probe)").consume()
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        graph.in_transaction(work)
    assert graph.read(NODES) == [{"nodes": 0}]


def test_a_refused_statement_says_why(graph: Graph) -> None:
    with pytest.raises(GraphError, match="SyntaxError"):
        graph.read("THIS IS NO CYPHER")


def test_no_server_is_known(tmp_path) -> None:
    with pytest.raises(ConnectError, match="mmkg up"):
        Graph.connect(Settings(home=tmp_path, cache=tmp_path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neo4j_uri": "bolt://127.0.0.1:9"}, "does not answer"),
        ({"neo4j_uri": "gopher://127.0.0.1"}, "cannot be used"),
        ({"neo4j_password": SecretStr("wrong-and-secret")}, "refuses the login"),
        ({"neo4j_database": "elsewhere"}, "does not exist"),
    ],
)
def test_what_cannot_be_connected_to(settings: Settings, change, message) -> None:
    with pytest.raises(ConnectError, match=message) as caught:
        Graph.connect(settings.model_copy(update=change))
    assert caught.value.exit_code == 4
    assert caught.value.remedy
    assert "secret" not in str(caught.value)
