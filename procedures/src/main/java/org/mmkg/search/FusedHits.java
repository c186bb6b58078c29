package org.mmkg.search;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.neo4j.graphdb.Node;

/**
 * Two rankings made one (reciprocal rank fusion, Cormack, Clarke and Büttcher, SIGIR 2009): a node is worth
 * Σ 1 / (60 + its rank) over the rankings that name it. So scores that do not compare need not be compared.
 */
final class FusedHits {

    private static final double SMOOTHING = 60;

    private FusedHits() {}

    static Stream<SearchHit> of(List<Node> byWords, List<Node> byMeaning) {
        Map<Node, Long> words = ranks(byWords);
        Map<Node, Long> meaning = ranks(byMeaning);
        Set<Node> nodes = new HashSet<>(byWords);
        nodes.addAll(byMeaning);
        return nodes.stream()
                .map(node -> new SearchHit(
                        node, worth(words.get(node)) + worth(meaning.get(node)), words.get(node), meaning.get(node)))
                .sorted(SearchHit.BEST_FIRST);
    }

    private static Map<Node, Long> ranks(List<Node> nodes) {
        Map<Node, Long> ranks = new LinkedHashMap<>();
        nodes.forEach(node -> ranks.put(node, ranks.size() + 1L));
        return ranks;
    }

    private static double worth(Long rank) {
        return rank == null ? 0 : 1 / (SMOOTHING + rank);
    }
}
