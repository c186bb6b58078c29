package org.mmkg.explain;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.mmkg.graph.Nodes;
import org.mmkg.model.Taste;
import org.mmkg.model.Vectors;
import org.neo4j.graphdb.Node;

/**
 * The score of a film for a user, divided among the films that he clicked.
 *
 * @param score u·f, of the user's vector and the film's
 * @param clicks the share of each click, the greatest first, whatever its sign
 * @param rest what the shares of the clicks leave over
 * @param ofRest how much that is
 */
record Shares(double score, List<Share> clicks, Rest rest, double ofRest) {

    /** What a score is made of apart from clicks. */
    enum Rest {
        NONE(""),
        EVERYBODY("what the model gives every user"),
        OWN_VECTOR("what the model knows of the user apart from the mean of his clicks");

        private final String words;

        Rest(String words) {
            this.words = words;
        }

        String words() {
            return words;
        }
    }

    /** The share of one click. */
    record Share(Node film, double value) {

        private static final Comparator<Share> GREATEST_FIRST = Comparator.<Share>comparingDouble(
                        share -> Math.abs(share.value))
                .reversed()
                .thenComparing(share -> Nodes.id(share.film));
    }

    /** Divides the score of a user whom the model's layers made of his clicks: exactly. */
    static Shares of(Taste taste, double[] film, Map<Node, double[]> causes) {
        Taste.Parts parts = taste.parts(film);
        return new Shares(
                Vectors.dot(taste.vector(), film), sorted(causes, parts::of), Rest.EVERYBODY, parts.ofEverybody());
    }

    /**
     * Divides the score of a user with a vector of which nothing is known but that. With the vectors v_i of his clicks
     * and their direction m = Σ v_i / |Σ v_i|:
     *
     * <pre>u·f = (u·m) m·f + (u − (u·m) m)·f = Σ (u·m) v_i·f / |Σ v_i| + rest</pre>
     *
     * A user without a vector of his own is met at u = m. Then the rest is nothing, and the shares of the clicks are all.
     *
     * @param taste u, of unit length
     * @param film f
     * @param clicked v_i
     */
    static Shares of(double[] taste, double[] film, Map<Node, double[]> clicked, Rest rest) {
        double score = Vectors.dot(taste, film);
        List<Share> shares = Vectors.direction(List.copyOf(clicked.values()))
                .map(direction -> {
                    double length = clicked.values().stream()
                            .mapToDouble(vector -> Vectors.dot(vector, direction))
                            .sum();
                    double along = Vectors.dot(taste, direction) / length;
                    return sorted(clicked, vector -> along * Vectors.dot(vector, film));
                })
                .orElse(List.of());
        return new Shares(score, shares, rest, score - sum(shares));
    }

    static double sum(List<Share> shares) {
        return shares.stream().mapToDouble(Share::value).sum();
    }

    private static List<Share> sorted(Map<Node, double[]> clicked, ToDoubleFunction<double[]> share) {
        List<Share> shares = new ArrayList<>();
        clicked.forEach((film, vector) -> shares.add(new Share(film, share.applyAsDouble(vector))));
        shares.sort(Share.GREATEST_FIRST);
        return shares;
    }
}
