package org.mmkg.recall;

import java.util.Comparator;
import org.mmkg.graph.Nodes;
import org.neo4j.graphdb.Node;

/** A film and its score. Of many films that are sorted, the ids of few matter, so each is read when it is asked for. */
public final class Scored {

    /** The best first; equal scores in the order of the ids, so that the same call gives the same answer. */
    public static final Comparator<Scored> BEST_FIRST =
            Comparator.comparingDouble(Scored::score).reversed().thenComparing(Scored::id);

    private final Node film;
    private final double score;
    private String id;

    public Scored(Node film, double score) {
        this.film = film;
        this.score = score;
    }

    public Node film() {
        return film;
    }

    public double score() {
        return score;
    }

    public String id() {
        if (id == null) {
            id = Nodes.id(film);
        }
        return id;
    }
}
