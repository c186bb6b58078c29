package org.mmkg.sample;

import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;
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
        return StreamSupport.stream(node.getLabels().spliterator(), false)
                .map(Label::name)
                .filter(BY_LABEL::containsKey)
                .findFirst()
                .map(BY_LABEL::get);
    }

    /** As it is called in the answer. */
    String text() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
