package org.mmkg.recommend;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.mmkg.explain.Explainer;
import org.mmkg.explain.Explanation;
import org.mmkg.graph.History;
import org.mmkg.graph.Nodes;
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

/** The stages of a recommendation: the taste, recall with exact scores, a choice among them, and the reasons. */
final class Recommender {

    private final Transaction tx;
    private final TerminationGuard guard;
    private final RecommendOptions options;
    private final Model model;
    private final NearestFilms nearest;
    private final Predicate<Node> included;

    Recommender(Transaction tx, TerminationGuard guard, Log log, RecommendOptions options) {
        this.tx = tx;
        this.guard = guard;
        this.options = options;
        this.model = Models.find(tx, options.model());
        this.nearest = new NearestFilms(tx, guard, log, model);
        this.included = options.include().in(tx, guard);
    }

    Stream<Recommendation> recommend(Node user) {
        History history = History.of(user);
        Optional<double[]> taste = model.vector(user).or(() -> meanOf(history.clicked()));
        return recommend(taste, history.seen(), new Explainer(guard, model, history.clicked(), "clicked"));
    }

    /** For somebody of whom nothing is known but some films. */
    Stream<Recommendation> recommendFor(List<Node> films) {
        Set<Node> distinct = new LinkedHashSet<>(films);
        List<Node> known = List.copyOf(distinct);
        return recommend(meanOf(known), distinct, new Explainer(guard, model, known, "chose"));
    }

    private Stream<Recommendation> recommend(Optional<double[]> taste, Set<Node> seen, Explainer explainer) {
        Predicate<Node> wanted = film -> (options.includeSeen() || !seen.contains(film))
                && (options.exclude().isEmpty() || !options.exclude().contains(Nodes.id(film)))
                && included.test(film);
        return taste.map(vector -> rows(byTaste(vector, wanted), explainer::explain))
                .orElseGet(() -> rows(byPopularity(wanted), Explainer::popular));
    }

    /** The direction of the films' vectors; empty where they have none. */
    private Optional<double[]> meanOf(List<Node> films) {
        return Vectors.direction(films.stream()
                .peek(film -> guard.check())
                .flatMap(film -> model.vector(film).stream())
                .toList());
    }

    private List<Scored> byTaste(double[] taste, Predicate<Node> wanted) {
        if (options.diversity() == 0) {
            return nearest.find(taste, options.k(), options.candidates(), wanted);
        }
        int candidates = Math.max(options.candidates(), options.pool());
        return diverse(nearest.find(taste, options.pool(), candidates, wanted), 1);
    }

    private List<Scored> byPopularity(Predicate<Node> wanted) {
        nearest.requireVectors();
        PopularFilms popular = new PopularFilms(tx, guard);
        if (options.diversity() == 0) {
            return popular.find(options.k(), wanted);
        }
        List<Scored> films = popular.find(options.pool(), wanted);
        return diverse(films, films.isEmpty() ? 1 : Math.max(1, films.get(0).score()));
    }

    private List<Scored> diverse(List<Scored> films, double greatest) {
        return new Diversity(guard, model, options.diversity()).choose(films, options.k(), greatest);
    }

    private static Stream<Recommendation> rows(List<Scored> films, Function<Scored, Explanation> explain) {
        return IntStream.range(0, films.size())
                .mapToObj(i -> new Recommendation(films.get(i), i + 1, explain.apply(films.get(i))));
    }
}
