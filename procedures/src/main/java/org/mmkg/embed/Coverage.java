package org.mmkg.embed;

import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.TerminationGuard;

/** How many films and users have a vector of a model, by the stamp that `mmkg embed` sets with each. */
record Coverage(long films, long filmsWithout, long users, long usersWithout) {

    static final Coverage NOTHING = new Coverage(0, 0, 0, 0);

    static Coverage of(Transaction tx, TerminationGuard guard, String model, String slot) {
        long[] films = count(tx, guard, Vocabulary.MOVIE, model, slot);
        long[] users = count(tx, guard, Vocabulary.USER, model, slot);
        return new Coverage(films[0], films[1], users[0], users[1]);
    }

    private static long[] count(Transaction tx, TerminationGuard guard, Label label, String model, String slot) {
        String stamp = "embedding_" + slot + "_model";
        long[] with = new long[2];
        try (var nodes = tx.findNodes(label)) {
            nodes.stream().forEach(node -> {
                guard.check();
                with[model.equals(node.getProperty(stamp, null)) ? 0 : 1]++;
            });
        }
        return with;
    }
}
