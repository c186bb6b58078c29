package org.mmkg.recommend;

import java.util.List;
import java.util.Map;
import org.mmkg.explain.Explanation;
import org.mmkg.recall.Scored;
import org.neo4j.graphdb.Node;
import org.neo4j.procedure.Description;

/** One row of mmkg.recommend or mmkg.recommendFor. */
public final class Recommendation {

    @Description("The recommended film.")
    public final Node item;

    @Description("The dot product of the film's vector and the user's, as his clicks make it, in [-1, 1]; where nothing is"
            + " known of him, the number of the film's clicks.")
    public final double score;

    @Description("1 for the best film, 2 for the next, and so on; with `diversity` and the like, in the order of the choice.")
    public final long rank;

    @Description("Why, in words.")
    public final String reason;

    @Description("Why, as data: at most three films that were clicked or given, the nearest first, each with `id`, `title`, `similarity`"
            + " and `shared`, a list of `relation`, `id`, `name` and `words` of what connects it to the film.")
    public final List<Map<String, Object>> because;

    @Description("The film's place, from 1 on, in each stage that it came through: `vector`, `ripple`, `fresh` or `popular` recalled"
            + " it, or with `weights` `text`, `poster`, `sound` or `trailer`, and `coarse` and `fine` sorted it; `explored` is true where it was drawn, `estimated` where it has no"
            + " vector of the model; with `weights`, `model` is the score before them, and `shares` what each is applied to.")
    public final Map<String, Object> stages;

    Recommendation(Scored film, long rank, Explanation explanation, Map<String, Object> stages) {
        this.item = film.film();
        this.score = film.score();
        this.rank = rank;
        this.reason = explanation.reason();
        this.because = explanation.because();
        this.stages = stages;
    }
}
