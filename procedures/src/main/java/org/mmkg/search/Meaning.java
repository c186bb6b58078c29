package org.mmkg.search;

import java.util.List;
import org.mmkg.model.Modality;
import org.mmkg.model.Model;
import org.mmkg.model.Models;
import org.mmkg.model.Vectors;
import org.mmkg.recall.NearestFilms;
import org.mmkg.recall.Scored;
import org.mmkg.recall.Space;
import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;
import org.neo4j.logging.Log;
import org.neo4j.procedure.TerminationGuard;

/** Finds films whose texts mean what a vector means. */
record Meaning(Transaction tx, TerminationGuard guard, Log log) {

    private static final int MOST_CANDIDATES = 2_000;

    /**
     * The films of the wanted kinds, the nearest first; at most as many as the options fetch.
     *
     * @throws IllegalArgumentException the vector is not of the width that the films' are, or has no direction
     * @throws IllegalStateException the model wrote no vectors of texts
     */
    List<Node> find(double[] vector, SearchOptions options) {
        Model model = Models.find(tx, options.model());
        String version = Models.requiredMedia(model);
        int width = model.textDimension().orElseThrow(() -> Models.withoutMedia(model));
        if (vector.length != width) {
            throw new IllegalArgumentException(
                    "option 'vector' must have %d numbers, as the texts of the model '%s' have, but it has %d"
                            .formatted(width, model.id(), vector.length));
        }
        double[] unit = Vectors.direction(List.of(vector))
                .orElseThrow(() -> new IllegalArgumentException("option 'vector' must not be zero everywhere"));
        NearestFilms nearest = new NearestFilms(tx, guard, log, model, Space.of(model, Modality.TEXT, version));
        List<Node> films = nearest.recall(unit, Math.min(MOST_CANDIDATES, 10 * options.fetch()));
        List<Scored> best = nearest.best(films.stream().filter(film -> isWanted(film, options)), unit, options.fetch());
        model.requireSlot();
        model.requireMedia(version);
        return best.stream().map(Scored::film).toList();
    }

    private static boolean isWanted(Node film, SearchOptions options) {
        return options.kinds().isEmpty()
                || options.kinds().stream().anyMatch(kind -> film.hasLabel(Label.label(kind)));
    }
}
