package org.mmkg.path;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import org.mmkg.graph.Nodes;
import org.mmkg.graph.Trail;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Path;
import org.neo4j.graphdb.Relationship;
import org.neo4j.procedure.TerminationGuard;

/**
 * The shortest paths between two nodes over facts, the most telling first.
 *
 * <p>The search goes from both ends until they meet. What lies on shortest paths is a graph without cycles, often of far
 * more paths than anybody wants (every film of a genre); the least costly come out of it one by one, by the search of A*
 * with the exact cost that remains. A path costs the sum of the logarithms of its inner nodes' numbers of relations.
 */
final class ShortestPaths {

    private final TerminationGuard guard;
    private final Node from;
    private final Node to;
    private final Map<Node, List<Relationship>> onward = new HashMap<>();
    private final Map<Node, Double> remaining = new HashMap<>();

    ShortestPaths(TerminationGuard guard, Node from, Node to) {
        this.guard = guard;
        this.from = from;
        this.to = to;
    }

    /** At most k of the shortest paths; none where every path is longer than maxHops. */
    List<Path> find(int maxHops, int k) {
        Reach ahead = new Reach(guard, from);
        Reach back = new Reach(guard, to);
        List<Node> met = List.of();
        while (met.isEmpty()) {
            boolean fromAhead = ahead.frontier().size() <= back.frontier().size();
            Reach one = fromAhead ? ahead : back;
            Reach other = fromAhead ? back : ahead;
            if (one.frontier().isEmpty() || ahead.depth() + back.depth() == maxHops) {
                return List.of();
            }
            one.expand();
            met = one.frontier().stream().filter(other::contains).toList();
        }
        follow(ahead, met, true);
        follow(back, met, false);
        return cheapest(k);
    }

    /** Notes the relations between where the two met and the start of one of them, in the direction to the end. */
    private void follow(Reach reach, List<Node> met, boolean reverse) {
        Set<Node> known = new HashSet<>(met);
        List<Node> left = new ArrayList<>(met);
        while (!left.isEmpty()) {
            guard.check();
            Node node = left.remove(left.size() - 1);
            for (Relationship relation : reach.backwards(node)) {
                Node nearer = relation.getOtherNode(node);
                onward.computeIfAbsent(reverse ? nearer : node, start -> new ArrayList<>()).add(relation);
                if (known.add(nearer)) {
                    left.add(nearer);
                }
            }
        }
    }

    private List<Path> cheapest(int k) {
        PriorityQueue<Step> queue = new PriorityQueue<>(Step.CHEAPEST_FIRST);
        queue.add(new Step(null, null, from, 0, remaining(from), ""));
        List<Path> paths = new ArrayList<>();
        while (!queue.isEmpty() && paths.size() < k) {
            guard.check();
            Step step = queue.remove();
            if (step.node.equals(to)) {
                paths.add(step.path(from));
                continue;
            }
            for (Relationship relation : onward.get(step.node)) {
                Node next = relation.getOtherNode(step.node);
                double cost = step.cost + cost(next);
                String key = step.key + '\0' + relation.getType().name() + '\0' + Nodes.id(next);
                queue.add(new Step(step, relation, next, cost, cost + remaining(next), key));
            }
        }
        return paths;
    }

    /** The least cost from the node to the end; the depth of the recursion is the length of the path. */
    private double remaining(Node node) {
        if (node.equals(to)) {
            return 0;
        }
        Double known = remaining.get(node);
        if (known == null) {
            guard.check();
            known = Double.POSITIVE_INFINITY;
            for (Relationship relation : onward.get(node)) {
                Node next = relation.getOtherNode(node);
                known = Math.min(known, cost(next) + remaining(next));
            }
            remaining.put(node, known);
        }
        return known;
    }

    /** What many are connected to tells little of two. */
    private double cost(Node node) {
        return node.equals(to) ? 0 : Math.log(node.getDegree());
    }

    /**
     * The last step of the beginning of a path.
     *
     * @param key orders paths of equal cost, so that the same call gives the same answer
     */
    private record Step(Step before, Relationship relation, Node node, double cost, double estimate, String key) {

        static final Comparator<Step> CHEAPEST_FIRST =
                Comparator.comparingDouble(Step::estimate).thenComparing(Step::key);

        Path path(Node from) {
            List<Relationship> relations = new ArrayList<>();
            for (Step step = this; step.before != null; step = step.before) {
                relations.add(step.relation);
            }
            Collections.reverse(relations);
            return Trail.along(from, relations);
        }
    }
}
