package org.mmkg.sample;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.mmkg.graph.History;
import org.mmkg.graph.Nodes;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.RelationshipType;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.TerminationGuard;

/**
 * What was drawn so far. At each node, of each relation type and direction, so many relations as the fan-out says are
 * drawn without replacement, and each that may be seen has the same chance.
 */
final class Drawing {

    /** A node's type, and its number among the nodes of that type in this sample. */
    private record Place(NodeType type, int number) {}

    private record EdgeType(NodeType source, String relation, NodeType target) {}

    private record Edges(Column sources, Column targets) {}

    /** They rest on clicks that are held out, or are no clicks. */
    private static final Set<String> HELD_BACK = Set.of("RATED", "CO_CLICKED");

    private static final List<Direction> WAYS = List.of(Direction.OUTGOING, Direction.INCOMING);

    private final SampleOptions options;
    private final TerminationGuard guard;
    private final SplittableRandom random;
    private final Map<Direction, RelationshipType[]> followed = new EnumMap<>(Direction.class);
    private final Map<Long, Optional<Place>> places = new HashMap<>();
    private final Map<NodeType, Column> nodes = new EnumMap<>(NodeType.class);
    private final Map<NodeType, List<String>> ids = new EnumMap<>(NodeType.class);
    private final Map<EdgeType, Edges> edges = new HashMap<>();
    private final Set<Long> drawn = new HashSet<>();
    private List<Node> reached = new ArrayList<>();

    Drawing(Transaction tx, TerminationGuard guard, SampleOptions options) {
        this.options = options;
        this.guard = guard;
        this.random = new SplittableRandom(options.seed());
        List<RelationshipType> types = new ArrayList<>();
        tx.getAllRelationshipTypesInUse().forEach(types::add);
        for (Direction way : WAYS) {
            followed.put(
                    way,
                    types.stream()
                            .filter(type -> !HELD_BACK.contains(type.name()) && options.of(type.name(), way) > 0)
                            .toArray(RelationshipType[]::new));
        }
    }

    /** Takes a node into the sample, unless it is there or no model knows such nodes. */
    void start(Node node) {
        place(node);
    }

    /** Goes one hop further, from the nodes that the last hop reached first. */
    void hop() {
        List<Node> frontier = reached;
        reached = new ArrayList<>();
        for (Node node : frontier) {
            guard.check();
            Place place = place(node).orElseThrow();
            for (Direction way : WAYS) {
                for (List<Relationship> relations : relations(node, way)) {
                    draw(node, place, way, relations);
                }
            }
        }
    }

    SampleRow row() {
        Map<String, Object> numbers = new HashMap<>();
        nodes.forEach((type, column) -> numbers.put(type.text(), column.bytes()));
        Map<String, Object> names = new HashMap<>();
        ids.forEach((type, found) -> names.put(type.text(), found));
        List<Map<String, Object>> columns = new ArrayList<>();
        edges.forEach((type, found) -> columns.add(Map.of(
                "source", type.source().text(),
                "relation", type.relation(),
                "target", type.target().text(),
                "sources", found.sources().bytes(),
                "targets", found.targets().bytes())));
        return new SampleRow(numbers, columns, names);
    }

    /** The relations of a node in one direction, by their types. */
    private Iterable<List<Relationship>> relations(Node node, Direction way) {
        RelationshipType[] types = followed.get(way);
        if (types.length == 0) {
            return List.of(); // asked for no type, the database would give the relations of every type
        }
        Map<String, List<Relationship>> byType = new HashMap<>();
        try (var relations = node.getRelationships(way, types)) {
            for (Relationship relation : relations) {
                byType.computeIfAbsent(relation.getType().name(), type -> new ArrayList<>()).add(relation);
            }
        }
        return byType.values();
    }

    /** Draws from the front of the list, shuffling it as far as needed. */
    private void draw(Node node, Place place, Direction way, List<Relationship> relations) {
        String type = relations.get(0).getType().name();
        int most = options.of(type, way);
        int taken = 0;
        for (int i = 0; i < relations.size() && taken < most; i++) {
            Collections.swap(relations, i, random.nextInt(i, relations.size()));
            Relationship relation = relations.get(i);
            if (isHeldOut(relation)) {
                continue;
            }
            Optional<Place> other = place(relation.getOtherNode(node));
            if (other.isPresent()) {
                taken++;
                if (drawn.add(relation.getId())) {
                    boolean outgoing = way == Direction.OUTGOING;
                    add(outgoing ? place : other.get(), type, outgoing ? other.get() : place);
                }
            }
        }
    }

    private static boolean isHeldOut(Relationship relation) {
        return relation.isType(Vocabulary.CLICKED) && !History.isForTraining(relation);
    }

    private void add(Place source, String relation, Place target) {
        Edges found = edges.computeIfAbsent(
                new EdgeType(source.type(), relation, target.type()), type -> new Edges(new Column(), new Column()));
        found.sources().add(source.number());
        found.targets().add(target.number());
    }

    private Optional<Place> place(Node node) {
        return places.computeIfAbsent(node.getId(), number -> NodeType.of(node).map(type -> {
            reached.add(node);
            Column column = nodes.computeIfAbsent(type, first -> new Column());
            column.add(number);
            if (options.ids()) {
                ids.computeIfAbsent(type, first -> new ArrayList<>()).add(Nodes.id(node));
            }
            return new Place(type, column.size() - 1);
        }));
    }
}
