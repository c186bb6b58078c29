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

    @Description("How well its title or name fits, by Lucene; with `vector`, the sum of 1 / (60 + rank) over its ranks."
            + " Greater is better.")
    public final double score;

    @Description("What it is: its second label, such as `Movie` or `Person`, or `Entity` where the graph does not tell.")
    public final String kind;

    @Description("Its place by words, from 1 on; null where no word fits.")
    public final Long textRank;

    @Description("The film's place by the meaning of its texts, from 1 on; null without `vector`, and where it is not among"
            + " the nearest.")
    public final Long vectorRank;

    SearchHit(Node node, double score, Long textRank, Long vectorRank) {
        this.node = node;
        this.score = score;
        this.kind = Nodes.kind(node);
        this.textRank = textRank;
        this.vectorRank = vectorRank;
    }
}
