package org.mmkg.graph;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.procedure.TerminationGuard;

/**
 * What a user did.
 *
 * @param clicked the films he clicked, the latest first
 * @param seen the films he clicked, and those he rated too low for a click
 */
public record History(List<Node> clicked, Set<Node> seen) {

    private static final Comparator<Relationship> LATEST_FIRST = Comparator.comparingDouble(History::at)
            .reversed()
            .thenComparing(click -> Nodes.id(click.getEndNode()));

    /** Reads the user's relations, also those that the training put aside for its tests. */
    public static History of(Node user, TerminationGuard guard) {
        return of(user, guard, relation -> true);
    }

    /** Likewise, as if what the training put aside had not happened. */
    public static History ofTraining(Node user, TerminationGuard guard) {
        return of(user, guard, History::isForTraining);
    }

    /** Films and users that are held out whole have a mark of their own, whatever their clicks' split says. */
    public static boolean isForTraining(Relationship relation) {
        return isForTraining(relation, History::isCold);
    }

    /** Likewise, by who knows already which films and users are held out whole. */
    public static boolean isForTraining(Relationship relation, Predicate<Node> isCold) {
        return "train".equals(relation.getProperty("split", "train"))
                && !isCold.test(relation.getStartNode())
                && !isCold.test(relation.getEndNode());
    }

    /** Whether a film or user is held out whole. */
    public static boolean isCold(Node node) {
        return node.hasProperty("cold");
    }

    private static History of(Node user, TerminationGuard guard, Predicate<Relationship> counts) {
        try (var relations = user.getRelationships(Direction.OUTGOING, Vocabulary.CLICKED, Vocabulary.RATED)) {
            List<Relationship> all = relations.stream()
                    .peek(relation -> guard.check())
                    .filter(counts)
                    .toList();
            Set<Node> seen = new HashSet<>();
            all.forEach(relation -> seen.add(relation.getEndNode()));
            List<Node> clicked = all.stream()
                    .filter(relation -> relation.isType(Vocabulary.CLICKED))
                    .sorted(LATEST_FIRST)
                    .map(Relationship::getEndNode)
                    .distinct()
                    .toList();
            return new History(clicked, seen);
        }
    }

    private static double at(Relationship click) {
        return click.getProperty("at", null) instanceof Number seconds ? seconds.doubleValue() : 0;
    }
}
