package org.mmkg.ripple;

import java.util.ArrayList;
import java.util.List;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Path;
import org.neo4j.graphdb.PathExpander;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.RelationshipType;
import org.neo4j.graphdb.ResourceIterable;
import org.neo4j.graphdb.ResourceIterator;
import org.neo4j.graphdb.traversal.BranchState;
import org.neo4j.procedure.TerminationGuard;

/** Follows a limited number of relations of each type from a node, so that a genre does not pull in every film. */
final class FanoutExpander implements PathExpander<Void> {

    private final int fanout;
    private final TerminationGuard guard;

    FanoutExpander(int fanout, TerminationGuard guard) {
        this.fanout = fanout;
        this.guard = guard;
    }

    @Override
    public ResourceIterable<Relationship> expand(Path path, BranchState<Void> state) {
        guard.check();
        Node node = path.endNode();
        List<Relationship> chosen = new ArrayList<>();
        for (RelationshipType type : node.getRelationshipTypes()) {
            try (var relations = node.getRelationships(type)) {
                relations.stream()
                        .filter(relation -> !relation.equals(path.lastRelationship()))
                        .limit(fanout)
                        .forEach(chosen::add);
            }
        }
        return new Chosen(chosen);
    }

    @Override
    public PathExpander<Void> reverse() {
        return this; // the direction of a relation makes no difference here
    }

    /** A list in the shape that the traversal wants. It holds no resource. */
    private record Chosen(List<Relationship> relations) implements ResourceIterable<Relationship> {

        @Override
        public ResourceIterator<Relationship> iterator() {
            var iterator = relations.iterator();
            return new ResourceIterator<>() {
                @Override
                public boolean hasNext() {
                    return iterator.hasNext();
                }

                @Override
                public Relationship next() {
                    return iterator.next();
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public void close() {}
    }
}
