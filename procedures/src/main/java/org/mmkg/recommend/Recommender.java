package org.mmkg.recommend;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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
import org.mmkg.recall.FilmVectors;
import org.mmkg.recall.FreshFilms;
import org.mmkg.recall.MediaShares;
import org.mmkg.recall.NearestFilms;
import org.mmkg.recall.PopularFilms;
import org.mmkg.recall.Relatives;
import org.mmkg.recall.RippleFilms;
import org.mmkg.recall.Scored;
import org.mmkg.recall.Space;
import org.mmkg.recall.Tastes;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;
import org.neo4j.logging.Log;
import org.neo4j.procedure.TerminationGuard;

/** The stages of a recommendation: the taste, recall, coarse sort, fine sort, rearrangement, and the reasons. */
final class Recommender {

    private final Transaction tx;
    private final TerminationGuard guard;
    private final Log log;
    private final RecommendOptions options;
    private final Model model;
    private final FilmVectors vectors;
    private final Tastes tastes;
    private final NearestFilms nearest;
    private final RippleFilms ripple;
    private final FreshFilms fresh;
    private final Arrangement arrangement;
    private final Predicate<Node> included;
    private Stages stages = new Stages();
    private MediaShares shares;
    private boolean isByTaste;

    Recommender(Transaction tx, TerminationGuard guard, Log log, RecommendOptions options) {
        this.tx = tx;
        this.guard = guard;
        this.options = options;
        this.model = Models.find(tx, options.model());
        Relatives relatives = new Relatives(guard);
        this.vectors = new FilmVectors(model, relatives, options.fresh());
        this.tastes = new Tastes(guard, model, vectors);
        this.log = log;
        Space space = new Space(model.index(), vectors::vector);
        this.nearest = new NearestFilms(tx, guard, log, model, space, film -> shares.bonus(film));
        this.ripple = new RippleFilms(relatives);
        this.fresh = new FreshFilms(tx, guard, model);
        Optional<String> version = model.mediaVersion();
        this.arrangement = new Arrangement(guard, vectors, film -> model.media(film, version), options);
        this.included = options.include().in(tx, guard);
    }

    Stream<Recommendation> recommend(Node user) {
        History history = options.heldOut() ? History.of(user, guard) : History.ofTraining(user, guard);
        Optional<double[]> taste = tastes.of(user, history.clicked());
        return recommend(taste, history.clicked(), history.seen(), "clicked", Nodes.id(user));
    }

    /** For somebody of whom nothing is known but some films. */
    Stream<Recommendation> recommendFor(List<Node> films) {
        Set<Node> distinct = new LinkedHashSet<>(films);
        List<Node> known = List.copyOf(distinct);
        return recommend(tastes.of(known), known, distinct, "chose", "");
    }

    private Stream<Recommendation> recommend(
            Optional<double[]> taste, List<Node> clicked, Set<Node> seen, String verb, String whom) {
        Predicate<Node> wanted = film -> (options.includeSeen() || !seen.contains(film))
                && (options.exclude().isEmpty() || !options.exclude().contains(Nodes.id(film)))
                && included.test(film);
        shares = new MediaShares(guard, model, options.weights(), clicked);
        List<Scored> films = taste.map(vector -> byTaste(vector, clicked, seen.size(), wanted)).orElse(List.of());
        model.requireSlot();
        shares.requireVersion();
        isByTaste = !films.isEmpty();
        if (!isByTaste) {
            return rows(byPopularity(wanted, whom), Explainer::popular);
        }
        Explainer explainer = new Explainer(guard, vectors::vector, clicked, verb);
        return rows(arranged(films, 1, whom), explainer::explain);
    }

    /**
     * Recall, coarse sort and fine sort. The index cannot leave out the films that are not wanted, so twice as many are
     * fetched until enough remain; where it has no more to give, every film is scored.
     */
    private List<Scored> byTaste(double[] taste, List<Node> clicked, int seen, Predicate<Node> wanted) {
        List<Node> related = ripple.find(clicked, options.ripple(), wanted);
        List<Node> newest = fresh.find(options.fresh(), wanted);
        Map<String, List<Node>> alike = alike(wanted);
        for (int fetch = options.fetched(seen); ; fetch = Math.min(2 * fetch, NearestFilms.MOST_CANDIDATES)) {
            List<Node> fetched = nearest.recall(taste, fetch);
            List<Node> near = fetched.stream().filter(wanted).toList();
            stages = new Stages();
            stages.recall("vector", near);
            stages.recall("ripple", related);
            stages.recall("fresh", newest);
            alike.forEach(stages::recall);
            List<Scored> films = nearest.best(stages.coarse(options.fine()).stream(), taste, options.fine());
            if (near.size() < options.pool() || films.size() < options.k()) {
                if (fetched.size() == fetch && fetch < NearestFilms.MOST_CANDIDATES) {
                    continue;
                }
                films = nearest.everyFilm(taste, options.fine(), wanted);
            }
            stages.fine(films);
            return films;
        }
    }

    /** The wanted films whose media are near to those of the clicks, for each modality that shall weigh more. */
    private Map<String, List<Node>> alike(Predicate<Node> wanted) {
        Map<String, List<Node>> alike = new LinkedHashMap<>();
        shares.raised().forEach((modality, taste) -> {
            List<Node> films = new NearestFilms(tx, guard, log, model, shares.space(modality))
                    .recall(taste, options.fine());
            alike.put(modality.key(), films.stream().filter(wanted).toList());
        });
        return alike;
    }

    private List<Scored> byPopularity(Predicate<Node> wanted, String whom) {
        nearest.requireVectors();
        List<Scored> films = new PopularFilms(tx, guard).find(options.pool(), wanted);
        stages = new Stages();
        stages.recall("popular", films.stream().map(Scored::film).toList());
        return arranged(films, films.isEmpty() ? 1 : Math.max(1, films.get(0).score()), whom);
    }

    private List<Scored> arranged(List<Scored> films, double greatest, String whom) {
        return options.rearranges()
                ? arrangement.choose(films, greatest, whom, stages)
                : films.stream().limit(options.k()).toList();
    }

    private Stream<Recommendation> rows(List<Scored> films, Function<Scored, Explanation> explain) {
        return IntStream.range(0, films.size()).mapToObj(i -> row(films.get(i), i + 1, explain));
    }

    private Recommendation row(Scored film, int rank, Function<Scored, Explanation> explain) {
        if (vectors.isEstimated(film.film())) {
            stages.note(film.film(), "estimated");
        }
        if (!shares.isEmpty() && isByTaste) {
            stages.note(film.film(), "model", film.score() - shares.bonus(film.film()));
            stages.note(film.film(), "shares", shares.of(film.film()));
        }
        return new Recommendation(film, rank, explain.apply(film), stages.of(film.film()));
    }
}
