package org.mmkg.recommend;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.mmkg.graph.Nodes;
import org.mmkg.graph.Vocabulary;
import org.mmkg.options.Options;
import org.mmkg.options.Spelling;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.RelationshipType;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.TerminationGuard;

/**
 * What a film must be like to be recommended: the option `include`. All conditions must hold.
 *
 * @param years from and to, both included
 * @param names by the kind of entity, the names or ids of which the film must have one
 */
record Conditions(Optional<Options.Span> years, Map<Kind, List<String>> names) {

    /** A kind of entity that a film can be asked for by its name. */
    enum Kind {
        GENRE("Genre", "HAS_GENRE"),
        LANGUAGE("Language", "IN_LANGUAGE"),
        COUNTRY("Country", "FROM_COUNTRY");

        private final Label label;
        private final RelationshipType relation;

        Kind(String label, String relation) {
            this.label = Label.label(label);
            this.relation = RelationshipType.withName(relation);
        }

        /** What the condition is called. */
        String key() {
            return label.name().toLowerCase();
        }
    }

    private static final String YEAR = "year";
    private static final int LAST_YEAR = 9_999;
    private static final List<String> NAMES = List.of("genre", YEAR, "language", "country");

    static Conditions of(Map<String, Object> given) {
        Options options = Options.of("condition", given, NAMES);
        Map<Kind, List<String>> names = new LinkedHashMap<>();
        for (Kind kind : Kind.values()) {
            options.texts(kind.key()).ifPresent(some -> names.put(kind, some));
        }
        return new Conditions(options.span(YEAR, 0, LAST_YEAR), names);
    }

    /** Whether every film meets them, since there is none. */
    boolean isEmpty() {
        return years.isEmpty() && names.isEmpty();
    }

    /**
     * The films of the graph that meet the conditions.
     *
     * @throws IllegalArgumentException the graph has no such genre, language or country
     */
    Predicate<Node> in(Transaction tx, TerminationGuard guard) {
        Predicate<Node> wanted = film -> years.map(span -> isWithin(film, span)).orElse(true);
        for (var entry : names.entrySet()) {
            Set<Node> entities = new HashSet<>();
            entry.getValue().forEach(name -> entities.addAll(named(tx, guard, entry.getKey(), name)));
            wanted = wanted.and(film -> relates(film, entry.getKey().relation, entities));
        }
        return wanted;
    }

    private static boolean isWithin(Node film, Options.Span span) {
        return film.getProperty(YEAR, null) instanceof Number year
                && span.from() <= year.doubleValue()
                && year.doubleValue() <= span.to();
    }

    private static boolean relates(Node film, RelationshipType type, Set<Node> entities) {
        try (var relations = film.getRelationships(Direction.OUTGOING, type)) {
            return relations.stream().anyMatch(relation -> entities.contains(relation.getEndNode()));
        }
    }

    /** By the id or the name in any capitals; by the exact name also where a source did not tell the label. */
    private static Set<Node> named(Transaction tx, TerminationGuard guard, Kind kind, String name) {
        Set<Node> found = new HashSet<>();
        Set<String> known = new HashSet<>();
        try (var nodes = tx.findNodes(kind.label)) {
            nodes.stream().forEach(node -> {
                guard.check();
                Nodes.name(node).ifPresent(known::add);
                if (Nodes.id(node).equals(name) || Nodes.name(node).filter(name::equalsIgnoreCase).isPresent()) {
                    found.add(node);
                }
            });
        }
        try (var nodes = tx.findNodes(Vocabulary.ENTITY, "name", name)) {
            nodes.stream().forEach(found::add);
        }
        if (found.isEmpty()) {
            String hint = Spelling.nearest(name, known)
                    .map(": did you mean '%s'?"::formatted)
                    .orElse("");
            throw new IllegalArgumentException("no %s is called '%s'%s".formatted(kind.key(), name, hint));
        }
        return found;
    }
}
