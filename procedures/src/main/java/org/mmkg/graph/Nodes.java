package org.mmkg.graph;

import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.Node;

/** What every procedure asks of a node: its id, its name, and whether it is of the right kind. */
public final class Nodes {

    private Nodes() {}

    /**
     * Returns the node if it carries the label.
     *
     * @throws IllegalArgumentException it is null or something else; the message says what to pass instead
     */
    public static Node required(String argument, Node node, Label label) {
        if (present(argument, node).hasLabel(label)) {
            return node;
        }
        String labels = StreamSupport.stream(node.getLabels().spliterator(), false)
                .map(Label::name)
                .sorted()
                .collect(Collectors.joining(", "));
        throw new IllegalArgumentException("'%s' must be a %s node, but %s"
                .formatted(argument, label.name(), labels.isEmpty() ? "it has no label" : "its labels are " + labels));
    }

    /**
     * Returns the node if there is one.
     *
     * @throws IllegalArgumentException it is null
     */
    public static Node present(String argument, Node node) {
        if (node == null) {
            throw new IllegalArgumentException(
                    "'%s' is null: MATCH the node first, and pass the variable".formatted(argument));
        }
        return node;
    }

    /** The node's `id`, which is unique among its kind, as text; empty where it has none. */
    public static String id(Node node) {
        return node.getProperty(Vocabulary.ID, "").toString();
    }

    /** What people call the node, where the graph knows it: its `title` or its `name`, unless that is only the id. */
    public static Optional<String> name(Node node) {
        return Arrays.asList("title", "name").stream()
                .map(key -> node.getProperty(key, null))
                .filter(Objects::nonNull)
                .map(Object::toString)
                .filter(name -> !name.isBlank() && !name.equals(id(node)))
                .findFirst();
    }

    /** A film in words: `Star Wars (1977)`, or its id where the graph knows no title. */
    public static String title(Node film) {
        String name = name(film).orElseGet(() -> "film " + id(film));
        Object year = film.getProperty("year", null);
        return year == null ? name : "%s (%s)".formatted(name, year);
    }
}
