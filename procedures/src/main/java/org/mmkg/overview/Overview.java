package org.mmkg.overview;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;

/** The procedures mmkg.models and mmkg.stats. */
public final class Overview {

    /** What the planner knows of the graph: it comes from the count store, so that its cost does not grow. */
    private static final String COUNTS =
            "CALL db.stats.retrieve('GRAPH COUNTS') YIELD data RETURN data.nodes AS nodes, data.relationships AS relations";

    @Context
    public Transaction tx;

    @Context
    public TerminationGuard guard;

    @Procedure(name = "mmkg.models", mode = Mode.READ)
    @Description("Lists the trained models, the newest first, with what they reached and which one answers.")
    public Stream<ModelRow> models() {
        try (var nodes = tx.findNodes(Vocabulary.MODEL)) {
            return nodes.stream()
                    .peek(node -> guard.check())
                    .map(ModelRow::new)
                    .sorted(ModelRow.NEWEST_FIRST)
                    .toList()
                    .stream();
        }
    }

    @Procedure(name = "mmkg.stats", mode = Mode.READ)
    @Description("Counts the nodes by label and the relations by type, out of the counts that the database keeps.")
    public Stream<CountRow> stats() {
        try (var result = tx.execute(COUNTS)) {
            Map<String, Object> counts = result.next();
            var nodes = maps(counts.get("nodes")).map(stored -> new CountRow("node", stored, "label"));
            var relations = maps(counts.get("relations"))
                    .filter(stored -> !stored.containsKey("startLabel") && !stored.containsKey("endLabel"))
                    .map(stored -> new CountRow("relation", stored, "relationshipType"));
            return Stream.concat(nodes, relations).filter(CountRow::isWorthARow).sorted(CountRow.LARGEST_FIRST).toList().stream();
        }
    }

    @SuppressWarnings("unchecked")
    private static Stream<Map<String, Object>> maps(Object list) {
        return ((List<Map<String, Object>>) list).stream();
    }
}
