package org.mmkg.graph;

import org.neo4j.graphdb.Transaction;
import org.neo4j.graphdb.schema.Schema.IndexState;

/** The indexes that the procedures ask. */
public final class Indexes {

    private Indexes() {}

    /**
     * Checks that an index is there and ready.
     *
     * @param kind of the index, for the message: `vector` or `full-text`
     * @param remedy what makes it, for the message
     * @throws IllegalStateException it is missing, or still being built
     */
    public static void require(Transaction tx, String kind, String name, String remedy) {
        IndexState state;
        try {
            var schema = tx.schema();
            state = schema.getIndexState(schema.getIndexByName(name));
        } catch (IllegalArgumentException missing) {
            throw new IllegalStateException("the %s index '%s' does not exist: %s".formatted(kind, name, remedy));
        }
        if (state != IndexState.ONLINE) {
            throw new IllegalStateException("the %s index '%s' is %s: wait until SHOW INDEXES says ONLINE, or %s again"
                    .formatted(kind, name, state, remedy));
        }
    }
}
