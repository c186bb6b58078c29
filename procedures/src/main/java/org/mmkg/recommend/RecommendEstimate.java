package org.mmkg.recommend;

import java.util.List;
import org.mmkg.estimate.Estimate;
import org.mmkg.estimate.Sizes;
import org.mmkg.graph.Counts;
import org.mmkg.graph.Vocabulary;
import org.mmkg.model.Modality;
import org.mmkg.model.Model;
import org.mmkg.recall.PopularFilms;
import org.mmkg.recall.Relatives;
import org.mmkg.recall.RippleFilms;
import org.mmkg.recall.Tastes;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.Node;

/**
 * What mmkg.recommend and mmkg.recommendFor read at most for a choice of films, by degrees and counts. The reasons come
 * on top: the facts of each film that is returned, and of three that were clicked.
 */
final class RecommendEstimate {

    /** The explanation compares the films with so many clicks at most. */
    private static final long EXPLAINED = 1_000;

    private final Counts counts;
    private final Model model;
    private final RecommendOptions options;
    private final long films;
    private final long known;

    RecommendEstimate(Counts counts, Model model, RecommendOptions options) {
        this.counts = counts;
        this.model = model;
        this.options = options;
        this.films = counts.nodesWith("Movie");
        this.known = Math.min(films, model.films().orElse(films));
    }

    Estimate of(Node user) {
        long clicked = user.getDegree(Vocabulary.CLICKED, Direction.OUTGOING);
        long seen = clicked + user.getDegree(Vocabulary.RATED, Direction.OUTGOING);
        boolean stored = model.userLayers().isEmpty() && model.vector(user).isPresent();
        return clicked == 0 && !stored ? popular(seen) : byTaste(clicked, seen);
    }

    Estimate ofFilms(int given) {
        return given == 0 ? popular(0) : byTaste(given, given);
    }

    /** The films of a sample of the clicks are compared. */
    private Estimate popular(long seen) {
        long relations = seen + Math.min(PopularFilms.SAMPLE, counts.relationsOf("CLICKED"));
        return new Estimate(
                films + seen,
                relations,
                (films + seen) * Sizes.SCORED,
                "%d clicks, among which the most popular films are found".formatted(relations - seen));
    }

    private Estimate byTaste(long clicked, long seen) {
        long latest = Math.min(RippleFilms.LATEST_CLICKS, clicked);
        long unknown = Math.min(options.fresh(), films - known);
        int shared = RippleFilms.mostShared(options.ripple());
        long ripple = options.ripple() == 0 ? 0 : latest * Relatives.mostRelations(counts, shared);
        long estimates = 2 * unknown * Relatives.mostRelations(counts, Relatives.MOST_RELATIONS);
        long fetched = Math.min(options.fetched(seen), known);
        long raised = options.weights().values().stream().filter(weight -> weight > 1).count();
        boolean enough = options.include().isEmpty()
                && fetched - (options.includeSeen() ? 0 : seen) - options.exclude().size() >= options.pool();
        long scored = enough
                ? Math.min(films, fetched + options.ripple() + options.fresh() + raised * options.fine())
                : films;
        long nodes = Math.min(counts.allNodes(), seen + scored + ripple + estimates);
        long relations = seen + ripple + estimates;
        long diverse = options.diversity() > 0 ? (1 + Modality.keys().size()) * Math.min(options.fine(), scored) : 0;
        long vectors = Math.min(EXPLAINED, clicked) + 2 * unknown + diverse
                + (model.userLayers().isEmpty() ? Math.min(Tastes.MOST_CLICKS, clicked) : 0)
                + options.weights().size() * Math.min(Tastes.MOST_CLICKS, clicked);
        long bytes = (seen + ripple + estimates) * Sizes.ENTITY + scored * Sizes.SCORED
                + vectors * Sizes.vector(model.dimension());
        return new Estimate(nodes, relations, bytes, largest(List.of(
                new Part(scored, enough
                        ? "%d films, recalled and scored".formatted(scored)
                        : "every film, all %d, since the index may give too few that are wanted".formatted(films)),
                new Part(seen, "the %d films that were clicked, rated or given".formatted(seen)),
                new Part(ripple, "the relations around the latest clicks, %d at most".formatted(ripple)),
                new Part(estimates, "%d films without a vector, and their relatives".formatted(unknown)))));
    }

    private static String largest(List<Part> parts) {
        return parts.stream().max((a, b) -> Long.compare(a.count, b.count)).orElseThrow().words;
    }

    /** So many nodes or relations, in words. */
    private record Part(long count, String words) {}
}
