package org.mmkg.explain;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.mmkg.graph.Nodes;
import org.neo4j.graphdb.Node;

/**
 * One thing that connects two films.
 *
 * @param relation the type of the relation
 * @param node the entity that both films relate to, or the other film where they relate to each other
 * @param words for people, for instance `same director George Lucas`
 * @param strength the place of its kind among the kinds of connections; 0 tells most
 */
record Connection(String relation, Node node, String words, int strength) {

    /** What has a name tells a person more than what has none, and what few films share more than what many do. */
    static final Comparator<Connection> MOST_TELLING_FIRST = Comparator.comparing(Connection::isNameless)
            .thenComparingInt(Connection::strength)
            .thenComparingInt(connection -> connection.node().getDegree())
            .thenComparing(connection -> Nodes.id(connection.node()));

    private static final String OTHER = "";

    /** The kinds of shared entities, the most telling first. */
    private static final List<Map.Entry<String, String>> ROLES = List.of(
            Map.entry("SEQUEL_OF", "earlier film"),
            Map.entry("DIRECTED", "director"),
            Map.entry("WROTE", "writer"),
            Map.entry("ACTED_IN", "actor"),
            Map.entry("SHOT", "cinematographer"),
            Map.entry("PRODUCED", "producer"),
            Map.entry("ABOUT", "subject"),
            Map.entry(OTHER, OTHER),
            Map.entry("WON", "award"),
            Map.entry("HAS_GENRE", "genre"),
            Map.entry("MADE_BY", "company"),
            Map.entry("NOMINATED_FOR", "nomination"),
            Map.entry("FROM_COUNTRY", "country"),
            Map.entry("IN_LANGUAGE", "language"),
            Map.entry("HAS_RATING", "age rating"));

    /** Both films relate to the entity alike. */
    static Connection shared(String relation, Node entity) {
        int place = place(relation);
        String role = place == place(OTHER) ? plain(relation) : ROLES.get(place).getValue();
        String name = Nodes.name(entity).map(text -> " " + text).orElse("");
        return new Connection(relation, entity, "same " + role + name, place + 1);
    }

    /** The film relates to the other film itself, or (not outgoing) the other way round. */
    static Connection direct(String relation, boolean outgoing, Node other) {
        if (relation.equals("SEQUEL_OF")) {
            return new Connection(relation, other, outgoing ? "its sequel" : "the film before it", 0);
        }
        return new Connection(relation, other, "linked by " + plain(relation), 0);
    }

    /** The connection as a value of Cypher. */
    Map<String, Object> asMap() {
        return Map.of(
                "relation", relation,
                "id", Nodes.id(node),
                "name", Nodes.name(node).orElse(""),
                "words", words);
    }

    /** Whether the graph knows no name of the entity. */
    boolean isNameless() {
        return Nodes.name(node).isEmpty();
    }

    private static int place(String relation) {
        for (int i = 0; i < ROLES.size(); i++) {
            if (ROLES.get(i).getKey().equals(relation)) {
                return i;
            }
        }
        return place(OTHER);
    }

    private static String plain(String relation) {
        return relation.toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
