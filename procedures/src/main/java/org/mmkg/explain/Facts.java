package org.mmkg.explain;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.RelationshipType;

/** What connects two films in the graph: a relation between them, or an entity that both relate to alike. */
final class Facts {

    /** Relations that say what users do, not what films are. A film may have a million of them. */
    private static final Set<String> BEHAVIOUR = Set.of("CLICKED", "RATED", "CO_CLICKED");

    private static final int MOST_FACTS_OF_A_FILM = 2_000;

    /** A relation of a film, without the film. */
    private record Fact(String type, boolean outgoing, Node other) {}

    private final Map<Node, Set<Fact>> known = new HashMap<>();

    /** The connections of two films, the most telling first. */
    List<Connection> between(Node film, Node other) {
        Set<Fact> theirs = of(other);
        Stream<Connection> direct = of(film).stream()
                .filter(fact -> fact.other().equals(other))
                .map(fact -> Connection.direct(fact.type(), fact.outgoing(), other));
        Stream<Connection> shared = of(film).stream()
                .filter(theirs::contains)
                .map(fact -> Connection.shared(fact.type(), fact.other()));
        return Stream.concat(direct, shared).sorted(Connection.MOST_TELLING_FIRST).toList();
    }

    private Set<Fact> of(Node film) {
        return known.computeIfAbsent(film, Facts::read);
    }

    private static Set<Fact> read(Node film) {
        RelationshipType[] types = StreamSupport.stream(film.getRelationshipTypes().spliterator(), false)
                .filter(type -> !BEHAVIOUR.contains(type.name()))
                .toArray(RelationshipType[]::new);
        Set<Fact> facts = new HashSet<>();
        if (types.length == 0) {
            return facts; // asked for no type, the database would give the relations of every type
        }
        try (var relations = film.getRelationships(types)) {
            relations.stream()
                    .limit(MOST_FACTS_OF_A_FILM)
                    .map(relation -> fact(film, relation))
                    .filter(fact -> fact.other().hasLabel(Vocabulary.ENTITY) || fact.other().hasLabel(Vocabulary.ITEM))
                    .forEach(facts::add);
        }
        return facts;
    }

    private static Fact fact(Node film, Relationship relation) {
        return new Fact(relation.getType().name(), relation.getStartNode().equals(film), relation.getOtherNode(film));
    }
}
