package org.mmkg.sample;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.mmkg.graph.Nodes;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.NotFoundException;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;

/** The procedure mmkg.sample. */
public final class Sample {

    @Context
    public Transaction tx;

    @Context
    public TerminationGuard guard;

    @Procedure(name = "mmkg.sample", mode = Mode.READ)
    @Description("Draws the ripples of some users at random for a training step, without what is held out, as columns of"
            + " numbers.")
    public Stream<SampleRow> sample(
            @Name(value = "users", description = "Ids of users: strings, or internal ids, integers.") List<Object> users,
            @Name(
                            value = "films",
                            description = "Ids of films that join at the first hop, as if a user had clicked them.",
                            defaultValue = "[]")
                    List<Object> films,
            @Name(value = "options", defaultValue = "{}", description = SampleOptions.DESCRIPTION)
                    Map<String, Object> options) {
        SampleOptions checked = SampleOptions.of(options);
        Drawing drawing = new Drawing(tx, guard, checked);
        start(drawing, "users", users, Vocabulary.USER);
        drawing.hop();
        start(drawing, "films", films, Vocabulary.ITEM);
        for (int hop = 1; hop < checked.hops(); hop++) {
            drawing.hop();
        }
        return Stream.of(drawing.row());
    }

    private void start(Drawing drawing, String argument, List<Object> ids, Label label) {
        for (Object id : ids == null ? List.of() : ids) {
            Node node = node(argument, id, label);
            if (node != null) {
                drawing.start(node);
            }
        }
    }

    /** The node with this id, null where there is none: it may have been deleted since the ids were read. */
    private Node node(String argument, Object id, Label label) {
        if (id instanceof String text) {
            return tx.findNode(label, Vocabulary.ID, text);
        }
        if (id instanceof Long number) {
            try {
                Node node = tx.getNodeById(number);
                return node.hasLabel(label) ? node : null;
            } catch (NotFoundException gone) {
                return null;
            }
        }
        throw Nodes.neither(argument, id, label);
    }
}
