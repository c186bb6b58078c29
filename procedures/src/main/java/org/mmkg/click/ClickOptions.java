package org.mmkg.click;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.mmkg.graph.Vocabulary;
import org.mmkg.options.Options;
import org.neo4j.graphdb.RelationshipType;

/**
 * The options of mmkg.click.
 *
 * @param rating what the user gave, if he did
 * @param threshold the rating from which on it is a click
 * @param at when, in seconds since 1970, if the caller says so
 * @param createUser whether to create a user who does not exist
 */
record ClickOptions(OptionalDouble rating, double threshold, OptionalLong at, boolean createUser) {

    static final String DESCRIPTION =
            "rating (default none): a number from 0 to 100; below the threshold the film counts as seen and not liked."
                    + " threshold (default 4): the rating from which on it is a click, as `--min-rating` of the import."
                    + " at (default now): when, in whole seconds since 1970."
                    + " createUser (default false): create the user where there is none with the id.";

    private static final List<String> NAMES = List.of("rating", "threshold", "at", "createUser");
    private static final double MOST_RATING = 100;
    private static final long YEAR_10000 = 253_402_300_800L;
    private static final long NOT_GIVEN = -1;

    static ClickOptions of(Map<String, Object> given) {
        Options options = Options.of(given, NAMES);
        long at = options.whole("at", NOT_GIVEN, 0, YEAR_10000);
        return new ClickOptions(
                options.number("rating", 0, MOST_RATING),
                options.number("threshold", 0, MOST_RATING).orElse(4),
                at == NOT_GIVEN ? OptionalLong.empty() : OptionalLong.of(at),
                options.flag("createUser", false));
    }

    /** A rating below the threshold is no click; no rating at all is one. */
    RelationshipType type() {
        return rating.isPresent() && rating.getAsDouble() < threshold ? Vocabulary.RATED : Vocabulary.CLICKED;
    }

    long atOrNow() {
        return at.orElseGet(() -> Instant.now().getEpochSecond());
    }
}
