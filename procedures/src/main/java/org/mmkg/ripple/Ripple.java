package org.mmkg.ripple;

import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.mmkg.estimate.Estimate;
import org.mmkg.graph.Counts;
import org.mmkg.graph.Nodes;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;
import org.neo4j.graphdb.traversal.Evaluators;
import org.neo4j.graphdb.traversal.Uniqueness;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;

/** The procedures mmkg.ripple and mmkg.ripple.estimate. */
public final class Ripple {

    @Context
    public Transaction tx;

    @Context
    public TerminationGuard guard;

    @Procedure(name = "mmkg.ripple", mode = Mode.READ)
    @Description("Walks from a node outwards, hop by hop, and returns every node it meets once, with the path by which"
            + " it was reached first.")
    public Stream<RippleStep> ripple(
            @Name(value = "node", description = "Any node: a user, a film, an entity or a medium.") Node node,
            @Name(value = "options", defaultValue = "{}", description = RippleOptions.DESCRIPTION)
                    Map<String, Object> options) {
        RippleOptions checked = RippleOptions.of(options);
        var paths = tx.traversalDescription()
                .breadthFirst()
                .uniqueness(Uniqueness.NODE_GLOBAL)
                .expand(new FanoutExpander(checked.fanout(), guard))
                .evaluator(Evaluators.toDepth(checked.hops()))
                .evaluator(Evaluators.excludeStartPosition())
                .traverse(Nodes.present("node", node));
        return StreamSupport.stream(paths.spliterator(), false)
                .limit(checked.limit())
                .map(RippleStep::new);
    }

    @Procedure(name = "mmkg.ripple.estimate", mode = Mode.READ)
    @Description("Tells what mmkg.ripple would read at most, without doing it.")
    public Stream<Estimate> estimate(
            @Name(value = "node", description = "Any node: a user, a film, an entity or a medium.") Node node,
            @Name(value = "options", defaultValue = "{}", description = RippleOptions.DESCRIPTION)
                    Map<String, Object> options) {
        RippleOptions checked = RippleOptions.of(options);
        return Stream.of(new RippleEstimate(Counts.of(tx), guard, checked).of(Nodes.present("node", node)));
    }
}
