package org.mmkg.explain;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.mmkg.model.Modality;
import org.mmkg.model.Model;
import org.mmkg.model.Vectors;
import org.neo4j.graphdb.Node;

/** How near a film's media are to those of others. */
final class Alike {

    private final Model model;
    private final Optional<String> version;
    private final Map<Modality, double[]> media;

    Alike(Model model, Node film) {
        this.model = model;
        this.version = model.mediaVersion();
        this.media = model.media(film, version);
    }

    /** The cosines, by the names of the modalities that both films have; none where the model wrote no such vectors. */
    Map<String, Object> to(Node film) {
        Map<String, Object> cosines = new LinkedHashMap<>();
        model.media(film, version)
                .forEach((modality, vector) -> Optional.ofNullable(media.get(modality))
                        .ifPresent(own -> cosines.put(modality.key(), Vectors.dot(own, vector))));
        return cosines;
    }

    /** Checks, after vectors were read, that all of them were of one write-back. */
    void requireVersion() {
        version.ifPresent(model::requireMedia);
    }
}
