package org.mmkg.recommend;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.mmkg.model.Modality;
import org.mmkg.options.Options;
import org.mmkg.recall.MediaShares;
import org.mmkg.recall.NearestFilms;

/**
 * The options of mmkg.recommend and mmkg.recommendFor, in the order of the stages that they are for.
 *
 * @param k how many films to return
 * @param candidates how many films to fetch from the vector index at first; empty unless told
 * @param ripple how many films around the latest clicks to add
 * @param fresh how many of the newest films to look at, and how many films without a vector to estimate
 * @param fine how many films the coarse sort leaves to the fine sort
 * @param includeSeen whether films that the user knows may be among them
 * @param heldOut whether the clicks count that the training put aside
 * @param model the id of the model, or null for the active one
 * @param exclude the ids of films that must not be among them
 * @param include what the films must be like
 * @param weights of the modalities, other than 1
 * @param diversity from 0, the best films, to 1, the most different ones
 * @param series how many films of one series may be among them
 * @param explore the share of films that are drawn
 * @param seed of the draw
 */
record RecommendOptions(
        int k,
        OptionalInt candidates,
        int ripple,
        int fresh,
        int fine,
        boolean includeSeen,
        boolean heldOut,
        String model,
        Set<String> exclude,
        Conditions include,
        Map<Modality, Double> weights,
        double diversity,
        int series,
        double explore,
        long seed) {

    private static final String UP_TO_SEEN =
            "k (default 10): how many films, 1 to 1000."
                    + " candidates (default the greater of 100 and 10 * k, or of fine with diversity, series or explore,"
                    + " and as many more as were seen or excluded, since the index gives these, too): how many films"
                    + " to fetch from the vector index at first, k to 100000."
                    + " ripple (default 100): how many films around the latest clicks to add, 0 to 10000."
                    + " fresh (default 50): how many of the newest films to look at for such without a vector, and how"
                    + " many of these to estimate at most, 0 to 1000."
                    + " fine (default the greater of 100 and 10 * k, with weights, diversity, series or explore of 400 and"
                    + " 20 * k): how many films the coarse sort leaves to the fine sort, k to 100000."
                    + " includeSeen (default false): also films that the user clicked or rated, or that were given.";

    private static final String FROM_MODEL =
            " model (default the active one): the id of a Model node."
                    + " exclude (default none): a list of Movie nodes or ids of films that must not come."
                    + " include (default all): a map of conditions, which must all hold: `genre`, `language` and"
                    + " `country`, a name or a list of names, any of which will do; `year`, one or [from, to]."
                    + MediaShares.DESCRIPTION
                    + " diversity (default 0): from 0, the best films, to 1, the most different ones."
                    + " series (default any number): how many films of one series at most, 1 to 1000."
                    + " explore (default 0): the share of films that are drawn among the others, 0 to 1."
                    + " seed (default 0): another one draws other films, 0 to 4294967295.";

    static final String OF_USER = UP_TO_SEEN
            + " heldOut (default true): count the clicks, too, that the training put aside for its tests."
            + FROM_MODEL;

    static final String OF_FILMS = UP_TO_SEEN + FROM_MODEL;

    private static final String HELD_OUT = "heldOut";
    private static final List<String> NAMES = List.of(
            "k", "candidates", "ripple", "fresh", "fine", "includeSeen", HELD_OUT, "model", "exclude", "include",
            "weights", "diversity", "series", "explore", "seed");

    /** Takes the options of a call for a user. */
    static RecommendOptions ofUser(Map<String, Object> given) {
        return of(Options.of(given, NAMES));
    }

    /** Takes the options of a call for films, which were not clicked, so that none is held out. */
    static RecommendOptions ofFilms(Map<String, Object> given) {
        List<String> names = new ArrayList<>(NAMES);
        names.remove(HELD_OUT);
        return of(Options.of(given, names));
    }

    private static RecommendOptions of(Options options) {
        int k = options.integer("k", 10, 1, 1_000);
        Map<Modality, Double> weights = MediaShares.weights(options.map("weights"));
        double diversity = options.number("diversity", 0, 1).orElse(0);
        int series = options.integer("series", Integer.MAX_VALUE, 1, 1_000);
        double explore = options.number("explore", 0, 1).orElse(0);
        boolean few = weights.isEmpty() && !rearranges(diversity, series, explore);
        int fine = few ? least(k) : Math.max(400, 20 * k);
        return new RecommendOptions(
                k,
                options.integer("candidates", k, NearestFilms.MOST_CANDIDATES),
                options.integer("ripple", 100, 0, 10_000),
                options.integer("fresh", 50, 0, 1_000),
                options.integer("fine", fine, k, NearestFilms.MOST_CANDIDATES),
                options.flag("includeSeen", false),
                options.flag(HELD_OUT, true),
                options.text("model").orElse(null),
                options.filmIds("exclude"),
                Conditions.of(options.map("include")),
                weights,
                diversity,
                series,
                explore,
                options.whole("seed", 0, 0, 0xFFFFFFFFL));
    }

    /** How many films to fetch from the vector index at first for somebody who has seen so many. */
    int fetched(long seen) {
        long unwanted = (includeSeen ? 0 : seen) + exclude.size();
        int wanted = Math.max(least(k), pool());
        return candidates.orElse((int) Math.min(wanted + unwanted, NearestFilms.MOST_CANDIDATES));
    }

    /** From how many films so many are chosen at least. */
    private static int least(int k) {
        return Math.max(100, 10 * k);
    }

    /** Whether the answer is anything else than the best films in their order. */
    boolean rearranges() {
        return rearranges(diversity, series, explore);
    }

    private static boolean rearranges(double diversity, int series, double explore) {
        return diversity > 0 || series < Integer.MAX_VALUE || explore > 0;
    }

    /** How many films to choose from. */
    int pool() {
        return rearranges() ? fine : k;
    }
}
