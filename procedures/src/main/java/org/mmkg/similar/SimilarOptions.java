package org.mmkg.similar;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mmkg.model.Modality;
import org.mmkg.options.Options;
import org.mmkg.recall.NearestFilms;

/**
 * The options of mmkg.similar.
 *
 * @param k how many films to return
 * @param candidates how many films to fetch from the vector index at first
 * @param by the kind of media by which films are compared; empty for all that the model knows
 * @param model the id of the model, or null for the active one
 */
record SimilarOptions(int k, int candidates, Optional<Modality> by, String model) {

    static final String DESCRIPTION =
            "k (default 10): how many films, 1 to 1000."
                    + " candidates (default the greater of 200 and 10 * k): how many films to fetch from the vector"
                    + " index at first, k to 100000."
                    + " by (default 'all'): 'text', 'poster', 'sound' or 'trailer' for what films read, look or sound"
                    + " like; 'all' for all that the model knows, clicks and facts included."
                    + " model (default the active one): the id of a Model node.";

    private static final String ALL = "all";
    private static final List<String> NAMES = List.of("k", "candidates", "by", "model");

    static SimilarOptions of(Map<String, Object> given) {
        Options options = Options.of(given, NAMES);
        int k = options.integer("k", 10, 1, 1_000);
        List<String> kinds = new ArrayList<>(List.of(ALL));
        kinds.addAll(Modality.keys());
        return new SimilarOptions(
                k,
                options.integer("candidates", Math.max(200, 10 * k), k, NearestFilms.MOST_CANDIDATES),
                Modality.of(options.choice("by", ALL, kinds)),
                options.text("model").orElse(null));
    }
}
