package org.mmkg.recall;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.mmkg.model.Model;
import org.mmkg.model.UserLayers;
import org.neo4j.graphdb.Node;

/**
 * The vectors and causes of films by a model: those it wrote, and for a film that came after it an estimate, the mean of
 * its relatives', weighted by how closely they are related. So its score is the mean of its relatives' scores.
 */
public final class FilmVectors {

    private final Model model;
    private final Relatives relatives;
    private final Map<Node, Optional<double[]>> vectors = new HashMap<>();
    private final Map<Node, Optional<double[]>> causes = new HashMap<>();
    private final int most;

    /** @param most how many films at most are estimated, which bounds the cost; the others have no vector */
    public FilmVectors(Model model, Relatives relatives, int most) {
        this.model = model;
        this.relatives = relatives;
        this.most = most;
    }

    /** The film's vector; an estimate is at most of unit length. */
    public Optional<double[]> vector(Node film) {
        return model.vector(film).or(() -> estimate(film, vectors, model::vector));
    }

    /** What a click on the film adds to a user of these layers. */
    public Optional<double[]> cause(Node film, UserLayers layers) {
        return model.cause(film, layers).or(() -> estimate(film, causes, other -> model.cause(other, layers)));
    }

    /** Whether the film's vector is an estimate. */
    public boolean isEstimated(Node film) {
        return vectors.getOrDefault(film, Optional.empty()).isPresent();
    }

    private Optional<double[]> estimate(
            Node film, Map<Node, Optional<double[]>> known, Function<Node, Optional<double[]>> reader) {
        if (known.size() >= most && !known.containsKey(film)) {
            return Optional.empty();
        }
        return known.computeIfAbsent(film, missing -> mean(relatives.of(missing), reader));
    }

    private static Optional<double[]> mean(Map<Node, Double> weights, Function<Node, Optional<double[]>> reader) {
        double[] sum = null;
        double total = 0;
        for (var entry : weights.entrySet()) {
            Optional<double[]> vector = reader.apply(entry.getKey());
            if (vector.isEmpty()) {
                continue;
            }
            sum = sum == null ? new double[vector.get().length] : sum;
            total += entry.getValue();
            for (int i = 0; i < sum.length; i++) {
                sum[i] += entry.getValue() * vector.get()[i];
            }
        }
        if (total == 0) {
            return Optional.empty();
        }
        for (int i = 0; i < sum.length; i++) {
            sum[i] /= total;
        }
        return Optional.of(sum);
    }
}
