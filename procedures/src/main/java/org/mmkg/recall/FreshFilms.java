package org.mmkg.recall;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.mmkg.graph.Queries;
import org.mmkg.model.Model;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.TerminationGuard;

/** The films that entered the graph after the model, which the vector index cannot know. */
public final class FreshFilms {

    /** By the database's own numbers, which the scan of a label gives in order: its cost does not grow with the graph. */
    private static final String NEWEST = "MATCH (m:Movie) RETURN m ORDER BY id(m) DESC LIMIT $most";

    private final Transaction tx;
    private final TerminationGuard guard;
    private final Model model;

    public FreshFilms(Transaction tx, TerminationGuard guard, Model model) {
        this.tx = tx;
        this.guard = guard;
        this.model = model;
    }

    /** The wanted films without a vector of the model, among the newest of the graph; at most so many are looked at. */
    public List<Node> find(int most, Predicate<Node> wanted) {
        if (most == 0) {
            return List.of();
        }
        return Queries.nodes(tx, guard, NEWEST, Map.of("most", most)).stream()
                .peek(film -> guard.check())
                .filter(film -> !model.knows(film))
                .filter(wanted)
                .toList();
    }
}
