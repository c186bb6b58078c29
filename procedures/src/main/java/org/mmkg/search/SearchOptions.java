package org.mmkg.search;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mmkg.options.Options;

/**
 * The options of mmkg.search.
 *
 * @param k how many nodes to return
 * @param kinds the labels of which a node must have one; empty for any
 * @param vector what the text means; empty to search by its words alone
 * @param model the id of the model whose vectors of texts are compared with it, or null for the active one
 */
record SearchOptions(int k, List<String> kinds, Optional<double[]> vector, String model) {

    static final String DESCRIPTION =
            "k (default 10): how many nodes, 1 to 1000."
                    + " kind (default any): a label such as 'Movie' or 'Person', or a list of labels, one of which a node"
                    + " must have."
                    + " vector (default none): the text as a list of numbers by the encoder of texts, to find films by the"
                    + " meaning of their texts, too."
                    + " model (default the active one): the id of the Model node whose vectors of texts are meant.";

    private static final List<String> NAMES = List.of("k", "kind", "vector", "model");

    static SearchOptions of(Map<String, Object> given) {
        Options options = Options.of(given, NAMES);
        return new SearchOptions(
                options.integer("k", 10, 1, 1_000),
                options.texts("kind").orElse(List.of()),
                options.vector("vector"),
                options.text("model").orElse(null));
    }

    /** How many nodes each ranking gives, of which the best by both are taken. */
    int fetch() {
        return vector.isEmpty() ? k : Math.max(100, k);
    }
}
