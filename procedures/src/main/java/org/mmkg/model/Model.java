package org.mmkg.model;

import java.util.Optional;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.NotFoundException;

/** A trained model whose vectors lie in one of the two slots of the graph, `a` or `b`. */
public final class Model {

    private final Node node;
    private final String id;
    private final String slot;
    private final int dimension;
    private final String property;
    private final String cause;
    private final String stamp;

    Model(Node node, String id, String slot, int dimension) {
        this.node = node;
        this.id = id;
        this.slot = slot;
        this.dimension = dimension;
        this.property = "embedding_" + slot;
        this.cause = property + "_cause";
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
     * Checks, after vectors were read, that all of them were there: `mmkg embed` takes the slot from a model before it
     * takes away a vector.
     *
     * @throws IllegalStateException another model was given the slot meanwhile
     */
    public void requireSlot() {
        if (!slot.equals(node.getProperty("slot", null))) {
            throw Models.withoutVectors(id);
        }
    }

    /** How the model makes a user of what he clicked; empty where it does not say, and users have a vector of their own. */
    public Optional<UserLayers> userLayers() {
        return UserLayers.of(node.getProperties(UserLayers.PROPERTIES), dimension);
    }

    /**
     * The node's vector by this model, of unit length. Empty where the node has none, where another model made the
     * one in the slot, where it has another dimension or no direction, and where the node was deleted meanwhile.
     */
    public Optional<double[]> vector(Node node) {
        return read(node, property).filter(this::isUsable);
    }

    /** What a click on the film adds to a user of these layers; empty as for a vector. */
    public Optional<double[]> cause(Node film, UserLayers layers) {
        return read(film, cause).filter(vector -> vector.length == layers.width());
    }

    /**
     * The stamp is read after the vector: `mmkg embed` takes away the stamps of the model that had the slot before it
     * writes the first vector, so what another transaction writes meanwhile is never taken for this model's.
     */
    private Optional<double[]> read(Node node, String name) {
        try {
            Object stored = node.getProperty(name, null);
            return stored != null && id.equals(node.getProperty(stamp, null)) ? Vectors.read(stored) : Optional.empty();
        } catch (NotFoundException deleted) {
            return Optional.empty();
        }
    }

    private boolean isUsable(double[] vector) {
        double square = vector.length == dimension ? Vectors.dot(vector, vector) : 0;
        return square > 0 && Double.isFinite(square);
    }
}
