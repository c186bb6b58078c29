package org.mmkg.path;

import org.neo4j.graphdb.Path;
import org.neo4j.procedure.Description;

/** One row of mmkg.path. */
public final class PathRow {

    @Description("A path from the one node to the other, over facts.")
    public final Path path;

    @Description("How many relations it has: as few as can be, so the same in every row.")
    public final long hops;

    @Description("1 for the most telling path, whose nodes have the fewest relations, 2 for the next, and so on.")
    public final long rank;

    PathRow(Path path, long rank) {
        this.path = path;
        this.hops = path.length();
        this.rank = rank;
    }
}
