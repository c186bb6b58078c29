package org.mmkg.path;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.mmkg.estimate.Estimate;
import org.mmkg.graph.Counts;
import org.mmkg.graph.Facts;
import org.mmkg.graph.Nodes;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Path;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;

/** The procedures mmkg.path and mmkg.path.estimate. */
public final class Paths {

    @Context
    public Transaction tx;

    @Context
    public TerminationGuard guard;

    @Procedure(name = "mmkg.path", mode = Mode.READ)
    @Description("Finds the shortest connections of two films, people or other entities over facts, the most telling"
            + " first.")
    public Stream<PathRow> path(
            @Name(value = "from", description = "A film or an entity.") Node from,
            @Name(value = "to", description = "Another film or entity.") Node to,
            @Name(value = "options", defaultValue = "{}", description = PathOptions.DESCRIPTION)
                    Map<String, Object> options) {
        PathOptions checked = PathOptions.of(options);
        requireTwo(from, to);
        List<Path> paths = new ShortestPaths(guard, from, to).find(checked.maxHops(), checked.k());
        return IntStream.range(0, paths.size()).mapToObj(i -> new PathRow(paths.get(i), i + 1));
    }

    @Procedure(name = "mmkg.path.estimate", mode = Mode.READ)
    @Description("Tells what mmkg.path would read at most, without doing it.")
    public Stream<Estimate> estimate(
            @Name(value = "from", description = "A film or an entity.") Node from,
            @Name(value = "to", description = "Another film or entity.") Node to,
            @Name(value = "options", defaultValue = "{}", description = PathOptions.DESCRIPTION)
                    Map<String, Object> options) {
        PathOptions checked = PathOptions.of(options);
        requireTwo(from, to);
        return Stream.of(new PathEstimate(Counts.of(tx), checked).of(from, to));
    }

    private static void requireTwo(Node from, Node to) {
        subject("from", from);
        subject("to", to);
        if (from.equals(to)) {
            throw new IllegalArgumentException("'from' and 'to' are the same node: pass two");
        }
    }

    private static void subject(String argument, Node node) {
        if (!Facts.isSubject(Nodes.present(argument, node))) {
            throw new IllegalArgumentException(
                    "'%s' must be an Item or Entity node, but %s".formatted(argument, Nodes.labelled(node)));
        }
    }
}
