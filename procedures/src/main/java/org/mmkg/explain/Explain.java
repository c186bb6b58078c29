package org.mmkg.explain;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.mmkg.explain.Shares.Rest;
import org.mmkg.explain.Shares.Share;
import org.mmkg.graph.History;
import org.mmkg.graph.Nodes;
import org.mmkg.graph.Vocabulary;
import org.mmkg.model.Modality;
import org.mmkg.model.Model;
import org.mmkg.model.Models;
import org.mmkg.model.Vectors;
import org.mmkg.recall.FilmVectors;
import org.mmkg.recall.MediaShares;
import org.mmkg.recall.Relatives;
import org.mmkg.recall.Tastes;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;

/** The procedure mmkg.explain. */
public final class Explain {

    /** How many films without a vector of the model are met at the mean of their relatives. */
    private static final int MOST_ESTIMATES = 50;

    @Context
    public Transaction tx;

    @Context
    public TerminationGuard guard;

    @Procedure(name = "mmkg.explain", mode = Mode.READ)
    @Description("Divides the score of a film for a user among the films that he clicked, with a path over each.")
    public Stream<ShareRow> explain(
            @Name(value = "user", description = "A User node.") Node user,
            @Name(value = "movie", description = "A Movie node, clicked or not.") Node movie,
            @Name(value = "options", defaultValue = "{}", description = ExplainOptions.DESCRIPTION)
                    Map<String, Object> options) {
        ExplainOptions checked = ExplainOptions.of(options);
        Nodes.required("user", user, Vocabulary.USER);
        Nodes.required("movie", movie, Vocabulary.MOVIE);
        Model model = Models.find(tx, checked.model());
        FilmVectors vectors = new FilmVectors(model, new Relatives(guard), MOST_ESTIMATES);
        double[] film = vectors.vector(movie).orElseThrow(() -> Models.withoutVector(movie, model));
        List<Node> clicked = History.of(user, guard).clicked();
        Shares shares = shares(user, clicked, model, vectors, film);
        MediaShares weighed = new MediaShares(guard, model, checked.weights(), clicked);
        Alike alike = new Alike(model, movie);
        List<ShareRow> rows = rows(shares, weighed.bonuses(movie), new ClickPaths(user, movie), alike, checked);
        model.requireSlot();
        weighed.requireVersion();
        alike.requireVersion();
        return rows.stream();
    }

    private Shares shares(Node user, List<Node> clicked, Model model, FilmVectors vectors, double[] film) {
        Tastes tastes = new Tastes(guard, model, vectors);
        if (tastes.areLive()) {
            Map<Node, double[]> causes = read(clicked, tastes::cause);
            return tastes.live(clicked)
                    .map(taste -> Shares.of(taste, film, causes))
                    .orElseThrow(() -> nothingKnown(user, model));
        }
        Map<Node, double[]> known = read(clicked, vectors::vector);
        Optional<double[]> own = model.vector(user);
        double[] taste = own.or(() -> Vectors.direction(List.copyOf(known.values())))
                .orElseThrow(() -> nothingKnown(user, model));
        return Shares.of(taste, film, known, own.isPresent() ? Rest.OWN_VECTOR : Rest.NONE);
    }

    private Map<Node, double[]> read(List<Node> clicked, Function<Node, Optional<double[]>> reader) {
        Map<Node, double[]> found = new LinkedHashMap<>();
        clicked.stream()
                .limit(Tastes.MOST_CLICKS)
                .peek(click -> guard.check())
                .forEach(click -> reader.apply(click).ifPresent(vector -> found.put(click, vector)));
        return found;
    }

    private List<ShareRow> rows(
            Shares shares, Map<Modality, Double> bonuses, ClickPaths paths, Alike alike, ExplainOptions options) {
        List<Share> named = shares.clicks().stream().limit(options.k()).toList();
        List<Share> others = shares.clicks().subList(named.size(), shares.clicks().size());
        double score = shares.score()
                + bonuses.values().stream().mapToDouble(Double::doubleValue).sum();
        List<ShareRow> rows = new ArrayList<>();
        for (Share share : named) {
            guard.check();
            ClickPaths.Way way = paths.over(share.film());
            Map<String, Object> media = alike.to(share.film());
            rows.add(new ShareRow(way.path(), share.film(), share.value(), "click", way.words(), media, score));
        }
        if (!others.isEmpty()) {
            String reason = "%d more clicks".formatted(others.size());
            rows.add(ShareRow.ofNoClick(Shares.sum(others), "other clicks", reason, score));
        }
        if (shares.rest() != Rest.NONE) {
            rows.add(ShareRow.ofNoClick(shares.ofRest(), "model", shares.rest().words(), score));
        }
        bonuses.forEach((modality, bonus) -> {
            String reason = "a weight of %s for how near its %s is to those of the clicks"
                    .formatted(options.weights().get(modality), modality.key());
            rows.add(ShareRow.ofNoClick(bonus, modality.key(), reason, score));
        });
        return rows;
    }

    private static IllegalStateException nothingKnown(Node user, Model model) {
        return new IllegalStateException(
                "the user '%s' has no vector of the model '%s', and clicked no film that has: there is no score to explain"
                        .formatted(Nodes.id(user), model.id()));
    }
}
