package org.mmkg.search;

import java.util.List;
import java.util.Map;
import org.mmkg.options.Options;

/**
 * The options of mmkg.search.
 *
 * @param k how many nodes to return
 * @param kinds the labels of which a node must have one; empty for any
 */
record SearchOptions(int k, List<String> kinds) {

    static final String DESCRIPTION =
            "k (default 10): how many nodes, 1 to 1000."
                    + " kind (default any): a label such as 'Movie' or 'Person', or a list of labels, one of which a node"
                    + " must have.";

    private static final List<String> NAMES = List.of("k", "kind");

    static SearchOptions of(Map<String, Object> given) {
        Options options = Options.of(given, NAMES);
        return new SearchOptions(
                options.integer("k", 10, 1, 1_000), options.texts("kind").orElse(List.of()));
    }
}
