package org.mmkg.search;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.mmkg.graph.Indexes;
import org.mmkg.recall.Scored;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Transaction;
import org.neo4j.logging.Log;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.procedure.TerminationGuard;

/** The procedure mmkg.search. */
public final class Search {

    /** Far more than a title has, and fewer words than a query of Lucene may have. */
    private static final int LONGEST_TEXT = 1_000;

    /** The full-text indexes of kg.schema, and what each is over. */
    private static final Map<String, String> INDEXES =
            Map.of("movie_title", "(n:Movie) ON EACH [n.title]", "entity_name_text", "(n:Entity) ON EACH [n.name]");

    /** By its name, an alias is not meant: the person is who has its facts. */
    private static final String FIND =
            """
            CALL db.index.fulltext.queryNodes($index, $words) YIELD node, score
            WHERE NOT node:Alias AND ($kinds = [] OR any(label IN labels(node) WHERE label IN $kinds))
            RETURN node, score ORDER BY score DESC, node.id LIMIT $k
            """;

    @Context
    public Transaction tx;

    @Context
    public TerminationGuard guard;

    @Context
    public Log log;

    @Procedure(name = "mmkg.search", mode = Mode.READ)
    @Description("Finds films by words of their titles, and people, genres and other entities by words of their names;"
            + " with a vector, also films by the meaning of their texts.")
    public Stream<SearchHit> search(
            @Name(value = "text", description = "Words, in any order and any capitals, 1 to 1000 characters.") String text,
            @Name(value = "options", defaultValue = "{}", description = SearchOptions.DESCRIPTION)
                    Map<String, Object> options) {
        SearchOptions checked = SearchOptions.of(options);
        String words = LuceneText.words(required(text));
        List<Scored> byWords = INDEXES.keySet().stream()
                .flatMap(index -> find(index, words, checked))
                .sorted(Scored.BEST_FIRST)
                .limit(checked.fetch())
                .toList();
        return checked.vector()
                .map(vector -> FusedHits.of(
                        byWords.stream().map(Scored::film).toList(),
                        new Meaning(tx, guard, log).find(vector, checked)))
                .orElseGet(() -> IntStream.range(0, byWords.size())
                        .mapToObj(i -> new SearchHit(byWords.get(i).film(), byWords.get(i).score(), i + 1L, null)))
                .limit(checked.k());
    }

    private Stream<Scored> find(String index, String words, SearchOptions options) {
        guard.check();
        Indexes.require(tx, "full-text", index, "run CREATE FULLTEXT INDEX %s IF NOT EXISTS FOR %s"
                .formatted(index, INDEXES.get(index)));
        Map<String, Object> parameters =
                Map.of("index", index, "words", words, "kinds", options.kinds(), "k", options.fetch());
        try (var result = tx.execute(FIND, parameters)) {
            return result.stream()
                    .map(row -> new Scored((Node) row.get("node"), ((Number) row.get("score")).doubleValue()))
                    .toList()
                    .stream();
        }
    }

    private static String required(String text) {
        if (text == null || text.isBlank()) {
            throw new IllegalArgumentException("'text' is empty: pass at least one word");
        }
        if (text.length() > LONGEST_TEXT) {
            throw new IllegalArgumentException("'text' must have at most %d characters, but it has %d"
                    .formatted(LONGEST_TEXT, text.length()));
        }
        return text;
    }
}
