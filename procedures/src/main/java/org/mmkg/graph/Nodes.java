package org.mmkg.graph;

import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;

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
        throw new IllegalArgumentException(
                "'%s' must be a %s node, but %s".formatted(argument, label.name(), labelled(node)));
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

    /** What labels the node has, for a message. */
    public static String labelled(Node node) {
        String labels = labels(node).collect(Collectors.joining(", "));
        return labels.isEmpty() ? "it has no label" : "its labels are " + labels;
    }

    /** What the node is: its second label, such as `Movie` or `Person`, or its base label where it has no other. */
    public static String kind(Node node) {
        return labels(node)
                .filter(label -> !Vocabulary.BASE_LABELS.contains(label))
                .findFirst()
                .or(() -> labels(node).findFirst())
                .orElse("");
    }

    /** The film with this id, where the catalogue has one. The unique index is that of the base label. */
    public static Optional<Node> film(Transaction tx, String id) {
        return Optional.ofNullable(tx.findNode(Vocabulary.ITEM, Vocabulary.ID, id))
                .filter(node -> node.hasLabel(Vocabulary.MOVIE));
    }

    /**
     * The film that is meant: a Movie node, or the id of one.
     *
     * @throws IllegalArgumentException it is neither, or no film has this id
     */
    public static Node film(Transaction tx, String argument, Object value) {
        if (value instanceof Node node) {
            return required(argument, node, Vocabulary.MOVIE);
        }
        if (value instanceof String id) {
            return film(tx, id)
                    .orElseThrow(() -> new IllegalArgumentException("no film has the id '%s'".formatted(id)));
        }
        throw neither(argument, value, Vocabulary.MOVIE);
    }

    /** The error for a value that is no node of the label, and no id either. */
    public static IllegalArgumentException neither(String argument, Object value, Label label) {
        return new IllegalArgumentException("'%s' must be a %s node or its id, a string, but it is %s"
                .formatted(argument, label.name(), value));
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

    private static Stream<String> labels(Node node) {
        return StreamSupport.stream(node.getLabels().spliterator(), false).map(Label::name).sorted();
    }
}
