package org.mmkg.sample;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.mmkg.options.Options;
import org.neo4j.graphdb.Direction;

/**
 * The options of mmkg.sample.
 *
 * @param hops how far to go from the users
 * @param fanout how many relations of each type and direction to draw at a node, where fanouts says nothing
 * @param fanouts the same for single types, by `TYPE`, or for a direction of one, by `TYPE>` or `<TYPE`
 * @param seed of the random numbers
 * @param ids whether to return the ids of the nodes, too
 */
record SampleOptions(int hops, int fanout, Map<String, Integer> fanouts, long seed, boolean ids) {

    static final String DESCRIPTION = "hops (default 2): how far to go from the users, 1 to 8."
            + " fanout (default 20): how many relations of each type and direction to draw at a node, 0 to 1000000."
            + " fanouts (default none): a map of the same for single relation types, 'TYPE', or for one direction,"
            + " 'TYPE>' from the node and '<TYPE' to it."
            + " seed (default 0): another one draws others."
            + " ids (default false): return the ids of the nodes, too.";

    private static final List<String> NAMES = List.of("hops", "fanout", "fanouts", "seed", "ids");
    private static final int MOST = 1_000_000;

    static SampleOptions of(Map<String, Object> given) {
        Options options = Options.of(given, NAMES);
        Map<String, Object> told = options.map("fanouts");
        Options checked = Options.of("fanout", told, List.copyOf(told.keySet()));
        Map<String, Integer> fanouts = new HashMap<>();
        told.forEach((type, value) -> {
            if (value != null) {
                fanouts.put(type, checked.integer(type, 0, 0, MOST));
            }
        });
        return new SampleOptions(
                options.integer("hops", 2, 1, 8),
                options.integer("fanout", 20, 0, MOST),
                fanouts,
                options.whole("seed", 0, Long.MIN_VALUE, Long.MAX_VALUE),
                options.flag("ids", false));
    }

    /** How many relations of this type to draw at a node, in this direction. */
    int of(String type, Direction direction) {
        Integer both = fanouts.getOrDefault(type, fanout);
        return fanouts.getOrDefault(direction == Direction.OUTGOING ? type + ">" : "<" + type, both);
    }
}
