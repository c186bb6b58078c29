package org.mmkg.path;

import java.util.List;
import java.util.Map;
import org.mmkg.options.Options;

/**
 * The options of mmkg.path.
 *
 * @param k how many paths to return
 * @param maxHops how many relations a path may have
 */
record PathOptions(int k, int maxHops) {

    static final String DESCRIPTION =
            "k (default 10): how many paths, 1 to 1000."
                    + " maxHops (default 4): how many relations a path may have, 1 to 6.";

    private static final List<String> NAMES = List.of("k", "maxHops");

    static PathOptions of(Map<String, Object> given) {
        Options options = Options.of(given, NAMES);
        return new PathOptions(options.integer("k", 10, 1, 1_000), options.integer("maxHops", 4, 1, 6));
    }
}
