package org.mmkg.embed;

import org.neo4j.graphdb.Transaction;

/** The state of a vector index. */
record IndexView(String name, String state, Double percent) {

    static final IndexView NONE = new IndexView(null, null, null);

    static IndexView of(Transaction tx, String name) {
        var schema = tx.schema();
        try {
            var index = schema.getIndexByName(name);
            return new IndexView(
                    name,
                    schema.getIndexState(index).name(),
                    (double) schema.getIndexPopulationProgress(index).getCompletedPercentage());
        } catch (IllegalArgumentException missing) {
            return new IndexView(name, "MISSING", null);
        }
    }
}
