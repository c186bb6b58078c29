package org.mmkg.recommend;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.mmkg.model.Model;
import org.mmkg.model.Vectors;
import org.mmkg.recall.Scored;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.RelationshipType;
import org.neo4j.procedure.TerminationGuard;

/**
 * Chooses films that are good and unlike each other, by maximal marginal relevance: one after the other, the film with
 * the greatest (1 - d) * relevance - d * likeness to the most alike that was chosen before.
 */
final class Diversity {

    private static final RelationshipType HAS_GENRE = RelationshipType.withName("HAS_GENRE");

    private final TerminationGuard guard;
    private final Model model;
    private final double weight;

    /** @param weight d, from 0 (the best films) to 1 (the most different ones) */
    Diversity(TerminationGuard guard, Model model, double weight) {
        this.guard = guard;
        this.model = model;
        this.weight = weight;
    }

    /**
     * Chooses k of the films, in the order of the choice.
     *
     * @param films the best first, which decides between films that are equal
     * @param greatest the score that counts as a relevance of 1
     */
    List<Scored> choose(List<Scored> films, int k, double greatest) {
        List<Candidate> left = new ArrayList<>();
        films.forEach(film -> left.add(new Candidate(film, model.vector(film.film()), genres(film.film()))));
        List<Scored> chosen = new ArrayList<>();
        double[] likeness = new double[films.size()]; // of each that is left to the most alike chosen
        while (chosen.size() < k && chosen.size() < films.size()) {
            guard.check();
            int best = -1;
            double most = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < films.size(); i++) {
                double worth = (1 - weight) * films.get(i).score() / greatest - weight * likeness[i];
                if (left.get(i) != null && worth > most) {
                    best = i;
                    most = worth;
                }
            }
            Candidate next = left.set(best, null);
            chosen.add(next.film);
            for (int i = 0; i < films.size(); i++) {
                if (left.get(i) != null) {
                    likeness[i] = Math.max(likeness[i], left.get(i).likeness(next));
                }
            }
        }
        return chosen;
    }

    private static Set<Node> genres(Node film) {
        Set<Node> genres = new HashSet<>();
        try (var relations = film.getRelationships(Direction.OUTGOING, HAS_GENRE)) {
            relations.stream().map(Relationship::getEndNode).forEach(genres::add);
        }
        return genres;
    }

    private record Candidate(Scored film, Optional<double[]> vector, Set<Node> genres) {

        /** Half by the vectors (their dot product, at least 0), half by the share of their genres that both have. */
        double likeness(Candidate other) {
            double near = vector.isPresent() && other.vector.isPresent()
                    ? Math.max(0, Vectors.dot(vector.get(), other.vector.get()))
                    : 0;
            long shared = genres.stream().filter(other.genres::contains).count();
            long all = genres.size() + other.genres.size() - shared;
            return (near + (all == 0 ? 0 : (double) shared / all)) / 2;
        }
    }
}
