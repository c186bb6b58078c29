package org.mmkg.recall;

import java.util.Optional;
import java.util.function.Function;
import org.mmkg.model.Modality;
import org.mmkg.model.Model;
import org.neo4j.graphdb.Node;

/**
 * Where films are near one another.
 *
 * @param index the name of the vector index over their vectors
 * @param vectors the vectors themselves, of unit length
 */
public record Space(String index, Function<Node, Optional<double[]>> vectors) {

    /** By all that the model knows. */
    public static Space of(Model model) {
        return new Space(model.index(), model::vector);
    }

    /** By media of one kind. */
    public static Space of(Model model, Modality modality, String version) {
        return new Space(model.index(modality), film -> model.vector(film, modality, version));
    }
}
