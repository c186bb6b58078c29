package org.mmkg.recall;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mmkg.model.Modality;
import org.mmkg.model.Model;
import org.mmkg.model.Models;
import org.mmkg.model.Vectors;
import org.mmkg.options.Options;
import org.neo4j.graphdb.Node;
import org.neo4j.procedure.TerminationGuard;

/**
 * What the option `weights` does: it moves films up or down by how near their media are to those of the user's clicks.
 *
 * <pre>score = model's score + Σ (w_m − 1) · share_m        share_m = x_m · unit(Σ x_m of the clicks)</pre>
 *
 * over the modalities m, with the film's vector x_m of unit length, so that a share is a cosine. A film without such a
 * medium has the share 0, and a weight of 1 does nothing.
 */
public final class MediaShares {

    /** What callers may say of the weights. */
    public static final String DESCRIPTION =
            " weights (default 1 each): a map of `text`, `poster`, `sound` and `trailer` to numbers from 0 to 10,"
                    + " how much it counts that a film's media of the kind are near to those of the clicks.";

    private static final double GREATEST_WEIGHT = 10;

    private final Model model;
    private final Map<Modality, Double> weights;
    private final String version;
    private final Map<Modality, double[]> tastes = new EnumMap<>(Modality.class);

    /**
     * @param weights other than 1
     * @param clicked the latest first
     * @throws IllegalStateException there are weights, and the model wrote no vectors of media
     */
    public MediaShares(TerminationGuard guard, Model model, Map<Modality, Double> weights, List<Node> clicked) {
        this.model = model;
        this.weights = weights;
        this.version = weights.isEmpty() ? "" : Models.requiredMedia(model);
        for (Modality modality : weights.keySet()) {
            List<double[]> vectors = clicked.stream()
                    .limit(Tastes.MOST_CLICKS)
                    .peek(film -> guard.check())
                    .flatMap(film -> model.vector(film, modality, version).stream())
                    .toList();
            Vectors.direction(vectors).ifPresent(taste -> tastes.put(modality, taste));
        }
    }

    /** Reads the option `weights`. A weight of 1 leaves all as it is, and so it counts as none. */
    public static Map<Modality, Double> weights(Map<String, Object> given) {
        Options options = Options.of("weight", given, Modality.keys());
        Map<Modality, Double> weights = new EnumMap<>(Modality.class);
        for (Modality modality : Modality.values()) {
            double weight = options.number(modality.key(), 0, GREATEST_WEIGHT).orElse(1);
            if (weight != 1) {
                weights.put(modality, weight);
            }
        }
        return weights;
    }

    /** What the user's clicks look, sound or read like, of the modalities that shall weigh more. */
    public Map<Modality, double[]> raised() {
        Map<Modality, double[]> raised = new EnumMap<>(tastes);
        raised.keySet().removeIf(modality -> weights.get(modality) <= 1);
        return raised;
    }

    public Space space(Modality modality) {
        return Space.of(model, modality, version);
    }

    /** What the weights add to the film's score: Σ (w − 1) · share. */
    public double bonus(Node film) {
        return bonuses(film).values().stream().mapToDouble(Double::doubleValue).sum();
    }

    /** What each weight adds to the film's score: (w − 1) · share. */
    public Map<Modality, Double> bonuses(Node film) {
        Map<Modality, Double> bonuses = new EnumMap<>(Modality.class);
        weights.forEach((modality, weight) -> bonuses.put(modality, (weight - 1) * share(film, modality)));
        return bonuses;
    }

    /** The film's shares by the names of the modalities that have a weight. */
    public Map<String, Object> of(Node film) {
        Map<String, Object> shares = new LinkedHashMap<>();
        weights.keySet().forEach(modality -> shares.put(modality.key(), share(film, modality)));
        return shares;
    }

    public boolean isEmpty() {
        return weights.isEmpty();
    }

    /** Checks, after vectors were read, that all of them were of one write-back. */
    public void requireVersion() {
        if (!isEmpty()) {
            model.requireMedia(version);
        }
    }

    private double share(Node film, Modality modality) {
        return Optional.ofNullable(tastes.get(modality))
                .flatMap(taste -> model.vector(film, modality, version).map(vector -> Vectors.dot(vector, taste)))
                .orElse(0.0);
    }
}
