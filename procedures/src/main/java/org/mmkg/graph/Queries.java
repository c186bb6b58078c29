package org.mmkg.graph;

import java.util.List;
import java.util.Map;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.QueryExecutionException;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.TerminationGuard;

/** Runs a constant statement within the transaction of a call. */
public final class Queries {

    private Queries() {}

    /** The nodes of the statement's only column. A transaction that was stopped says so, and not that a query failed. */
    public static List<Node> nodes(
            Transaction tx, TerminationGuard guard, String statement, Map<String, Object> parameters) {
        guard.check();
        try (var result = tx.execute(statement, parameters)) {
            return result.<Node>columnAs(result.columns().get(0)).stream().toList();
        } catch (QueryExecutionException failed) {
            guard.check();
            throw failed;
        }
    }
}
