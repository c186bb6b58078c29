package org.mmkg.recommend;

import java.util.Map;
import java.util.stream.Stream;
import org.mmkg.graph.Nodes;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;
import org.neo4j.logging.Log;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;

/** The procedure mmkg.recommend. */
public final class Recommend {

    @Context
    public Transaction tx;

    @Context
    public TerminationGuard guard;

    @Context
    public Log log;

    @Procedure(name = "mmkg.recommend", mode = Mode.READ)
    @Description("Recommends films to a user by the vectors of a trained model, without those he clicked or rated, and"
            + " says why.")
    public Stream<Recommendation> recommend(
            @Name(value = "user", description = "A User node.") Node user,
            @Name(value = "options", defaultValue = "{}", description = RecommendOptions.DESCRIPTION)
                    Map<String, Object> options) {
        RecommendOptions checked = RecommendOptions.of(options);
        Nodes.required("user", user, Vocabulary.USER);
        return new Recommender(tx, guard, log, checked).recommend(user);
    }
}
