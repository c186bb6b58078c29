package org.mmkg.path;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.mmkg.graph.Facts;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.procedure.TerminationGuard;

/** What can be reached from a node over facts in so many steps, and by which relations in no fewer. */
final class Reach {

    /** Enough for films of a million facts around them; a search that needs more is none that anybody waits for. */
    static final long MOST_RELATIONS = 2_000_000;

    private final TerminationGuard guard;
    private final Map<Node, Integer> distances = new HashMap<>();
    private final Map<Node, List<Relationship>> backwards = new HashMap<>();
    private List<Node> frontier;
    private int depth;
    private long relations;

    Reach(TerminationGuard guard, Node start) {
        this.guard = guard;
        this.frontier = List.of(start);
        distances.put(start, 0);
    }

    int depth() {
        return depth;
    }

    /** The nodes at exactly this depth. */
    List<Node> frontier() {
        return frontier;
    }

    boolean contains(Node node) {
        return distances.containsKey(node);
    }

    /** The relations from the node to those one step nearer to the start. */
    List<Relationship> backwards(Node node) {
        return backwards.getOrDefault(node, List.of());
    }

    /**
     * Goes one step farther.
     *
     * @throws IllegalStateException there are too many facts to look at
     */
    void expand() {
        depth++;
        List<Node> next = new ArrayList<>();
        for (Node node : frontier) {
            Facts.read(node, MOST_RELATIONS + 1, relation -> follow(relation, relation.getOtherNode(node), next));
        }
        frontier = next;
    }

    private void follow(Relationship relation, Node other, List<Node> next) {
        guard.check();
        if (++relations > MOST_RELATIONS) {
            throw new IllegalStateException(
                    "more than %d facts lie around the two nodes: lower 'maxHops'".formatted(MOST_RELATIONS));
        }
        Integer before = distances.putIfAbsent(other, depth);
        if (before == null) {
            next.add(other);
        }
        if (before == null || before == depth) {
            backwards.computeIfAbsent(other, node -> new ArrayList<>()).add(relation);
        }
    }
}
