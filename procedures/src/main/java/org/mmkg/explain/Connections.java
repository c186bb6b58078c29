package org.mmkg.explain;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.mmkg.graph.Facts;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;

/** What connects two films in the graph: a relation between them, or an entity that both relate to alike. */
final class Connections {

    static final int MOST_FACTS_OF_A_FILM = 2_000;

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
        return known.computeIfAbsent(film, Connections::read);
    }

    private static Set<Fact> read(Node film) {
        Set<Fact> facts = new HashSet<>();
        Facts.read(film, MOST_FACTS_OF_A_FILM, relation -> facts.add(fact(film, relation)));
        return facts;
    }

    private static Fact fact(Node film, Relationship relation) {
        return new Fact(relation.getType().name(), relation.getStartNode().equals(film), relation.getOtherNode(film));
    }
}
