package org.mmkg.model;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
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

    /** How many numbers its vectors have. */
    public int dimension() {
        return dimension;
    }

    /** How many films got a vector when `mmkg embed` wrote them last; empty where an earlier version wrote them. */
    public OptionalLong films() {
        return films(Optional.empty());
    }

    /** Likewise, a vector of such media. */
    public OptionalLong films(Optional<Modality> modality) {
        String name = modality.map(some -> some.key() + "_films").orElse("films");
        return node.getProperty(name, null) instanceof Number films
                ? OptionalLong.of(films.longValue())
                : OptionalLong.empty();
    }

    /** The name of the vector index over the films of this model's slot. */
    public String index() {
        return "movie_embedding_" + slot;
    }

    /** The name of the vector index over what the films of this model's slot look, sound or read like. */
    public String index(Modality modality) {
        return index() + "_" + modality.key();
    }

    /**
     * What tells the films' vectors of media that belong together; empty where the model wrote none. Read it once a
     * call, so that the call never compares vectors of two write-backs.
     */
    public Optional<String> mediaVersion() {
        return Optional.ofNullable((String) node.getProperty("media_version", null));
    }

    /** How many numbers the films' vectors of texts have; empty where the model wrote none. */
    public OptionalInt textDimension() {
        return node.getProperty("text_dimension", null) instanceof Number dimension
                ? OptionalInt.of(dimension.intValue())
                : OptionalInt.empty();
    }

    /**
     * Checks, after vectors of media were read, that all of them were there.
     *
     * @throws IllegalStateException others were written meanwhile
     */
    public void requireMedia(String version) {
        if (!mediaVersion().equals(Optional.of(version))) {
            throw new IllegalStateException("the model '%s' got new vectors of media meanwhile: ask again".formatted(id));
        }
    }

    /** What the film looks, sounds or reads like, of unit length; empty where it has no such medium. */
    public Optional<double[]> vector(Node film, Modality modality, String version) {
        try {
            Object stored = film.getProperty(property + "_" + modality.key(), null);
            return stored != null && version.equals(film.getProperty(property + "_media", null))
                    ? Vectors.read(stored)
                    : Optional.empty();
        } catch (NotFoundException deleted) {
            return Optional.empty();
        }
    }

    /** All that the film reads, looks and sounds like; nothing where the model wrote no such vectors. */
    public Map<Modality, double[]> media(Node film, Optional<String> version) {
        Map<Modality, double[]> media = new EnumMap<>(Modality.class);
        for (Modality modality : Modality.values()) {
            version.flatMap(some -> vector(film, modality, some)).ifPresent(vector -> media.put(modality, vector));
        }
        return media;
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

    /** Whether the model wrote a vector of the node: cheaper than to read it. */
    public boolean knows(Node node) {
        try {
            return node.hasProperty(property) && isStamped(node);
        } catch (NotFoundException deleted) {
            return false;
        }
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
            return stored != null && isStamped(node) ? Vectors.read(stored) : Optional.empty();
        } catch (NotFoundException deleted) {
            return Optional.empty();
        }
    }

    private boolean isStamped(Node node) {
        return id.equals(node.getProperty(stamp, null));
    }

    private boolean isUsable(double[] vector) {
        double square = vector.length == dimension ? Vectors.dot(vector, vector) : 0;
        return square > 0 && Double.isFinite(square);
    }
}
