package org.mmkg.model;

import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.mmkg.graph.Nodes;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;

/** Finds the model whose vectors answer a call. */
public final class Models {

    private static final Set<String> SLOTS = Set.of("a", "b");
    private static final int ATTEMPTS = 10;
    private static final long PAUSE_NANOSECONDS = 1_000_000;

    private Models() {}

    /**
     * The model with this id, or the active one where the id is null.
     *
     * @throws IllegalArgumentException no model has this id
     * @throws IllegalStateException no model is active, or this one has no vectors in the graph
     */
    public static Model find(Transaction tx, String id) {
        Node node = id == null ? active(tx) : tx.findNode(Vocabulary.MODEL, Vocabulary.ID, id);
        if (node == null) {
            throw new IllegalArgumentException("no model has the id '%s'; MATCH (m:Model) RETURN m.id lists them"
                    .formatted(id));
        }
        var properties = node.getProperties("slot", "dimension");
        if (properties.get("slot") instanceof String slot
                && SLOTS.contains(slot)
                && properties.get("dimension") instanceof Number dimension) {
            return new Model(node, Nodes.id(node), slot, dimension.intValue());
        }
        throw withoutVectors(Nodes.id(node));
    }

    /** The error for a model that made no vector in the graph, or whose slot a later model took. */
    public static IllegalStateException withoutVectors(String id) {
        return new IllegalStateException(
                "the model '%s' has no vectors in the graph: run `mmkg embed` with it".formatted(id));
    }

    /** The error for a model that wrote no vectors of media. */
    public static IllegalStateException withoutMedia(Model model) {
        return new IllegalStateException(
                "the model '%s' wrote no vectors of texts, posters, sounds or trailers: run `mmkg embed`"
                        .formatted(model.id()));
    }

    /**
     * What tells the model's vectors of media that belong together.
     *
     * @throws IllegalStateException it wrote none
     */
    public static String requiredMedia(Model model) {
        return model.mediaVersion().orElseThrow(() -> withoutMedia(model));
    }

    /** The error for a film that came after the model. */
    public static IllegalStateException withoutVector(Node film, Model model) {
        return new IllegalStateException("the film '%s' has no vector of the model '%s': run `mmkg embed`"
                .formatted(Nodes.id(film), model.id()));
    }

    /**
     * A scan that meets the moment when `mmkg embed` switches models may see both as active, or neither, since other
     * transactions' commits show at once. A scan a moment later sees the new state.
     */
    private static Node active(Transaction tx) {
        List<Node> found = List.of();
        for (int attempt = 0; attempt < ATTEMPTS && found.size() != 1; attempt++) {
            if (attempt > 0) {
                LockSupport.parkNanos(PAUSE_NANOSECONDS);
            }
            try (var nodes = tx.findNodes(Vocabulary.MODEL, "active", true)) {
                found = nodes.stream().toList();
            }
        }
        if (found.isEmpty()) {
            throw new IllegalStateException("no model is active: run `mmkg train`, then `mmkg embed`");
        }
        if (found.size() > 1) {
            throw new IllegalStateException("%d models are active (%s): run `mmkg embed` to choose one"
                    .formatted(found.size(), String.join(", ", found.stream().map(Nodes::id).sorted().toList())));
        }
        return found.get(0);
    }
}
