package org.mmkg.recommend;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.mmkg.model.Modality;
import org.mmkg.model.Vectors;
import org.mmkg.recall.FilmVectors;
import org.mmkg.recall.Scored;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.RelationshipType;
import org.neo4j.procedure.TerminationGuard;

/**
 * The last stage: chooses films that are good and unlike each other, by maximal marginal relevance, at most so many of
 * a series, and some at random.
 *
 * <p>One after the other, the film comes with the greatest (1 - d) * relevance - d * likeness to the most alike that was
 * chosen before. The last places of the answer are for films that are drawn.
 */
final class Arrangement {

    private static final RelationshipType HAS_GENRE = RelationshipType.withName("HAS_GENRE");

    private final TerminationGuard guard;
    private final FilmVectors vectors;
    private final Function<Node, Map<Modality, double[]>> media;
    private final RecommendOptions options;

    /** @param media the vectors of a film's media */
    Arrangement(
            TerminationGuard guard,
            FilmVectors vectors,
            Function<Node, Map<Modality, double[]>> media,
            RecommendOptions options) {
        this.guard = guard;
        this.vectors = vectors;
        this.media = media;
        this.options = options;
    }

    /**
     * Chooses k of the films, in the order of the choice.
     *
     * @param films the best first, which decides between films that are equal
     * @param greatest the score that counts as a relevance of 1
     * @param whom the id of the user, so that not all of them are drawn the same films
     * @param stages hears which films were drawn
     */
    List<Scored> choose(List<Scored> films, double greatest, String whom, Stages stages) {
        int drawn = (int) Math.round(options.explore() * options.k());
        Series series = new Series(options.series());
        List<Scored> left = new ArrayList<>(films);
        List<Scored> chosen = new ArrayList<>(best(left, options.k() - drawn, greatest, series));
        Random random = new Random(31L * options.seed() + whom.hashCode());
        while (chosen.size() < options.k() && !left.isEmpty() && drawn > 0) {
            guard.check();
            Scored film = left.remove(random.nextInt(left.size()));
            if (series.hasRoom(film.film())) {
                series.choose(film.film());
                stages.note(film.film(), "explored");
                chosen.add(film);
            }
        }
        return chosen;
    }

    /** Takes the best out of the films that are left. */
    private List<Scored> best(List<Scored> films, int count, double greatest, Series series) {
        double weight = options.diversity();
        List<Candidate> left = new ArrayList<>();
        films.forEach(film -> left.add(new Candidate(film)));
        List<Scored> chosen = new ArrayList<>();
        while (chosen.size() < count && !left.isEmpty()) {
            guard.check();
            Candidate next = left.get(0);
            for (Candidate candidate : weight == 0 ? List.<Candidate>of() : left) {
                next = candidate.worth(weight, greatest) > next.worth(weight, greatest) ? candidate : next;
            }
            left.remove(next);
            if (!series.hasRoom(next.film.film())) {
                continue;
            }
            series.choose(next.film.film());
            chosen.add(next.film);
            films.remove(next.film);
            if (weight > 0) {
                for (Candidate candidate : left) {
                    candidate.compare(next);
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

    /** A film that may be chosen. Its vector and genres are read when they are asked for. */
    private final class Candidate {

        private final Scored film;
        private Optional<double[]> vector;
        private Map<Modality, double[]> media;
        private Set<Node> genres;
        private double likeness; // to the most alike that was chosen

        Candidate(Scored film) {
            this.film = film;
        }

        double worth(double weight, double greatest) {
            return (1 - weight) * film.score() / greatest - weight * likeness;
        }

        void compare(Candidate chosen) {
            read();
            chosen.read();
            likeness = Math.max(likeness, to(chosen));
        }

        private void read() {
            if (vector == null) {
                vector = vectors.vector(film.film());
                media = Arrangement.this.media.apply(film.film());
                genres = Arrangement.genres(film.film());
            }
        }

        /**
         * Half by the vectors, half by the share of their genres that both have. By the vectors, it is the mean of the
         * dot products, at least 0 each, of the model's and of each modality that both have.
         */
        private double to(Candidate other) {
            double near = vector.isPresent() && other.vector.isPresent()
                    ? Math.max(0, Vectors.dot(vector.get(), other.vector.get()))
                    : 0;
            int count = 1;
            for (var medium : media.entrySet()) {
                double[] theirs = other.media.get(medium.getKey());
                if (theirs != null) {
                    near += Math.max(0, Vectors.dot(medium.getValue(), theirs));
                    count++;
                }
            }
            near /= count;
            long shared = genres.stream().filter(other.genres::contains).count();
            long all = genres.size() + other.genres.size() - shared;
            return (near + (all == 0 ? 0 : (double) shared / all)) / 2;
        }
    }
}
