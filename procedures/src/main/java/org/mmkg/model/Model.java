package org.mmkg.model;

import java.util.Optional;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.NotFoundException;

/** A trained model whose vectors lie in one of the two slots of the graph, `a` or `b`. */
public final class Model {

    private final String id;
    private final String slot;
    private final int dimension;
    private final String property;
    private final String stamp;

    Model(String id, String slot, int dimension) {
        this.id = id;
        this.slot = slot;
        this.dimension = dimension;
        this.property = "embedding_" + slot;
        this.stamp = property + "_model";
    }

    public String id() {
        return id;
    }

    /** The name of the vector index over the films of this model's slot. */
    public String index() {
        return "movie_embedding_" + slot;
    }

    /**
     * The node's vector by this model, of unit length. Empty where the node has none, where another model made the
     * one in the slot, where it has another dimension or no direction, and where the node was deleted meanwhile.
     */
    public Optional<double[]> vector(Node node) {
        try {
            var properties = node.getProperties(property, stamp);
            return id.equals(properties.get(stamp))
                    ? Vectors.read(properties.get(property)).filter(this::isUsable)
                    : Optional.empty();
        } catch (NotFoundException deleted) {
            return Optional.empty();
        }
    }

    private boolean isUsable(double[] vector) {
        double square = vector.length == dimension ? Vectors.dot(vector, vector) : 0;
        return square > 0 && Double.isFinite(square);
    }
}
