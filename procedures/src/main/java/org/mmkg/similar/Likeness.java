package org.mmkg.similar;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.mmkg.graph.Nodes;
import org.mmkg.model.Modality;
import org.mmkg.model.Model;
import org.mmkg.model.Models;
import org.mmkg.recall.Space;
import org.neo4j.graphdb.Node;

/**
 * By what films are compared: all that the model knows, or media of one kind.
 *
 * @param modality empty for all that the model knows
 * @param version of the vectors of media
 */
record Likeness(Model model, Optional<Modality> modality, String version) {

    static Likeness of(Model model, Optional<Modality> modality) {
        return new Likeness(model, modality, modality.isPresent() ? Models.requiredMedia(model) : "");
    }

    Space space() {
        return modality.map(some -> Space.of(model, some, version)).orElseGet(() -> Space.of(model));
    }

    /**
     * The film's vector.
     *
     * @throws IllegalStateException it has none; the message says by what it could be compared
     */
    double[] vector(Node film) {
        return space().vectors().apply(film).orElseThrow(() -> modality.isEmpty()
                ? Models.withoutVector(film, model)
                : new IllegalStateException("the film '%s' has no %s that the model '%s' knows: %s".formatted(
                        Nodes.id(film), modality.get().key(), model.id(), remedy(film))));
    }

    /** Checks, after vectors were read, that all of them were of this model and of one write-back. */
    void require() {
        model.requireSlot();
        if (modality.isPresent()) {
            model.requireMedia(version);
        }
    }

    private String remedy(Node film) {
        String others = Arrays.stream(Modality.values())
                .filter(some -> model.vector(film, some, version).isPresent())
                .map(Modality::key)
                .collect(Collectors.joining(", "));
        String attach = "attach one with `mmkg attach` and run `mmkg embed`";
        return others.isEmpty() ? attach : "compare it by %s, or %s".formatted(others, attach);
    }
}
