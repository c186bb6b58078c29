package org.mmkg.recall;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.mmkg.graph.Indexes;
import org.mmkg.graph.Queries;
import org.mmkg.graph.Vocabulary;
import org.mmkg.model.Model;
import org.mmkg.model.Models;
import org.mmkg.model.Vectors;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;
import org.neo4j.logging.Log;
import org.neo4j.procedure.TerminationGuard;

/**
 * The films nearest to a vector: recall by the vector index, which is approximate, then the exact score.
 *
 * <p>The index cannot leave out the films that are not wanted, so more are fetched than asked for, and again twice as
 * many until enough remain. Where the index has no more to give, every film is scored.
 */
public final class NearestFilms {

    /** At most this many candidates come from the index. */
    public static final int MOST_CANDIDATES = 100_000;

    private static final String RECALL =
            "CALL db.index.vector.queryNodes($index, $candidates, $vector) YIELD node RETURN node";

    private final Transaction tx;
    private final TerminationGuard guard;
    private final Log log;
    private final Model model;
    private final Space space;
    private final ToDoubleFunction<Node> bonus;

    /** @param space where films are near: by the model, with estimates for fresh films or without, or by their media */
    public NearestFilms(Transaction tx, TerminationGuard guard, Log log, Model model, Space space) {
        this(tx, guard, log, model, space, film -> 0);
    }

    /** @param bonus what is added to a film's dot product */
    public NearestFilms(
            Transaction tx, TerminationGuard guard, Log log, Model model, Space space, ToDoubleFunction<Node> bonus) {
        this.tx = tx;
        this.guard = guard;
        this.log = log;
        this.model = model;
        this.space = space;
        this.bonus = bonus;
    }

    /**
     * The k wanted films with the highest dot products, the best first; fewer where the catalogue has no more.
     *
     * @param query a vector of unit length, of the model's dimension
     * @param candidates how many films the first question to the index asks for
     * @throws IllegalStateException the index is missing or not ready, or no film has a vector of the model
     */
    public List<Scored> find(double[] query, int k, int candidates, Predicate<Node> wanted) {
        for (int fetch = candidates; ; fetch = Math.min(2 * fetch, MOST_CANDIDATES)) {
            List<Node> recalled = recall(query, fetch);
            List<Scored> best = best(recalled.stream().filter(wanted), query, k);
            if (best.size() == k) {
                return best;
            }
            if (recalled.size() < fetch || fetch == MOST_CANDIDATES) {
                return everyFilm(query, k, wanted);
            }
        }
    }

    /**
     * What the vector index gives for a vector, which is approximate: the nearest first.
     *
     * @throws IllegalStateException the index is missing or not ready
     */
    public List<Node> recall(double[] query, int candidates) {
        Indexes.require(tx, "vector", space.index(), "run `mmkg embed`");
        Map<String, Object> parameters = Map.of("index", space.index(), "candidates", candidates, "vector", query);
        return Queries.nodes(tx, guard, RECALL, parameters);
    }

    /** The k of these films with the highest dot products, the best first. */
    public List<Scored> best(Stream<Node> films, double[] query, int k) {
        return films.peek(film -> guard.check())
                .flatMap(film -> score(film, query).stream())
                .sorted(Scored.BEST_FIRST)
                .limit(k)
                .toList();
    }

    /**
     * The k wanted films of the whole catalogue with the highest dot products, the best first.
     *
     * @throws IllegalStateException no film has a vector of the model
     */
    public List<Scored> everyFilm(double[] query, int k, Predicate<Node> wanted) {
        log.debug("%s has too few films that are wanted: scoring every film", space.index());
        List<Scored> best;
        try (var films = tx.findNodes(Vocabulary.MOVIE)) {
            best = best(films.stream().filter(wanted), query, k);
        }
        if (best.isEmpty()) {
            requireVectors();
        }
        return best;
    }

    /**
     * Checks that the model can answer at all.
     *
     * @throws IllegalStateException no film has a vector of the model
     */
    public void requireVectors() {
        try (var films = tx.findNodes(Vocabulary.MOVIE)) {
            if (films.stream().peek(film -> guard.check()).noneMatch(film -> model.vector(film).isPresent())) {
                throw Models.withoutVectors(model.id());
            }
        }
    }

    private Optional<Scored> score(Node film, double[] query) {
        return space.vectors()
                .apply(film)
                .map(vector -> new Scored(film, Vectors.dot(vector, query) + bonus.applyAsDouble(film)));
    }
}
