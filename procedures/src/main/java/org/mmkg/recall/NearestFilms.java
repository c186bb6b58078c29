package org.mmkg.recall;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.mmkg.graph.Indexes;
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

    public NearestFilms(Transaction tx, TerminationGuard guard, Log log, Model model) {
        this.tx = tx;
        this.guard = guard;
        this.log = log;
        this.model = model;
    }

    /**
     * The k wanted films with the highest dot products, the best first; fewer where the catalogue has no more.
     *
     * @param query a vector of unit length, of the model's dimension
     * @param candidates how many films the first question to the index asks for
     * @throws IllegalStateException the index is missing or not ready, or no film has a vector of the model
     */
    public List<Scored> find(double[] query, int k, int candidates, Predicate<Node> wanted) {
        requireIndex();
        for (int fetch = candidates; ; fetch = Math.min(2 * fetch, MOST_CANDIDATES)) {
            List<Node> recalled = recall(query, fetch);
            List<Scored> best = best(recalled.stream().filter(wanted), query, k);
            if (best.size() == k) {
                return best;
            }
            if (recalled.size() < fetch || fetch == MOST_CANDIDATES) {
                log.debug("%s gave %d films of which %d remain: scoring every film", model.index(), fetch, best.size());
                return everyFilm(query, k, wanted);
            }
        }
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

    private List<Scored> everyFilm(double[] query, int k, Predicate<Node> wanted) {
        List<Scored> best;
        try (var films = tx.findNodes(Vocabulary.MOVIE)) {
            best = best(films.stream().filter(wanted), query, k);
        }
        if (best.isEmpty()) {
            requireVectors();
        }
        return best;
    }

    private List<Node> recall(double[] query, int candidates) {
        guard.check();
        Map<String, Object> parameters = Map.of("index", model.index(), "candidates", candidates, "vector", query);
        try (var result = tx.execute(RECALL, parameters);
                var nodes = result.<Node>columnAs("node")) {
            return nodes.stream().toList();
        }
    }

    private List<Scored> best(Stream<Node> films, double[] query, int k) {
        return films.peek(film -> guard.check())
                .flatMap(film -> score(film, query).stream())
                .sorted(Scored.BEST_FIRST)
                .limit(k)
                .toList();
    }

    private Optional<Scored> score(Node film, double[] query) {
        return model.vector(film).map(vector -> new Scored(film, Vectors.dot(vector, query)));
    }

    private void requireIndex() {
        Indexes.require(tx, "vector", model.index(), "run `mmkg embed`");
    }
}
