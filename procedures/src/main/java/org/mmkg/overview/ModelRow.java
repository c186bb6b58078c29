package org.mmkg.overview;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Comparator;
import java.util.Map;
import org.mmkg.graph.Nodes;
import org.neo4j.graphdb.Node;
import org.neo4j.procedure.Description;

/** One row of mmkg.models. */
public final class ModelRow {

    static final Comparator<ModelRow> NEWEST_FIRST = Comparator.<ModelRow, String>comparing(row -> row.created)
            .reversed()
            .thenComparing(row -> row.id);

    private static final ObjectMapper JSON = new ObjectMapper();

    @Description("Its id, which the option `model` of the other procedures takes.")
    public final String id;

    @Description("Its architecture, such as `mgnn`.")
    public final String name;

    @Description("When it was trained: UTC, ISO 8601. Empty where the graph does not tell.")
    public final String created;

    @Description("The dimension of its vectors; null where the graph does not tell.")
    public final Long dimension;

    @Description("`a` or `b`, where its vectors are; null where none are. A later `mmkg embed` may take it away.")
    public final String slot;

    @Description("Whether it is the one that answers where no other is asked for.")
    public final boolean active;

    @Description("What it reached on the valid clicks, by the name of the metric; empty where the graph does not tell.")
    public final Map<String, Object> metrics;

    @Description("The Model node, with all that it says.")
    public final Node node;

    ModelRow(Node node) {
        this.id = Nodes.id(node);
        this.name = node.getProperty("name", "").toString();
        this.created = node.getProperty("created", "").toString();
        this.dimension = node.getProperty("dimension", null) instanceof Number number ? number.longValue() : null;
        this.slot = node.getProperty("slot", null) instanceof String text ? text : null;
        this.active = Boolean.TRUE.equals(node.getProperty("active", false));
        this.metrics = metrics(node.getProperty("metrics", "{}").toString());
        this.node = node;
    }

    /** The graph holds a JSON text, since a property cannot be a map. One that somebody broke counts as none. */
    @SuppressWarnings("unchecked")
    private static Map<String, Object> metrics(String json) {
        try {
            Map<String, Object> metrics = JSON.readValue(json, Map.class);
            return metrics == null ? Map.of() : metrics;
        } catch (JsonProcessingException broken) {
            return Map.of();
        }
    }
}
