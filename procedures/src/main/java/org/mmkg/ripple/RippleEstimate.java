package org.mmkg.ripple;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.mmkg.estimate.Estimate;
import org.mmkg.estimate.Sizes;
import org.mmkg.graph.Counts;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.RelationshipType;
import org.neo4j.procedure.TerminationGuard;

/**
 * What mmkg.ripple reads at most. The first hop is known by the degrees of the start, the second by those of its
 * neighbours, unless there are too many to look at. Else, from f nodes, a hop follows no more than
 *
 * <pre>Σ over the types T of min(f · fanout, 2 · relations of T)</pre>
 *
 * relations, and meets no more nodes than that. What was returned alone is walked from, so f is never above the limit.
 */
final class RippleEstimate {

    private static final int MOST_NEIGHBOURS = 1_000;

    private final Counts counts;
    private final TerminationGuard guard;
    private final RippleOptions options;

    RippleEstimate(Counts counts, TerminationGuard guard, RippleOptions options) {
        this.counts = counts;
        this.guard = guard;
        this.options = options;
    }

    Estimate of(Node start) {
        long most = Math.min(options.limit(), Math.max(0, counts.allNodes() - 1));
        Hop hop = first(start);
        Hop largest = hop;
        long nodes = hop.relations;
        long relations = hop.relations;
        for (int depth = 2; depth <= options.hops(); depth++) {
            hop = depth == 2 && hop.relations <= MOST_NEIGHBOURS
                    ? second(start)
                    : next(depth, Math.min(hop.relations, most));
            largest = hop.relations > largest.relations ? hop : largest;
            nodes += hop.relations;
            relations += hop.relations;
        }
        nodes = Math.min(nodes, most);
        return new Estimate(nodes, relations, nodes * Sizes.STEP + relations * Sizes.ENTITY, largest.words());
    }

    private Hop first(Node start) {
        Hop hop = new Hop(1);
        for (RelationshipType type : start.getRelationshipTypes()) {
            hop.add(type.name(), Math.min(options.fanout(), start.getDegree(type)));
        }
        return hop;
    }

    /** The way back is not followed. */
    private Hop second(Node start) {
        Hop hop = new Hop(2);
        Set<Node> met = new HashSet<>(Set.of(start));
        for (RelationshipType type : start.getRelationshipTypes()) {
            try (var relations = start.getRelationships(type)) {
                relations.stream()
                        .limit(options.fanout())
                        .map(relation -> relation.getOtherNode(start))
                        .filter(met::add)
                        .forEach(node -> onward(node, type, hop));
            }
        }
        return hop;
    }

    private void onward(Node node, RelationshipType arrived, Hop hop) {
        guard.check();
        for (RelationshipType type : node.getRelationshipTypes()) {
            int degree = node.getDegree(type) - (type.name().equals(arrived.name()) ? 1 : 0);
            hop.add(type.name(), Math.min(options.fanout(), degree));
        }
    }

    private Hop next(int depth, long from) {
        Hop hop = new Hop(depth);
        for (String type : counts.types()) {
            hop.add(type, Math.min(from * options.fanout(), 2 * counts.relationsOf(type)));
        }
        return hop;
    }

    /** The relations that a hop follows at most, and the type that has most of them. */
    private static final class Hop {

        private final int depth;
        private final Map<String, Long> byType = new HashMap<>();
        private long relations;
        private long most;
        private String type = "";

        Hop(int depth) {
            this.depth = depth;
        }

        void add(String name, long count) {
            relations += count;
            long ofType = byType.merge(name, count, Long::sum);
            if (ofType > most) {
                most = ofType;
                type = name;
            }
        }

        String words() {
            return relations == 0
                    ? "nothing: the node has no relation"
                    : "hop %d: at most %d relations, %d of them %s".formatted(depth, relations, most, type);
        }
    }
}
