package org.mmkg.similar;

import org.mmkg.recall.Scored;
import org.neo4j.graphdb.Node;
import org.neo4j.procedure.Description;

/** One row of mmkg.similar. */
public final class SimilarFilm {

    @Description("The similar film.")
    public final Node item;

    @Description("The dot product of the two films' vectors, in [-1, 1].")
    public final double score;

    @Description("1 for the most similar film, 2 for the next, and so on.")
    public final long rank;

    SimilarFilm(Scored film, long rank) {
        this.item = film.film();
        this.score = film.score();
        this.rank = rank;
    }
}
