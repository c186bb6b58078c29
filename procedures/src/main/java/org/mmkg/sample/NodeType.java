package org.mmkg.sample;

import java.util.Map;
import java.util.Optional;
import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.Node;

/** What a model takes a node for; `gnn.sampler` has the same table. */
enum NodeType {
    USER,
    ITEM,
    ENTITY,
    TEXT,
    IMAGE,
    AUDIO,
    VIDEO;

    private static final Map<String, NodeType> BY_LABEL = Map.of(
            "User", USER,
            "Item", ITEM,
            "Entity", ENTITY,
            "Text", TEXT,
            "Poster", IMAGE,
            "Still", IMAGE,
            "Audio", AUDIO,
            "Trailer", VIDEO,
            "Clip", VIDEO);

    /** The type of a node; empty where no model knows such nodes. */
    static Optional<NodeType> of(Node node) {
        for (Label label : node.getLabels()) {
            NodeType type = BY_LABEL.get(label.name());
            if (type != null) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** As it is called in the answer. */
    String text() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
