package org.mmkg.recall;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.mmkg.model.Model;
import org.mmkg.model.Taste;
import org.mmkg.model.UserLayers;
import org.mmkg.model.Vectors;
import org.neo4j.graphdb.Node;
import org.neo4j.procedure.TerminationGuard;

/**
 * The vectors of users at this moment. A model that says how it makes a user of his clicks is asked to do so; with
 * another one a user has the vector that it stored, or else the direction of the films that he clicked.
 */
public final class Tastes {

    /** Only the latest clicks count, which bounds the cost. */
    public static final int MOST_CLICKS = 10_000;

    private final TerminationGuard guard;
    private final Model model;
    private final FilmVectors vectors;
    private final Optional<UserLayers> layers;

    public Tastes(TerminationGuard guard, Model model, FilmVectors vectors) {
        this.guard = guard;
        this.model = model;
        this.vectors = vectors;
        this.layers = model.userLayers();
    }

    /** Whether the model makes users of their clicks. */
    public boolean areLive() {
        return layers.isPresent();
    }

    /** The vector of a user; empty where nothing is known of him. */
    public Optional<double[]> of(Node user, List<Node> clicked) {
        return layers.isPresent() ? of(clicked) : model.vector(user).or(() -> of(clicked));
    }

    /** The vector of somebody who clicked these films; empty where nothing is known of them. */
    public Optional<double[]> of(List<Node> clicked) {
        return layers.isPresent() ? live(clicked).map(Taste::vector) : Vectors.direction(latest(clicked)
                .flatMap(film -> vectors.vector(film).stream())
                .toList());
    }

    /** The user as the model's layers see him; empty where it has none, or knows none of the films. */
    public Optional<Taste> live(List<Node> clicked) {
        return layers.flatMap(some -> some.taste(latest(clicked).flatMap(film -> vectors.cause(film, some).stream())));
    }

    /** What a click on the film adds. */
    public Optional<double[]> cause(Node film) {
        return layers.flatMap(some -> vectors.cause(film, some));
    }

    private Stream<Node> latest(List<Node> clicked) {
        return clicked.stream().limit(MOST_CLICKS).peek(film -> guard.check());
    }
}
