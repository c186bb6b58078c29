package org.mmkg.recommend;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mmkg.recall.Scored;
import org.neo4j.graphdb.Node;

/**
 * The films of one call on their way through the stages, with the place of each in every stage that it came through.
 *
 * <p>The coarse sort fuses the rankings of the sources without reading a vector (reciprocal rank fusion, Cormack et al.
 * 2009): a film is worth Σ 1 / (60 + its place in a source).
 */
final class Stages {

    private static final double SMOOTHING = 60;

    private final Map<Node, Map<String, Object>> places = new LinkedHashMap<>();
    private final Map<Node, Double> worth = new LinkedHashMap<>();

    /** Adds what a source gives, the best first. */
    void recall(String source, List<Node> films) {
        place(source, films);
        for (int i = 0; i < films.size(); i++) {
            worth.merge(films.get(i), 1 / (SMOOTHING + i + 1), Double::sum);
        }
    }

    /** The films that the sources think most of, at most so many; of equals, those that came first. */
    List<Node> coarse(int most) {
        List<Node> films = worth.entrySet().stream()
                .sorted(Map.Entry.<Node, Double>comparingByValue(Comparator.reverseOrder()))
                .limit(most)
                .map(Map.Entry::getKey)
                .toList();
        place("coarse", films);
        return films;
    }

    /** Notes the order of the fine sort. */
    void fine(List<Scored> films) {
        place("fine", films.stream().map(Scored::film).toList());
    }

    /** Notes something else about a film. */
    void note(Node film, String what) {
        note(film, what, true);
    }

    /** Notes a value of a film. */
    void note(Node film, String what, Object value) {
        places.computeIfAbsent(film, first -> new LinkedHashMap<>()).put(what, value);
    }

    /** The film's place in each stage that it came through, counted from 1. */
    Map<String, Object> of(Node film) {
        return places.getOrDefault(film, Map.of());
    }

    private void place(String stage, List<Node> films) {
        for (int i = 0; i < films.size(); i++) {
            places.computeIfAbsent(films.get(i), first -> new LinkedHashMap<>()).put(stage, i + 1L);
        }
    }
}
