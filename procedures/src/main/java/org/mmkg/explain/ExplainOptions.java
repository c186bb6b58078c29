package org.mmkg.explain;

import java.util.List;
import java.util.Map;
import org.mmkg.model.Modality;
import org.mmkg.options.Options;
import org.mmkg.recall.MediaShares;

/**
 * The options of mmkg.explain.
 *
 * @param k how many clicks to name
 * @param model the id of the model, or null for the active one
 * @param weights of the modalities, other than 1
 */
record ExplainOptions(int k, String model, Map<Modality, Double> weights) {

    static final String DESCRIPTION =
            "k (default 10): how many clicks to name, 1 to 1000."
                    + " model (default the active one): the id of a Model node."
                    + MediaShares.DESCRIPTION;

    private static final List<String> NAMES = List.of("k", "model", "weights");

    static ExplainOptions of(Map<String, Object> given) {
        Options options = Options.of(given, NAMES);
        return new ExplainOptions(
                options.integer("k", 10, 1, 1_000),
                options.text("model").orElse(null),
                MediaShares.weights(options.map("weights")));
    }
}
