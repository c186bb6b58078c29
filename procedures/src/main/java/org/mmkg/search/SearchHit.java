package org.mmkg.search;

import java.util.Comparator;
import org.mmkg.graph.Nodes;
import org.neo4j.graphdb.Node;
import org.neo4j.procedure.Description;

/** One row of mmkg.search. */
public final class SearchHit {

    static final Comparator<SearchHit> BEST_FIRST = Comparator.<SearchHit>comparingDouble(hit -> hit.score)
            .reversed()
            .thenComparing(hit -> Nodes.id(hit.node));

    @Description("A film or an entity.")
    public final Node node;

    @Description("How well its title or name fits, by Lucene; greater is better.")
    public final double score;

    @Description("What it is: its second label, such as `Movie` or `Person`, or `Entity` where the graph does not tell.")
    public final String kind;

    SearchHit(Node node, double score) {
        this.node = node;
        this.score = score;
        this.kind = Nodes.kind(node);
    }
}
