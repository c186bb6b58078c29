"""The connection to the graph database: one object that runs Cypher and turns failures into our errors."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

import neo4j
from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConfigurationError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
)

from kg.procedures import Procedures
from mmkg.errors import ConnectError, GraphError
from mmkg.settings import Settings

Row = dict[str, Any]
T = TypeVar("T")

OURS = re.compile(r"Failed to invoke procedure `mmkg\.\w+`: Caused by: [\w.$]+: (.+)", re.DOTALL)
"""A message of our own plugin, behind what the database puts before it."""
OUR_NAME = re.compile(r"`mmkg\.\w+`")


class Graph(Procedures):
    """A graph database, with the procedures of our plugin as methods.

    Example:
        >>> with Graph.connect() as graph:
        ...     graph.recommend("1", k=5)
        ...     graph.read("MATCH (m:Movie {id: $id}) RETURN m.title AS title", id="1")
    """

    def __init__(self, driver: neo4j.Driver, database: str) -> None:
        self.driver = driver
        self.database = database

    @classmethod
    def connect(cls, settings: Settings | None = None) -> Graph:
        """Open the connection and check that it works.

        Args:
            settings: which database; unless told, what the environment or `mmkg.toml` names, or else the
                local server of `mmkg up`.

        Raises:
            ConnectError: no server answers, the login is refused, or the database does not exist.
        """
        settings = settings or Settings.load()
        if settings.neo4j_uri is None:
            raise ConnectError(
                "no graph database is known", remedy="Run `mmkg up`, or set NEO4J_URI and NEO4J_PASSWORD"
            )
        with _translated(settings.neo4j_uri):
            try:
                driver = neo4j.GraphDatabase.driver(
                    settings.neo4j_uri,
                    auth=(settings.neo4j_username, settings.neo4j_password.get_secret_value()),
                    connection_timeout=10,
                    max_transaction_retry_time=30,
                    notifications_min_severity="OFF",
                )
            except (ConfigurationError, ValueError) as error:
                raise ConnectError(
                    f"the address cannot be used ({error})",
                    where=settings.neo4j_uri,
                    remedy="Give NEO4J_URI as bolt://host:port",
                ) from None
            try:
                with driver.session(database=settings.neo4j_database) as session:
                    session.run("RETURN 1").consume()  # not execute_query: it would try for half a minute
            except BaseException:
                driver.close()
                raise
        return cls(driver, settings.neo4j_database)

    def read(self, cypher: str, /, **parameters: Any) -> list[Row]:
        """Run a reading statement and return its rows; transient errors are retried."""
        return self._run(cypher, neo4j.RoutingControl.READ, parameters)

    def values(self, cypher: str, /, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a reading statement and return its rows as they come, without names: for long columns."""
        with _translated(self.database):
            return [
                tuple(record)
                for record in self.driver.execute_query(
                    cypher,
                    parameters_=parameters,
                    routing_=neo4j.RoutingControl.READ,
                    database_=self.database,
                ).records
            ]

    def write(self, cypher: str, /, **parameters: Any) -> list[Row]:
        """Run a writing statement in one transaction and return its rows; transient errors are retried."""
        return self._run(cypher, neo4j.RoutingControl.WRITE, parameters)

    def run_auto_commit(self, cypher: str, /, **parameters: Any) -> list[Row]:
        """Run a statement that manages its own transactions, such as `CALL {} IN TRANSACTIONS`."""
        with _translated(self.database), self.driver.session(database=self.database) as session:
            return [record.data() for record in session.run(cypher, parameters)]

    def in_transaction(self, work: Callable[[neo4j.ManagedTransaction], T]) -> T:
        """Do the work in one transaction: all of it or nothing.

        Transient errors are retried, so the work may run more than once and must not change anything else.
        """
        with _translated(self.database), self.driver.session(database=self.database) as session:
            return session.execute_write(work)

    def close(self) -> None:
        """Close the connection."""
        self.driver.close()

    def __enter__(self) -> Graph:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, cypher: str, routing: neo4j.RoutingControl, parameters: dict[str, Any]) -> list[Row]:
        with _translated(self.database):
            result = self.driver.execute_query(
                cypher,
                parameters_=parameters,
                routing_=routing,
                database_=self.database,
            )
        return [record.data() for record in result.records]


def wait_until(
    graph: Graph, cypher: str, *, seconds: float, what: str, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Ask until the statement's first column is true, and call `meanwhile` after each question.

    Raises:
        GraphError: it is still false after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not all(next(iter(row.values())) for row in graph.read(cypher)):
        if time.monotonic() > deadline:
            raise GraphError(f"{what} took longer than {seconds:.0f} s", where=graph.database)
        meanwhile()
        time.sleep(0.2)


@contextmanager
def _translated(where: str) -> Iterator[None]:
    """Turn the driver's exceptions into ours, which say what to do next."""
    try:
        yield
    except AuthError:
        raise ConnectError(
            "the graph database refuses the login",
            where=where,
            remedy="Check NEO4J_USERNAME and NEO4J_PASSWORD",
        ) from None
    except ServiceUnavailable as error:
        raise ConnectError(
            f"the graph database does not answer ({error})",
            where=where,
            remedy="Check NEO4J_URI, or start the local servers with `mmkg up`",
        ) from None
    except ClientError as error:
        if error.code == "Neo.ClientError.Database.DatabaseNotFound":
            raise ConnectError(
                "the database does not exist", where=where, remedy="Check NEO4J_DATABASE"
            ) from None
        raise _refusal(error, where) from error
    except (Neo4jError, DriverError) as error:
        raise GraphError(str(error), where=where) from error


def _refusal(error: ClientError, where: str) -> GraphError:
    message = str(error.message)
    if ours := OURS.fullmatch(message):
        return GraphError(ours[1])
    if error.code == "Neo.ClientError.Procedure.ProcedureNotFound" and (name := OUR_NAME.search(message)):
        return GraphError(
            f"the database has no procedure {name[0]}",
            where=where,
            remedy="It lacks our plugin, or has an older one: `mmkg up` brings it to the local server, "
            "`procedures/pom.xml` builds it for another",
        )
    return GraphError(f"{message} [{error.code}]", where=where)
