package org.mmkg.recall;

import java.util.Comparator;
import org.mmkg.graph.Nodes;
import org.neo4j.graphdb.Node;

/** A film and its score. */
public record Scored(Node film, double score, String id) {

    /** The best first; equal scores in the order of the ids, so that the same call gives the same answer. */
    public static final Comparator<Scored> BEST_FIRST =
            Comparator.comparingDouble(Scored::score).reversed().thenComparing(Scored::id);

    public Scored(Node film, double score) {
        this(film, score, Nodes.id(film));
    }
}
