package org.mmkg.explain;

import java.util.Map;
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

    @Description("`click`, `other clicks` (those beyond k, together), `model`: what the model gives apart from"
            + " his clicks, or, of the modalities with a weight, `text`, `poster`, `sound` or `trailer`.")
    public final String kind;

    @Description("What it shares with the movie, in words.")
    public final String reason;

    @Description("How near the media of the film are to those of the movie, from -1 to 1, by `text`, `poster`, `sound` and"
            + " `trailer`, as far as both have such; empty where the row is about no single click.")
    public final Map<String, Object> media;

    @Description("The score of the movie for the user, as of mmkg.recommend; the same in every row.")
    public final double score;

    ShareRow(
            Path path, Node film, double share, String kind, String reason, Map<String, Object> media, double score) {
        this.path = path;
        this.film = film;
        this.share = share;
        this.kind = kind;
        this.reason = reason;
        this.media = media;
        this.score = score;
    }

    /** A row about no single click. */
    static ShareRow ofNoClick(double share, String kind, String reason, double score) {
        return new ShareRow(null, null, share, kind, reason, Map.of(), score);
    }
}
