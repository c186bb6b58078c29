package org.mmkg.recommend;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.RelationshipType;

/** Counts how many films of a series were chosen: films are of one series where `SEQUEL_OF` leads from one to the other. */
final class Series {

    private static final RelationshipType SEQUEL_OF = RelationshipType.withName("SEQUEL_OF");
    private static final int MOST_FILMS = 1_000;

    private final int most;
    private final Map<Node, Node> firsts = new HashMap<>();
    private final Map<Node, Integer> chosen = new HashMap<>();

    /** @param most how many films of one series may be chosen */
    Series(int most) {
        this.most = most;
    }

    /** Whether one more film of this one's series may be chosen. */
    boolean hasRoom(Node film) {
        return most == Integer.MAX_VALUE || chosen.getOrDefault(first(film), 0) < most;
    }

    void choose(Node film) {
        if (most < Integer.MAX_VALUE) {
            chosen.merge(first(film), 1, Integer::sum);
        }
    }

    /** The film that stands for the series: the first of the database. */
    private Node first(Node film) {
        if (!firsts.containsKey(film)) {
            Set<Node> series = around(film);
            Node first = series.stream().min(Comparator.comparing(Node::getElementId)).orElseThrow();
            series.forEach(part -> firsts.put(part, first));
        }
        return firsts.get(film);
    }

    private static Set<Node> around(Node film) {
        Set<Node> series = new HashSet<>(Set.of(film));
        Deque<Node> open = new ArrayDeque<>(series);
        while (!open.isEmpty() && series.size() < MOST_FILMS) {
            Node next = open.remove();
            try (var sequels = next.getRelationships(SEQUEL_OF)) {
                sequels.stream()
                        .map(sequel -> sequel.getOtherNode(next))
                        .filter(series::add)
                        .forEach(open::add);
            }
        }
        return series;
    }
}
