package org.mmkg.explain;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.mmkg.graph.Nodes;
import org.mmkg.model.Vectors;
import org.neo4j.graphdb.Node;

/**
 * The score of a film for a user, divided among the films that he clicked.
 *
 * <p>With the vectors v_i of his clicks, m = Σ v_i / |Σ v_i| their direction, u his own vector and f the film's:
 *
 * <pre>u·f = (u·m) m·f + (u − (u·m) m)·f = Σ (u·m) v_i·f / |Σ v_i| + rest</pre>
 *
 * A user without a vector of his own is met at u = m. Then the rest is nothing, and the shares of the clicks are all.
 *
 * @param score u·f
 * @param clicks the share of each click, the greatest first, whatever its sign
 * @param rest what the user's own vector has apart from the direction of his clicks
 */
record Shares(double score, List<Share> clicks, double rest) {

    /** The share of one click. */
    record Share(Node film, double value) {

        private static final Comparator<Share> GREATEST_FIRST = Comparator.<Share>comparingDouble(
                        share -> Math.abs(share.value))
                .reversed()
                .thenComparing(share -> Nodes.id(share.film));
    }

    /**
     * Divides the score.
     *
     * @param taste u, of unit length
     * @param film f
     * @param clicked v_i
     */
    static Shares of(double[] taste, double[] film, Map<Node, double[]> clicked) {
        List<Share> shares = new ArrayList<>();
        Vectors.direction(List.copyOf(clicked.values())).ifPresent(direction -> {
            double length = clicked.values().stream()
                    .mapToDouble(vector -> Vectors.dot(vector, direction))
                    .sum();
            double along = Vectors.dot(taste, direction) / length;
            clicked.forEach((click, vector) -> shares.add(new Share(click, along * Vectors.dot(vector, film))));
        });
        shares.sort(Share.GREATEST_FIRST);
        double score = Vectors.dot(taste, film);
        return new Shares(score, shares, score - sum(shares));
    }

    static double sum(List<Share> shares) {
        return shares.stream().mapToDouble(Share::value).sum();
    }
}
