package org.mmkg.recall;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.mmkg.graph.Counts;
import org.mmkg.graph.Facts;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.RelationshipType;
import org.neo4j.procedure.TerminationGuard;

/**
 * The films around a film in the graph: those that a fact leads to, directly or by way of an entity, and those with a
 * medium that looks or sounds like one of its own. It needs no model, so that it knows a film of a minute ago.
 *
 * <p>The cost is bounded: what few films share is followed first, up to a number of relations.
 */
public final class Relatives {

    private static final RelationshipType SIMILAR_TO = RelationshipType.withName("SIMILAR_TO");

    private static final RelationshipType[] MEDIA_OF = List.of(
                    "POSTER_OF", "STILL_OF", "TRAILER_OF", "CLIP_OF", "AUDIO_OF", "TEXT_OF")
            .stream()
            .map(RelationshipType::withName)
            .toArray(RelationshipType[]::new);

    private static final int MOST_FACTS = 100;
    private static final int MOST_MEDIA = 20;

    /** How many relations from shared entities to their films are followed around one film at most. */
    public static final int MOST_RELATIONS = 500;

    private final TerminationGuard guard;

    public Relatives(TerminationGuard guard) {
        this.guard = guard;
    }

    /** How many relations are followed around one film at most, so many of them from shared entities. */
    public static long mostRelations(Counts counts, int shared) {
        long similar = Math.min(MOST_MEDIA, 2 * counts.relationsOf("SIMILAR_TO"));
        return MOST_FACTS + shared + MOST_MEDIA * (1 + similar * (1 + MOST_MEDIA));
    }

    /**
     * The films around this one with their weights: for each way to a film one over the number of relations that the
     * shared entity has, and for each pair of similar media their score over the number of media so similar.
     */
    public Map<Node, Double> of(Node film) {
        return of(film, MOST_RELATIONS);
    }

    /** Likewise, where a few films are enough: at most so many relations from shared entities are followed. */
    public Map<Node, Double> of(Node film, int shared) {
        Map<Node, Double> weights = new HashMap<>();
        facts(film, weights, shared);
        media(film, weights);
        weights.remove(film);
        return weights;
    }

    private void facts(Node film, Map<Node, Double> weights, int most) {
        List<Bridge> bridges = new ArrayList<>();
        Facts.read(film, MOST_FACTS, fact -> {
            Node other = fact.getOtherNode(film);
            if (other.hasLabel(Vocabulary.MOVIE)) {
                weights.merge(other, 1.0, Double::sum);
            } else if (other.hasLabel(Vocabulary.ENTITY)) {
                bridges.add(new Bridge(other, fact.getType(), other.getDegree(fact.getType())));
            }
        });
        bridges.sort(Comparator.comparingInt(Bridge::degree));
        int left = most;
        for (Bridge bridge : bridges) {
            guard.check();
            left = bridge.cross(weights, left);
        }
    }

    private void media(Node film, Map<Node, Double> weights) {
        try (var media = film.getRelationships(Direction.INCOMING, MEDIA_OF)) {
            media.stream().limit(MOST_MEDIA).map(Relationship::getStartNode).forEach(medium -> {
                guard.check();
                double all = medium.getDegree(SIMILAR_TO);
                try (var similar = medium.getRelationships(SIMILAR_TO)) {
                    similar.stream().limit(MOST_MEDIA).forEach(pair -> {
                        double score = pair.getProperty("score", null) instanceof Number number
                                ? Math.max(0, number.doubleValue())
                                : 0;
                        shown(pair.getOtherNode(medium), score / all, weights);
                    });
                }
            });
        }
    }

    /** Adds the films that a medium belongs to. */
    private static void shown(Node medium, double weight, Map<Node, Double> weights) {
        try (var films = medium.getRelationships(Direction.OUTGOING, MEDIA_OF)) {
            films.stream()
                    .limit(MOST_MEDIA)
                    .map(Relationship::getEndNode)
                    .filter(other -> other.hasLabel(Vocabulary.MOVIE))
                    .forEach(other -> weights.merge(other, weight, Double::sum));
        }
    }

    /** An entity that leads from a film to others, by facts of one type. */
    private record Bridge(Node entity, RelationshipType type, int degree) {

        /** Adds the films on the other side, and returns how many relations may still be followed. */
        int cross(Map<Node, Double> weights, int most) {
            if (degree < 2 || most <= 0) {
                return most;
            }
            try (var facts = entity.getRelationships(type)) {
                facts.stream()
                        .limit(most)
                        .map(fact -> fact.getOtherNode(entity))
                        .filter(other -> other.hasLabel(Vocabulary.MOVIE))
                        .forEach(other -> weights.merge(other, 1.0 / degree, Double::sum));
            }
            return most - degree;
        }
    }
}
