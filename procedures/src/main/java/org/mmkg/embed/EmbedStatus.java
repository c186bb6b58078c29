package org.mmkg.embed;

import java.util.stream.Stream;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;

/** The procedure mmkg.embed.status. */
public final class EmbedStatus {

    @Context
    public Transaction tx;

    @Context
    public TerminationGuard guard;

    @Procedure(name = "mmkg.embed.status", mode = Mode.READ)
    @Description("Tells which model answers, how many films and users have its vectors, whether a write-back runs or was"
            + " cut off, and what to do next.")
    public Stream<EmbedRow> status() {
        return Stream.of(new Inspection(tx, guard).row());
    }
}
