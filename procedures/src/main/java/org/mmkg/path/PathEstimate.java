package org.mmkg.path;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.mmkg.estimate.Estimate;
import org.mmkg.estimate.Sizes;
import org.mmkg.graph.Counts;
import org.mmkg.graph.Facts;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.RelationshipType;

/**
 * What mmkg.path reads at most. One hop reads the facts of the first node; two those of both, or of the only neighbour
 * that the first one has. Where more are allowed, nothing but the graph's size bounds the search: each side may see
 * every fact from both of its ends, up to the limit of the procedure.
 */
final class PathEstimate {

    /** Two nodes have far fewer facts between them. */
    private static final int MOST_PARALLEL = 200;

    private final Counts counts;
    private final PathOptions options;

    PathEstimate(Counts counts, PathOptions options) {
        this.counts = counts;
        this.options = options;
    }

    Estimate of(Node from, Node to) {
        long facts = counts.types().stream().filter(Facts::isFact).mapToLong(counts::relationsOf).sum();
        long subjects = counts.nodesWith("Item") + counts.nodesWith("Entity");
        long near = facts(from);
        long relations = near;
        String words = "the %d facts of the first node".formatted(near);
        if (near > 0 && options.maxHops() == 2) {
            relations = near + facts(onlyNeighbour(from, near, to));
            words = "the facts of the two ends: %d".formatted(relations);
        } else if (near > 0 && options.maxHops() > 2) {
            relations = 2 * Math.min(2 * facts, Reach.MOST_RELATIONS);
            words = "all %d facts of the graph, unless the two sides meet before".formatted(facts);
        }
        long nodes = Math.min(subjects, relations + 2);
        return new Estimate(nodes, relations, (nodes + relations) * Sizes.ENTITY, words);
    }

    /** Whose facts the second step reads: those of the other end, unless the first has a single neighbour. */
    private static Node onlyNeighbour(Node from, long near, Node to) {
        if (near > MOST_PARALLEL) {
            return to;
        }
        Set<Node> neighbours = new HashSet<>();
        Facts.read(from, MOST_PARALLEL, fact -> neighbours.add(fact.getOtherNode(from)));
        return neighbours.size() == 1 ? neighbours.iterator().next() : to;
    }

    private static long facts(Node node) {
        return StreamSupport.stream(node.getRelationshipTypes().spliterator(), false)
                .map(RelationshipType::name)
                .filter(Facts::isFact)
                .mapToLong(type -> node.getDegree(RelationshipType.withName(type)))
                .sum();
    }
}
