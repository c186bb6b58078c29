package org.mmkg.recall;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.neo4j.graphdb.Node;

/** The films around what a user clicked last, by the graph alone: the first hop of his ripple beyond his clicks. */
public final class RippleFilms {

    /** How many of the clicks are looked around. */
    public static final int LATEST_CLICKS = 5;

    private final Relatives relatives;

    public RippleFilms(Relatives relatives) {
        this.relatives = relatives;
    }

    /** How many relations from shared entities are followed around a click: beyond, the entities tell ever less. */
    public static int mostShared(int most) {
        return Math.min(most, Relatives.MOST_RELATIONS);
    }

    /**
     * The wanted films that are most closely related to the latest clicks, at most so many, the closest first.
     *
     * @param clicked the latest first
     */
    public List<Node> find(List<Node> clicked, int most, Predicate<Node> wanted) {
        Map<Node, Double> weights = new HashMap<>();
        if (most > 0) {
            int shared = mostShared(most);
            clicked.stream().limit(LATEST_CLICKS).map(film -> relatives.of(film, shared)).forEach(some ->
                    some.forEach((other, weight) -> weights.merge(other, weight, Double::sum)));
        }
        weights.keySet().removeIf(film -> !wanted.test(film));
        double least = least(weights, most);
        return weights.entrySet().stream()
                .filter(entry -> entry.getValue() >= least)
                .map(entry -> new Scored(entry.getKey(), entry.getValue()))
                .sorted(Scored.BEST_FIRST)
                .limit(most)
                .map(Scored::film)
                .toList();
    }

    /** The weight from which on a film may be among so many; most films are below it, and need no sorting. */
    private static double least(Map<Node, Double> weights, int most) {
        return weights.values().stream()
                .sorted()
                .skip(Math.max(0, weights.size() - most))
                .findFirst()
                .orElse(0.0);
    }
}
