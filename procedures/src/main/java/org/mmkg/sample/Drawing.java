package org.mmkg.sample;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.eclipse.collections.impl.map.mutable.primitive.LongObjectHashMap;
import org.eclipse.collections.impl.set.mutable.primitive.LongHashSet;
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

    private final SampleOptions options;
    private final TerminationGuard guard;
    private final SplittableRandom random;
    private final Map<Direction, RelationshipType[]> followedByUsers;
    private final Map<Direction, RelationshipType[]> followedByOthers;
    private final LongObjectHashMap<Optional<Place>> places = new LongObjectHashMap<>();
    private final LongObjectHashMap<Boolean> cold = new LongObjectHashMap<>();
    private final Map<NodeType, Column> nodes = new EnumMap<>(NodeType.class);
    private final Map<NodeType, List<String>> ids = new EnumMap<>(NodeType.class);
    private final Map<EdgeType, Edges> edges = new HashMap<>();
    private final LongHashSet drawn = new LongHashSet();
    private List<Node> reached = new ArrayList<>();

    Drawing(Transaction tx, TerminationGuard guard, SampleOptions options) {
        this.options = options;
        this.guard = guard;
        this.random = new SplittableRandom(options.seed());
        followedByUsers = followed(tx, true);
        followedByOthers = followed(tx, false);
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
            relations(node, place).forEach((way, byType) ->
                    byType.forEach((type, relations) -> draw(node, place, way, type, relations)));
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

    /**
     * The relation types to follow at a node, by the directions in which to. Nobody but users clicks; to know that saves
     * a walk along all relations of a film.
     */
    private Map<Direction, RelationshipType[]> followed(Transaction tx, boolean byUsers) {
        Map<Direction, List<RelationshipType>> types = new EnumMap<>(Direction.class);
        for (RelationshipType type : tx.getAllRelationshipTypesInUse()) {
            boolean click = type.name().equals(Vocabulary.CLICKED.name());
            boolean out = options.of(type.name(), Direction.OUTGOING) > 0 && (byUsers || !click);
            boolean in = options.of(type.name(), Direction.INCOMING) > 0 && !(byUsers && click);
            if ((out || in) && !HELD_BACK.contains(type.name())) {
                Direction way = out && in ? Direction.BOTH : out ? Direction.OUTGOING : Direction.INCOMING;
                types.computeIfAbsent(way, first -> new ArrayList<>()).add(type);
            }
        }
        Map<Direction, RelationshipType[]> followed = new EnumMap<>(Direction.class);
        types.forEach((way, some) -> followed.put(way, some.toArray(RelationshipType[]::new)));
        return followed;
    }

    /** The relations to follow at a node, by whether they leave it or arrive, and by their types. */
    private Map<Direction, Map<String, List<Relationship>>> relations(Node node, Place place) {
        Map<Direction, Map<String, List<Relationship>>> found = new EnumMap<>(Direction.class);
        var followed = place.type() == NodeType.USER ? followedByUsers : followedByOthers;
        followed.forEach((way, types) -> {
            try (var relations = node.getRelationships(way, types)) {
                for (Relationship relation : relations) {
                    boolean leaves = relation.getStartNode().equals(node);
                    found.computeIfAbsent(leaves ? Direction.OUTGOING : Direction.INCOMING, side -> new HashMap<>())
                            .computeIfAbsent(relation.getType().name(), type -> new ArrayList<>())
                            .add(relation);
                }
            }
        });
        return found;
    }

    /** Draws from the front of the list, shuffling it as far as needed. */
    private void draw(Node node, Place place, Direction way, String type, List<Relationship> relations) {
        boolean clicks = type.equals(Vocabulary.CLICKED.name());
        int most = options.of(type, way);
        int taken = 0;
        for (int i = 0; i < relations.size() && taken < most; i++) {
            Collections.swap(relations, i, random.nextInt(i, relations.size()));
            Relationship relation = relations.get(i);
            if (clicks && !History.isForTraining(relation, this::isCold)) {
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

    private boolean isCold(Node node) {
        return cold.getIfAbsentPut(node.getId(), () -> History.isCold(node));
    }

    private void add(Place source, String relation, Place target) {
        Edges found = edges.computeIfAbsent(
                new EdgeType(source.type(), relation, target.type()), type -> new Edges(new Column(), new Column()));
        found.sources().add(source.number());
        found.targets().add(target.number());
    }

    private Optional<Place> place(Node node) {
        return places.getIfAbsentPut(node.getId(), () -> NodeType.of(node).map(type -> {
            reached.add(node);
            Column column = nodes.computeIfAbsent(type, first -> new Column());
            column.add(node.getId());
            if (options.ids()) {
                ids.computeIfAbsent(type, first -> new ArrayList<>()).add(Nodes.id(node));
            }
            return new Place(type, column.size() - 1);
        }));
    }
}
