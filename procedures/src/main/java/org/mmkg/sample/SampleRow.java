package org.mmkg.sample;

import java.util.List;
import java.util.Map;
import org.neo4j.procedure.Description;

/** The only row of mmkg.sample. */
public final class SampleRow {

    @Description("By node type, the internal ids of the nodes as bytes, eight for each number, the lowest first.")
    public final Map<String, Object> nodes;

    @Description("A map for each edge type: source, relation and target as text; sources and targets as bytes, eight for"
            + " each number, which is a place in nodes.")
    public final List<Map<String, Object>> edges;

    @Description("By node type, the ids of the nodes in the same order; empty unless asked for.")
    public final Map<String, Object> ids;

    SampleRow(Map<String, Object> nodes, List<Map<String, Object>> edges, Map<String, Object> ids) {
        this.nodes = nodes;
        this.edges = edges;
        this.ids = ids;
    }
}
