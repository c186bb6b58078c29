package org.mmkg.recall;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.TerminationGuard;

/**
 * The films with the most clicks, for a user of whom nothing is known.
 *
 * <p>The cost is bounded: the films of a limited number of clicks are compared, by their true numbers of clicks. A
 * film that misses a sample of this size is not popular.
 */
public final class PopularFilms {

    /** How many clicks are looked at. */
    public static final int SAMPLE = 100_000;

    private final Transaction tx;
    private final TerminationGuard guard;

    public PopularFilms(Transaction tx, TerminationGuard guard) {
        this.tx = tx;
        this.guard = guard;
    }

    /** The k wanted films with the most clicks, which are their scores; fewer where the catalogue has no more. */
    public List<Scored> find(int k, Predicate<Node> wanted) {
        Set<Node> films = new LinkedHashSet<>();
        try (var clicks = tx.findRelationships(Vocabulary.CLICKED)) {
            checked(clicks.stream().limit(SAMPLE).map(Relationship::getEndNode))
                    .distinct()
                    .filter(wanted)
                    .forEach(films::add);
        }
        if (films.size() < k) {
            try (var others = tx.findNodes(Vocabulary.MOVIE)) {
                checked(others.stream()).filter(wanted).takeWhile(film -> films.size() < k).forEach(films::add);
            }
        }
        return films.stream()
                .map(film -> new Scored(film, film.getDegree(Vocabulary.CLICKED, Direction.INCOMING)))
                .sorted(Scored.BEST_FIRST)
                .limit(k)
                .toList();
    }

    private Stream<Node> checked(Stream<Node> nodes) {
        return nodes.peek(node -> guard.check());
    }
}
