package org.mmkg.ripple;

import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Path;
import org.neo4j.graphdb.Relationship;
import org.neo4j.procedure.Description;

/** One row of mmkg.ripple. */
public final class RippleStep {

    @Description("A node of the ripple.")
    public final Node node;

    @Description("Its distance from the start, in relations.")
    public final long hop;

    @Description("The relation by which it was reached first.")
    public final Relationship via;

    @Description("The path from the start by which it was reached first.")
    public final Path path;

    RippleStep(Path path) {
        this.node = path.endNode();
        this.hop = path.length();
        this.via = path.lastRelationship();
        this.path = path;
    }
}
