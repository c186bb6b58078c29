package org.mmkg.explain;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.mmkg.graph.Nodes;
import org.mmkg.model.Vectors;
import org.mmkg.recall.Scored;
import org.neo4j.graphdb.Node;
import org.neo4j.procedure.TerminationGuard;

/** Explains recommendations to one user: by his clicked films nearest to each, and what they have in common. */
public final class Explainer {

    /** Only the latest clicks are compared, which bounds the cost. */
    private static final int MOST_CLICKS = 1_000;

    private static final int FILMS = 3;
    private static final int CONNECTIONS = 5;
    private static final int CONNECTIONS_IN_WORDS = 2;

    private final TerminationGuard guard;
    private final Function<Node, Optional<double[]>> vectors;
    private final String verb;
    private final Map<Node, double[]> clicked = new LinkedHashMap<>();
    private final Connections connections = new Connections();

    /**
     * Reads the vectors of the clicked films.
     *
     * @param vectors the films' vectors
     * @param clicks the user's films, the latest first
     * @param verb what he did with them: `clicked`
     */
    public Explainer(
            TerminationGuard guard, Function<Node, Optional<double[]>> vectors, List<Node> clicks, String verb) {
        this.guard = guard;
        this.vectors = vectors;
        this.verb = verb;
        clicks.stream()
                .limit(MOST_CLICKS)
                .peek(film -> guard.check())
                .forEach(film -> vectors.apply(film).ifPresent(vector -> clicked.put(film, vector)));
    }

    /** Explains a film that was chosen for its popularity. */
    public static Explanation popular(Scored item) {
        String users = item.score() == 1 ? "1 user" : "%.0f users".formatted(item.score());
        return new Explanation("popular: clicked by " + users, List.of());
    }

    /** Explains a film that was chosen by its vector. */
    public Explanation explain(Scored item) {
        guard.check();
        List<Because> because = nearest(item.film()).toList();
        String reason = because.isEmpty() ? "close to your taste" : because.get(0).words(verb);
        return new Explanation(reason, because.stream().map(Because::asMap).toList());
    }

    private Stream<Because> nearest(Node item) {
        return vectors.apply(item).stream().flatMap(vector -> clicked.entrySet().stream()
                        .filter(click -> !click.getKey().equals(item))
                        .map(click -> new Scored(click.getKey(), Vectors.dot(vector, click.getValue()))))
                .sorted(Scored.BEST_FIRST)
                .limit(FILMS)
                .map(click -> new Because(click, connections.between(item, click.film())));
    }

    /** A clicked film, its nearness to the recommended one, and what connects them. */
    private record Because(Scored click, List<Connection> connections) {

        String words(String verb) {
            // They are sorted by whether they have a name: what has none is said only where nothing has.
            boolean nameless = connections.isEmpty() || connections.get(0).isNameless();
            String shared = connections.stream()
                    .filter(connection -> connection.isNameless() == nameless)
                    .collect(Collectors.toMap(
                            Connection::relation, Connection::words, (first, next) -> first, LinkedHashMap::new))
                    .values()
                    .stream()
                    .limit(CONNECTIONS_IN_WORDS)
                    .collect(Collectors.joining(", "));
            String like = "like %s, which you %s".formatted(Nodes.title(click.film()), verb);
            return shared.isEmpty() ? like : like + ": " + shared;
        }

        Map<String, Object> asMap() {
            Map<String, Object> map = new HashMap<>();
            map.put("id", click.id());
            map.put("title", Nodes.title(click.film()));
            map.put("similarity", click.score());
            map.put("shared", connections.stream().limit(CONNECTIONS).map(Connection::asMap).toList());
            return map;
        }
    }
}
