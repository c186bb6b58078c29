package org.mmkg.graph;

import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.StreamSupport;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.RelationshipType;

/** The facts of a node: its relations to films and entities that say what it is, and not what users do. */
public final class Facts {

    /** Behaviour, of which a film may have a million, and what the platform computes. */
    private static final Set<String> NO_FACTS =
            Set.of("CLICKED", "RATED", "CO_CLICKED", "NEXT_TO", "SIMILAR_TO", "SAME_AS");

    private Facts() {}

    /** Whether relations of this type are facts, where they lead to a subject. */
    public static boolean isFact(String type) {
        return !NO_FACTS.contains(type);
    }

    /** Gives each fact of the node to the reader, at most so many relations being looked at. */
    public static void read(Node node, long most, Consumer<Relationship> reader) {
        RelationshipType[] types = StreamSupport.stream(node.getRelationshipTypes().spliterator(), false)
                .filter(type -> isFact(type.name()))
                .toArray(RelationshipType[]::new);
        if (types.length == 0) {
            return; // asked for no type, the database would give the relations of every type
        }
        try (var relations = node.getRelationships(types)) {
            relations.stream()
                    .limit(most)
                    .filter(relation -> isSubject(relation.getOtherNode(node)))
                    .forEach(reader);
        }
    }

    /** Whether facts are about such a node: a film or an entity. */
    public static boolean isSubject(Node node) {
        return node.hasLabel(Vocabulary.ENTITY) || node.hasLabel(Vocabulary.ITEM);
    }
}
