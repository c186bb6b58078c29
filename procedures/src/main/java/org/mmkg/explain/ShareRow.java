package org.mmkg.explain;

import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Path;
import org.neo4j.procedure.Description;

/** One row of mmkg.explain. */
public final class ShareRow {

    @Description("From the user over the film he clicked and what it shares with the movie to the movie; it ends at the"
            + " film he clicked where they share no fact, and is null where the row is about no single click.")
    public final Path path;

    @Description("The film he clicked; null where the row is about no single click.")
    public final Node film;

    @Description("The part of the score that is due to it; the shares of all rows add up to the score.")
    public final double share;

    @Description("`click`, `other clicks` (those beyond k, together), or `model`: what the model gives apart from"
            + " his clicks.")
    public final String kind;

    @Description("What it shares with the movie, in words.")
    public final String reason;

    @Description("The score of the movie for the user, as of mmkg.recommend; the same in every row.")
    public final double score;

    ShareRow(Path path, Node film, double share, String kind, String reason, double score) {
        this.path = path;
        this.film = film;
        this.share = share;
        this.kind = kind;
        this.reason = reason;
        this.score = score;
    }
}
