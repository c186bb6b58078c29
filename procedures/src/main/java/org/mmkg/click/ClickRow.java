package org.mmkg.click;

import org.neo4j.graphdb.Relationship;
import org.neo4j.procedure.Description;

/** The row of mmkg.click. */
public final class ClickRow {

    @Description("The relation CLICKED, or RATED where the rating is below the threshold.")
    public final Relationship relation;

    @Description("Whether it is new; false where the two had one of this type already.")
    public final boolean created;

    ClickRow(Relationship relation, boolean created) {
        this.relation = relation;
        this.created = created;
    }
}
