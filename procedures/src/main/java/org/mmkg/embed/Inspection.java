package org.mmkg.embed;

import java.util.List;
import java.util.stream.Collectors;
import org.mmkg.graph.Nodes;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.TerminationGuard;

/** Looks at the models and their vectors, and says what to do. */
final class Inspection {

    private final Transaction tx;
    private final TerminationGuard guard;

    Inspection(Transaction tx, TerminationGuard guard) {
        this.tx = tx;
        this.guard = guard;
    }

    EmbedRow row() {
        List<Node> models;
        try (var nodes = tx.findNodes(Vocabulary.MODEL)) {
            models = nodes.stream().peek(node -> guard.check()).toList();
        }
        List<Node> active = models.stream()
                .filter(model -> Boolean.TRUE.equals(model.getProperty("active", false)))
                .toList();
        WriteBack writeBack = WriteBack.of(models);
        if (active.size() != 1) {
            return new EmbedRow(
                    null, null, Coverage.NOTHING, IndexView.NONE, writeBack, withoutModel(models, active, writeBack));
        }
        Node model = active.get(0);
        String slot = model.getProperty("slot", "").toString();
        Coverage coverage = Coverage.of(tx, guard, Nodes.id(model), slot);
        IndexView index = IndexView.of(tx, "movie_embedding_" + slot);
        String written = model.getProperty("embedded_at", null) instanceof String at ? at : null;
        return new EmbedRow(Nodes.id(model), written, coverage, index, writeBack, next(coverage, index, writeBack));
    }

    private static String withoutModel(List<Node> models, List<Node> active, WriteBack writeBack) {
        if (models.isEmpty()) {
            return "run `mmkg train`, then `mmkg embed`: there is no model";
        }
        if (active.size() > 1) {
            return "run `mmkg embed` to choose one: %d models are active (%s)".formatted(
                    active.size(), active.stream().map(Nodes::id).sorted().collect(Collectors.joining(", ")));
        }
        return writeBack.model() == null ? "run `mmkg embed`: no model is active" : next(writeBack);
    }

    private static String next(Coverage coverage, IndexView index, WriteBack writeBack) {
        if (writeBack.model() != null) {
            return next(writeBack);
        }
        if (index.state().equals("POPULATING")) {
            return "wait: the vector index is being built";
        }
        if (!index.state().equals("ONLINE")) {
            return "run `mmkg embed`: the vector index is %s".formatted(index.state());
        }
        if (coverage.films() == 0) {
            return "run `mmkg embed`: no film has a vector of the model";
        }
        if (coverage.filmsWithout() > 0) {
            return "run `mmkg train`, then `mmkg embed`: %d films came after the model".formatted(coverage.filmsWithout());
        }
        return "nothing: every film has a vector of the model";
    }

    private static String next(WriteBack writeBack) {
        return writeBack.state().equals("running")
                ? "wait: the vectors of '%s' are being written; the last sign of it came at %s"
                        .formatted(writeBack.model(), writeBack.sign())
                : "run `mmkg embed --model %s` again: it was cut off after %s".formatted(writeBack.model(), writeBack.sign());
    }
}
