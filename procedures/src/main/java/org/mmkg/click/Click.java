package org.mmkg.click;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.mmkg.graph.Nodes;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;

/** The procedure mmkg.click, the only one that writes. */
public final class Click {

    private static final String CREATE_USER = "MERGE (u:User {id: $id}) RETURN u";

    @Context
    public Transaction tx;

    @Context
    public TerminationGuard guard;

    @Procedure(name = "mmkg.click", mode = Mode.WRITE)
    @Description("Notes that a user clicked or rated a film, as an import would; the next recommendation knows it.")
    public Stream<ClickRow> click(
            @Name(value = "user", description = "A User node, or the id of a user.") Object user,
            @Name(value = "movie", description = "A Movie node, or the id of a film.") Object movie,
            @Name(value = "options", defaultValue = "{}", description = ClickOptions.DESCRIPTION)
                    Map<String, Object> options) {
        ClickOptions checked = ClickOptions.of(options);
        Node film = Nodes.film(tx, "movie", movie);
        return Stream.of(write(user(user, checked), film, checked));
    }

    private Node user(Object user, ClickOptions options) {
        if (user instanceof Node node) {
            return Nodes.required("user", node, Vocabulary.USER);
        }
        if (!(user instanceof String id) || id.isBlank()) {
            throw Nodes.neither("user", user, Vocabulary.USER);
        }
        if (options.createUser()) {
            try (var result = tx.execute(CREATE_USER, Map.of("id", id)); var users = result.<Node>columnAs("u")) {
                return users.next();
            }
        }
        Node found = tx.findNode(Vocabulary.USER, Vocabulary.ID, id);
        if (found == null) {
            throw new IllegalArgumentException(
                    "no user has the id '%s': pass {createUser: true} to create the user".formatted(id));
        }
        return found;
    }

    private ClickRow write(Node user, Node film, ClickOptions options) {
        tx.acquireWriteLock(user); // two clicks of a user at once must not make two relations
        List<Relationship> between = between(user, film);
        for (Relationship relation : between) {
            if (relation.isType(options.type())) {
                return update(relation, options);
            }
        }
        // He changed his mind. What an import states of the two stays: only undoing it takes that back.
        between.stream().filter(relation -> !isImported(relation)).forEach(Relationship::delete);
        Relationship created = user.createRelationshipTo(film, options.type());
        set(created, options);
        return new ClickRow(created, true);
    }

    private List<Relationship> between(Node user, Node film) {
        try (var relations = user.getRelationships(Direction.OUTGOING, Vocabulary.CLICKED, Vocabulary.RATED)) {
            return relations.stream()
                    .peek(relation -> guard.check())
                    .filter(relation -> relation.getEndNode().equals(film))
                    .toList();
        }
    }

    private static ClickRow update(Relationship relation, ClickOptions options) {
        if (!isImported(relation)) {
            set(relation, options);
        } else if (contradicts(relation, "rating", options.rating().stream().boxed())
                || contradicts(relation, "at", options.at().stream().mapToObj(at -> (double) at))) {
            throw new IllegalStateException(
                    "an import states how the user '%s' %s the film '%s', and what is set by hand yields to an import:"
                                    .formatted(
                                            Nodes.id(relation.getStartNode()),
                                            relation.getType().name().toLowerCase(),
                                            Nodes.id(relation.getEndNode()))
                            + " import the new rating, or leave out 'rating' and 'at'");
        }
        return new ClickRow(relation, false);
    }

    private static boolean contradicts(Relationship relation, String key, Stream<Double> given) {
        return given.anyMatch(value ->
                !(relation.getProperty(key, null) instanceof Number stored && stored.doubleValue() == value));
    }

    private static void set(Relationship relation, ClickOptions options) {
        options.rating().ifPresent(rating -> relation.setProperty("rating", rating));
        relation.setProperty("at", options.atOrNow());
    }

    private static boolean isImported(Relationship relation) {
        return relation.getProperty("imports", null) instanceof String[] imports && imports.length > 0;
    }
}
