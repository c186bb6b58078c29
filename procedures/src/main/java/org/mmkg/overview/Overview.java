package org.mmkg.overview;

import java.util.stream.Stream;
import org.mmkg.graph.Counts;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;

/** The procedures mmkg.models and mmkg.stats. */
public final class Overview {

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
        Counts counts = Counts.of(tx);
        var nodes = counts.nodes().stream().map(stored -> new CountRow("node", stored, "label"));
        var relations =
                counts.relations().stream().map(stored -> new CountRow("relation", stored, "relationshipType"));
        return Stream.concat(nodes, relations).filter(CountRow::isWorthARow).sorted(CountRow.LARGEST_FIRST);
    }
}
