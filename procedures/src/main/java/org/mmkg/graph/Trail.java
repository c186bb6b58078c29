package org.mmkg.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Collectors;
import org.neo4j.graphdb.Entity;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Path;
import org.neo4j.graphdb.Relationship;

/** A path made of relations that were found one by one: there is one node more than there are relations. */
public record Trail(List<Node> nodes, List<Relationship> relationships) implements Path {

    /** The path that starts at the node and follows the relations, each in whichever direction leads on. */
    public static Trail along(Node start, List<Relationship> relations) {
        List<Node> nodes = new ArrayList<>(List.of(start));
        for (Relationship relation : relations) {
            nodes.add(relation.getOtherNode(nodes.get(nodes.size() - 1)));
        }
        return new Trail(List.copyOf(nodes), List.copyOf(relations));
    }

    @Override
    public Node startNode() {
        return nodes.get(0);
    }

    @Override
    public Node endNode() {
        return nodes.get(nodes.size() - 1);
    }

    @Override
    public Relationship lastRelationship() {
        return relationships.isEmpty() ? null : relationships.get(relationships.size() - 1);
    }

    @Override
    public Iterable<Relationship> reverseRelationships() {
        return reversed(relationships);
    }

    @Override
    public Iterable<Node> reverseNodes() {
        return reversed(nodes);
    }

    @Override
    public int length() {
        return relationships.size();
    }

    @Override
    public Iterator<Entity> iterator() {
        List<Entity> all = new ArrayList<>();
        for (int i = 0; i < length(); i++) {
            all.add(nodes.get(i));
            all.add(relationships.get(i));
        }
        all.add(endNode());
        return all.iterator();
    }

    @Override
    public String toString() {
        return nodes.stream().map(Nodes::id).collect(Collectors.joining(" - "));
    }

    private static <T> List<T> reversed(List<T> list) {
        List<T> copy = new ArrayList<>(list);
        Collections.reverse(copy);
        return copy;
    }
}
