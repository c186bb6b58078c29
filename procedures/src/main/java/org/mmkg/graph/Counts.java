package org.mmkg.graph;

import java.util.List;
import java.util.Map;
import org.neo4j.graphdb.Transaction;

/**
 * How many nodes and relations there are, as the database counts them anyway, so that asking costs the same on any graph.
 *
 * @param nodes a map for each label of `label` and `count`; the one of all nodes has no label
 * @param relations likewise with `relationshipType`; those with `startLabel` or `endLabel` are parts of others
 */
public record Counts(List<Map<String, Object>> nodes, List<Map<String, Object>> relations) {

    private static final String COUNTS =
            "CALL db.stats.retrieve('GRAPH COUNTS') YIELD data RETURN data.nodes AS nodes, data.relationships AS relations";

    @SuppressWarnings("unchecked")
    public static Counts of(Transaction tx) {
        try (var result = tx.execute(COUNTS)) {
            Map<String, Object> counts = result.next();
            List<Map<String, Object>> relations = (List<Map<String, Object>>) counts.get("relations");
            return new Counts(
                    (List<Map<String, Object>>) counts.get("nodes"),
                    relations.stream()
                            .filter(stored -> !stored.containsKey("startLabel") && !stored.containsKey("endLabel"))
                            .toList());
        }
    }

    /** All nodes. */
    public long allNodes() {
        return find(nodes, "label", null);
    }

    /** The nodes with a label. */
    public long nodesWith(String label) {
        return find(nodes, "label", label);
    }

    /** The relations of a type. */
    public long relationsOf(String type) {
        return find(relations, "relationshipType", type);
    }

    /** The types of which there is a relation. */
    public List<String> types() {
        return relations.stream()
                .filter(stored -> stored.containsKey("relationshipType") && count(stored) > 0)
                .map(stored -> stored.get("relationshipType").toString())
                .toList();
    }

    private static long find(List<Map<String, Object>> counts, String key, String name) {
        return counts.stream()
                .filter(stored -> name == null ? !stored.containsKey(key) : name.equals(stored.get(key)))
                .mapToLong(Counts::count)
                .findFirst()
                .orElse(0);
    }

    private static long count(Map<String, Object> stored) {
        return ((Number) stored.get("count")).longValue();
    }
}
