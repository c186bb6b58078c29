package org.mmkg.ripple;

import java.util.List;
import java.util.Map;
import org.mmkg.options.Options;

/**
 * The options of mmkg.ripple.
 *
 * @param hops how far to go
 * @param fanout how many relations of each type to follow from each node
 * @param limit how many nodes to return
 */
record RippleOptions(int hops, int fanout, int limit) {

    static final String DESCRIPTION =
            "hops (default 2): how far to go, 1 to 4."
                    + " fanout (default 16): how many relations of each type to follow from each node, 1 to 10000."
                    + " limit (default 1000): how many nodes to return, 1 to 100000.";

    private static final List<String> NAMES = List.of("hops", "fanout", "limit");

    static RippleOptions of(Map<String, Object> given) {
        Options options = Options.of(given, NAMES);
        return new RippleOptions(
                options.integer("hops", 2, 1, 4),
                options.integer("fanout", 16, 1, 10_000),
                options.integer("limit", 1_000, 1, 100_000));
    }
}
