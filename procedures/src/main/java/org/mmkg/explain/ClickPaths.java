package org.mmkg.explain;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mmkg.graph.Facts;
import org.mmkg.graph.Trail;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Path;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.RelationshipType;

/** The ways from a user over the films that he clicked to another film. */
final class ClickPaths {

    /** A way, and what it says in words. */
    record Way(Path path, String words) {}

    private final Node user;
    private final Node movie;
    private final Map<Node, Relationship> clicks = new HashMap<>();
    private final Connections connections = new Connections();

    ClickPaths(Node user, Node movie) {
        this.user = user;
        this.movie = movie;
        try (var relations = user.getRelationships(Direction.OUTGOING, Vocabulary.CLICKED)) {
            relations.forEach(click -> clicks.put(click.getEndNode(), click));
        }
    }

    /** The way over a clicked film, by the most telling of what it shares with the other. */
    Way over(Node film) {
        List<Relationship> relations = new ArrayList<>(List.of(clicks.get(film)));
        String words = "they share no fact";
        if (film.equals(movie)) {
            words = "the film itself";
        } else {
            Optional<Connection> connection = connections.between(movie, film).stream().findFirst();
            if (connection.isPresent()) {
                words = connection.get().words();
                relations.addAll(relations(film, connection.get()));
            }
        }
        return new Way(Trail.along(user, relations), words);
    }

    private List<Relationship> relations(Node film, Connection connection) {
        return connection.node().equals(film)
                ? List.of(relation(film, connection.relation(), movie))
                : List.of(
                        relation(film, connection.relation(), connection.node()),
                        relation(movie, connection.relation(), connection.node()));
    }

    private static Relationship relation(Node film, String type, Node other) {
        RelationshipType wanted = RelationshipType.withName(type);
        List<Relationship> found = new ArrayList<>();
        Facts.read(film, Connections.MOST_FACTS_OF_A_FILM, relation -> {
            if (relation.isType(wanted) && relation.getOtherNode(film).equals(other)) {
                found.add(relation);
            }
        });
        return found.get(0);
    }
}
