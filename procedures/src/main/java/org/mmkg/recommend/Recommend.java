package org.mmkg.recommend;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.mmkg.estimate.Estimate;
import org.mmkg.graph.Counts;
import org.mmkg.graph.Nodes;
import org.mmkg.graph.Vocabulary;
import org.mmkg.model.Models;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;
import org.neo4j.logging.Log;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;

/** The procedures mmkg.recommend and mmkg.recommendFor, and what each would read. */
public final class Recommend {

    private static final int MOST_FILMS = 1_000;

    @Context
    public Transaction tx;

    @Context
    public TerminationGuard guard;

    @Context
    public Log log;

    @Procedure(name = "mmkg.recommend", mode = Mode.READ)
    @Description("Recommends films to a user by the vectors of a trained model, without those he clicked or rated, and"
            + " says why.")
    public Stream<Recommendation> recommend(
            @Name(value = "user", description = "A User node.") Node user,
            @Name(value = "options", defaultValue = "{}", description = RecommendOptions.OF_USER)
                    Map<String, Object> options) {
        RecommendOptions checked = RecommendOptions.ofUser(options);
        Nodes.required("user", user, Vocabulary.USER);
        return new Recommender(tx, guard, log, checked).recommend(user);
    }

    @Procedure(name = "mmkg.recommendFor", mode = Mode.READ)
    @Description("Recommends films to somebody of whom nothing is known but some films, as if he had clicked these.")
    public Stream<Recommendation> recommendFor(
            @Name(value = "movies", description = "A list of Movie nodes or ids of films, at most 1000.")
                    List<Object> movies,
            @Name(value = "options", defaultValue = "{}", description = RecommendOptions.OF_FILMS)
                    Map<String, Object> options) {
        RecommendOptions checked = RecommendOptions.ofFilms(options);
        return new Recommender(tx, guard, log, checked).recommendFor(films(movies));
    }

    @Procedure(name = "mmkg.recommend.estimate", mode = Mode.READ)
    @Description("Tells what mmkg.recommend would read at most, without doing it.")
    public Stream<Estimate> estimate(
            @Name(value = "user", description = "A User node.") Node user,
            @Name(value = "options", defaultValue = "{}", description = RecommendOptions.OF_USER)
                    Map<String, Object> options) {
        RecommendOptions checked = RecommendOptions.ofUser(options);
        Nodes.required("user", user, Vocabulary.USER);
        return Stream.of(estimateOf(checked).of(user));
    }

    @Procedure(name = "mmkg.recommendFor.estimate", mode = Mode.READ)
    @Description("Tells what mmkg.recommendFor would read at most, without doing it.")
    public Stream<Estimate> estimateFor(
            @Name(value = "movies", description = "A list of Movie nodes or ids of films, at most 1000.")
                    List<Object> movies,
            @Name(value = "options", defaultValue = "{}", description = RecommendOptions.OF_FILMS)
                    Map<String, Object> options) {
        RecommendOptions checked = RecommendOptions.ofFilms(options);
        return Stream.of(estimateOf(checked).ofFilms(films(movies).size()));
    }

    private RecommendEstimate estimateOf(RecommendOptions options) {
        return new RecommendEstimate(Counts.of(tx), Models.find(tx, options.model()), options);
    }

    private List<Node> films(List<Object> movies) {
        if (movies == null || movies.size() > MOST_FILMS) {
            throw new IllegalArgumentException("'movies' must be a list of at most %d films, but it %s"
                    .formatted(MOST_FILMS, movies == null ? "is null" : "has " + movies.size()));
        }
        return movies.stream().map(movie -> Nodes.film(tx, "movies", movie)).toList();
    }
}
