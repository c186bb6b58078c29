package org.mmkg.recommend;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mmkg.options.Options;
import org.mmkg.recall.NearestFilms;

/**
 * The options of mmkg.recommend and mmkg.recommendFor.
 *
 * @param k how many films to return
 * @param candidates how many films to fetch from the vector index at first
 * @param includeSeen whether films that the user knows may be among them
 * @param model the id of the model, or null for the active one
 * @param exclude the ids of films that must not be among them
 * @param include what the films must be like
 * @param diversity from 0, the best films, to 1, the most different ones
 */
record RecommendOptions(
        int k,
        int candidates,
        boolean includeSeen,
        String model,
        Set<String> exclude,
        Conditions include,
        double diversity) {

    static final String DESCRIPTION =
            "k (default 10): how many films, 1 to 1000."
                    + " candidates (default the greater of 200 and 10 * k): how many films to fetch from the vector"
                    + " index at first, k to 100000."
                    + " includeSeen (default false): also films that the user clicked or rated, or that were given."
                    + " model (default the active one): the id of a Model node."
                    + " exclude (default none): a list of Movie nodes or ids of films that must not come."
                    + " include (default all): a map of conditions, which must all hold: `genre`, `language` and"
                    + " `country`, a name or a list of names, any of which will do; `year`, one or [from, to]."
                    + " diversity (default 0): from 0, the best films, to 1, the most different ones.";

    private static final List<String> NAMES =
            List.of("k", "candidates", "includeSeen", "model", "exclude", "include", "diversity");

    static RecommendOptions of(Map<String, Object> given) {
        Options options = Options.of(given, NAMES);
        int k = options.integer("k", 10, 1, 1_000);
        return new RecommendOptions(
                k,
                options.integer("candidates", pool(k), k, NearestFilms.MOST_CANDIDATES),
                options.flag("includeSeen", false),
                options.text("model").orElse(null),
                options.filmIds("exclude"),
                Conditions.of(options.map("include")),
                options.number("diversity", 0, 1).orElse(0));
    }

    /** Of how many films to choose k that are unlike each other. */
    int pool() {
        return pool(k);
    }

    private static int pool(int k) {
        return Math.max(200, 10 * k);
    }
}
