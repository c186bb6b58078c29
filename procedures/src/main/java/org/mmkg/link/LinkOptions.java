package org.mmkg.link;

import java.util.List;
import java.util.Map;
import org.mmkg.options.Options;

/**
 * The options of mmkg.link.
 *
 * @param seconds how long the link is valid
 * @param thumbnail whether it leads to the small picture
 */
record LinkOptions(int seconds, boolean thumbnail) {

    static final String DESCRIPTION =
            "seconds (default 3600): how long the link is valid, 1 to 604800."
                    + " thumbnail (default false): whether it leads to the small picture of a poster or still.";

    private static final List<String> NAMES = List.of("seconds", "thumbnail");

    static LinkOptions of(Map<String, Object> given) {
        Options options = Options.of(given, NAMES);
        return new LinkOptions(options.integer("seconds", 3_600, 1, 604_800), options.flag("thumbnail", false));
    }
}
