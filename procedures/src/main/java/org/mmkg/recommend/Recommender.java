package org.mmkg.recommend;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.mmkg.explain.Explainer;
import org.mmkg.explain.Explanation;
import org.mmkg.graph.History;
import org.mmkg.model.Model;
import org.mmkg.model.Models;
import org.mmkg.model.Vectors;
import org.mmkg.recall.NearestFilms;
import org.mmkg.recall.PopularFilms;
import org.mmkg.recall.Scored;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;
import org.neo4j.logging.Log;
import org.neo4j.procedure.TerminationGuard;

/** The stages of a recommendation: the user's taste, recall with exact scores, and the reasons. */
final class Recommender {

    private final Transaction tx;
    private final TerminationGuard guard;
    private final RecommendOptions options;
    private final Model model;
    private final NearestFilms nearest;

    Recommender(Transaction tx, TerminationGuard guard, Log log, RecommendOptions options) {
        this.tx = tx;
        this.guard = guard;
        this.options = options;
        this.model = Models.find(tx, options.model());
        this.nearest = new NearestFilms(tx, guard, log, model);
    }

    Stream<Recommendation> recommend(Node user) {
        History history = History.of(user);
        Predicate<Node> wanted = film -> options.includeSeen() || !history.seen().contains(film);
        return taste(user, history)
                .map(taste -> byTaste(taste, history, wanted))
                .orElseGet(() -> byPopularity(wanted));
    }

    /** The user's own vector; for one who came after the training, the direction of the films he clicked. */
    private Optional<double[]> taste(Node user, History history) {
        return model.vector(user)
                .or(() -> Vectors.direction(history.clicked().stream()
                        .peek(film -> guard.check())
                        .flatMap(film -> model.vector(film).stream())
                        .toList()));
    }

    private Stream<Recommendation> byTaste(double[] taste, History history, Predicate<Node> wanted) {
        List<Scored> films = nearest.find(taste, options.k(), options.candidates(), wanted);
        return rows(films, new Explainer(guard, model, history.clicked())::explain);
    }

    private Stream<Recommendation> byPopularity(Predicate<Node> wanted) {
        nearest.requireVectors();
        return rows(new PopularFilms(tx, guard).find(options.k(), wanted), Explainer::popular);
    }

    private static Stream<Recommendation> rows(List<Scored> films, Function<Scored, Explanation> explain) {
        return IntStream.range(0, films.size())
                .mapToObj(i -> new Recommendation(films.get(i), i + 1, explain.apply(films.get(i))));
    }
}
