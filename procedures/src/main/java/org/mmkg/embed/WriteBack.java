package org.mmkg.embed;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Comparator;
import java.util.List;
import org.mmkg.graph.Nodes;
import org.neo4j.graphdb.Node;

/**
 * A write-back that has not come to its end. `mmkg embed` sets `writing_at` on the Model node when it begins and every
 * ten seconds while it writes and builds indexes, and takes it away when the vectors are whole.
 *
 * @param model whose vectors are written; null where there is no such write-back
 * @param state `none`, `running` or `cut off`
 * @param sign when it was heard of last
 */
record WriteBack(String model, String state, String sign) {

    /** Much longer than a batch takes to write. */
    private static final Duration SILENCE = Duration.ofMinutes(10);

    static WriteBack of(List<Node> models) {
        return models.stream()
                .filter(model -> model.getProperty("writing_at", null) instanceof String)
                .max(Comparator.comparing(WriteBack::sign))
                .map(model -> new WriteBack(Nodes.id(model), isSilent(sign(model)) ? "cut off" : "running", sign(model)))
                .orElse(new WriteBack(null, "none", null));
    }

    private static String sign(Node model) {
        return model.getProperty("writing_at").toString();
    }

    private static boolean isSilent(String sign) {
        try {
            return OffsetDateTime.parse(sign).plus(SILENCE).isBefore(OffsetDateTime.now());
        } catch (DateTimeParseException changedByHand) {
            return true;
        }
    }
}
