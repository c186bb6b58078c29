"""Real servers for every test: one Neo4j and one S3 server, started once and stopped at the end."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator

import hypothesis
import pytest
import small_graph

from kg import Graph
from kg.schema import migrate
from mmkg import servers
from mmkg.settings import Settings
from storage import BlobStore

# No test asserts how long something takes: an example may be slow on a busy machine.
hypothesis.settings.register_profile("mmkg", deadline=None)
hypothesis.settings.load_profile("mmkg")

# A shell that starts `make test` with & ignores Ctrl-C for it, and what tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

EMPTY = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"
COUNT = "MATCH (n) RETURN count(n) AS nodes"


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Both servers, with a data directory of this session's own, or those that the environment names.

    `MMKG_HOME` is set to that directory, so that commands that a test starts find the same servers.
    """
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MMKG_HOME", str(tmp_path_factory.mktemp("home")))
        try:
            servers.up(Settings.load())
            settings = Settings.load()
            refuse_foreign_data(settings)
            yield settings
        finally:
            servers.down(Settings.load())


@pytest.fixture
def graph(settings: Settings) -> Iterator[Graph]:
    """A connection to the database, which has the schema and no node."""
    with Graph.connect(settings) as graph:
        graph.run_auto_commit(EMPTY)
        migrate(graph)
        yield graph
        graph.run_auto_commit(EMPTY)


@pytest.fixture
def films(graph: Graph) -> Iterator[Graph]:
    """A connection to the database, which holds the films of `small_graph`."""
    with small_graph.written(graph):
        yield graph


@pytest.fixture
def store(settings: Settings) -> Iterator[BlobStore]:
    """A bucket of this test's own."""
    bucket = f"test-{uuid.uuid4().hex}"
    with BlobStore.connect(settings.model_copy(update={"minio_bucket": bucket})) as store:
        yield store
        for item in store.client.list_objects(bucket, recursive=True):
            store.client.remove_object(bucket, str(item.object_name))
        store.client.remove_bucket(bucket)


def refuse_foreign_data(settings: Settings) -> None:
    """End the session rather than empty a database that somebody uses."""
    if settings.external_neo4j:
        with Graph.connect(settings) as graph:
            if graph.read(COUNT)[0]["nodes"]:
                pytest.exit("NEO4J_URI names a database that holds data, and the tests would delete it", 2)
