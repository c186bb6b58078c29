package org.mmkg.similar;

import org.mmkg.estimate.Estimate;
import org.mmkg.estimate.Sizes;

/** What mmkg.similar reads at most: it fetches twice as many films where too few are left, and at last every film. */
final class SimilarEstimate {

    private SimilarEstimate() {}

    /**
     * @param films how many films there are
     * @param known how many of them have a vector of the kind
     * @param dimension of the vectors
     */
    static Estimate of(SimilarOptions options, long films, long known, long dimension) {
        boolean enough = known > options.k();
        // The film itself is fetched, too, and is not wanted.
        long fetch = options.candidates() > options.k() ? options.candidates() : 2L * options.candidates();
        long nodes = 1 + (enough ? Math.min(fetch, known) : films);
        String words = enough
                ? "%d films, recalled and scored".formatted(nodes - 1)
                : "every film, all %d, since only %d have a vector".formatted(films, known);
        return new Estimate(nodes, 0, nodes * Sizes.SCORED + Sizes.vector(dimension), words);
    }
}
