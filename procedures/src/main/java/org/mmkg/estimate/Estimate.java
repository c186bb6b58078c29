package org.mmkg.estimate;

import org.neo4j.procedure.Description;

/** What a call would read at most: the one row of a procedure's `.estimate`. */
public final class Estimate {

    @Description("How many nodes the call reads, at most.")
    public final long nodes;

    @Description("How many relations it follows, at most.")
    public final long relations;

    @Description("About how many bytes of heap it needs at once for so many.")
    public final long bytes;

    @Description("What most of it is, in words.")
    public final String dominates;

    public Estimate(long nodes, long relations, long bytes, String dominates) {
        this.nodes = nodes;
        this.relations = relations;
        this.bytes = bytes;
        this.dominates = dominates;
    }
}
