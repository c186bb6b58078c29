package org.mmkg.options;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import org.mmkg.graph.Nodes;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Node;

/** The map of options of one call. A value of null counts as not given. */
public final class Options {

    /** From one whole number to another, both included. */
    public record Span(long from, long to) {}

    /** The most numbers that a vector index takes. */
    private static final int WIDEST = 4_096;

    private final String noun;
    private final Map<String, Object> given;

    private Options(String noun, Map<String, Object> given) {
        this.noun = noun;
        this.given = given;
    }

    /**
     * Takes the map as the caller gave it.
     *
     * @param known the names of the options that the procedure understands
     * @throws IllegalArgumentException the map names another option; the message says which is nearest
     */
    public static Options of(Map<String, Object> given, List<String> known) {
        return of("option", given, known);
    }

    /** Likewise, for a map within the options: the noun is what the messages call its entries. */
    public static Options of(String noun, Map<String, Object> given, List<String> known) {
        Map<String, Object> options = given == null ? Map.of() : given;
        options.keySet().stream()
                .filter(name -> !known.contains(name))
                .sorted()
                .findFirst()
                .ifPresent(name -> {
                    throw new IllegalArgumentException(unknown(noun, name, known));
                });
        return new Options(noun, options);
    }

    /**
     * A whole number. One that arrives as a float is taken as well, since JavaScript sends every number so.
     *
     * @throws IllegalArgumentException it is no whole number, or out of range
     */
    public int integer(String name, int fallback, int least, int most) {
        return (int) whole(name, fallback, least, most);
    }

    /**
     * A whole number where one is given.
     *
     * @throws IllegalArgumentException it is no whole number, or out of range
     */
    public OptionalInt integer(String name, int least, int most) {
        return given.get(name) == null ? OptionalInt.empty() : OptionalInt.of(integer(name, least, least, most));
    }

    /**
     * A whole number that may be large, such as a time in seconds.
     *
     * @throws IllegalArgumentException it is no whole number, or out of range
     */
    public long whole(String name, long fallback, long least, long most) {
        Object value = given.get(name);
        if (value == null) {
            return fallback;
        }
        if (isWhole(value, least, most)) {
            return ((Number) value).longValue();
        }
        throw wrong(name, value, "an integer from %d to %d".formatted(least, most));
    }

    /**
     * A number that need not be whole.
     *
     * @throws IllegalArgumentException it is no number, not finite, or out of range
     */
    public OptionalDouble number(String name, double least, double most) {
        Object value = given.get(name);
        if (value == null) {
            return OptionalDouble.empty();
        }
        if (value instanceof Number number && number.doubleValue() >= least && number.doubleValue() <= most) {
            return OptionalDouble.of(number.doubleValue());
        }
        throw wrong(name, value, "a number from %s to %s".formatted(shown(least), shown(most)));
    }

    /**
     * True or false.
     *
     * @throws IllegalArgumentException it is neither
     */
    public boolean flag(String name, boolean fallback) {
        Object value = given.get(name);
        if (value == null) {
            return fallback;
        }
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw wrong(name, value, "true or false");
    }

    /**
     * A text.
     *
     * @throws IllegalArgumentException it is something else
     */
    public Optional<String> text(String name) {
        Object value = given.get(name);
        if (value == null || value instanceof String) {
            return Optional.ofNullable((String) value);
        }
        throw wrong(name, value, "a string");
    }

    /**
     * One of some words.
     *
     * @throws IllegalArgumentException it is none of them; the message says which is nearest
     */
    public String choice(String name, String fallback, List<String> words) {
        String word = text(name).orElse(fallback);
        if (words.contains(word)) {
            return word;
        }
        throw new IllegalArgumentException("%s '%s' must be one of %s, but it is '%s': did you mean '%s'?".formatted(
                noun, name, String.join(", ", words), word, Spelling.nearest(word, words).orElseThrow()));
    }

    /**
     * A vector: a list of finite numbers.
     *
     * @throws IllegalArgumentException it is something else, or has none or too many
     */
    public Optional<double[]> vector(String name) {
        Object value = given.get(name);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof List<?> list
                && !list.isEmpty()
                && list.size() <= WIDEST
                && list.stream().allMatch(each -> each instanceof Number number && Double.isFinite(number.doubleValue()))) {
            return Optional.of(list.stream()
                    .mapToDouble(each -> ((Number) each).doubleValue())
                    .toArray());
        }
        String shown = value instanceof List<?> list ? "a list of %d values".formatted(list.size()) : "no list";
        throw new IllegalArgumentException("%s '%s' must be a list of 1 to %d finite numbers, but it is %s"
                .formatted(noun, name, WIDEST, shown));
    }

    /**
     * One text or a list of them; empty where the option is not given.
     *
     * @throws IllegalArgumentException it is something else, or the list is empty
     */
    public Optional<List<String>> texts(String name) {
        Object value = given.get(name);
        if (value == null) {
            return Optional.empty();
        }
        List<?> list = value instanceof List<?> many ? many : List.of(value);
        if (list.isEmpty() || !list.stream().allMatch(String.class::isInstance)) {
            throw wrong(name, value, "a string or a list of strings");
        }
        return Optional.of(list.stream().map(String.class::cast).toList());
    }

    /**
     * One whole number, or a list of two, from and to, of which null leaves that side open.
     *
     * @throws IllegalArgumentException it is something else, out of range, or begins after its end
     */
    public Optional<Span> span(String name, long least, long most) {
        Object value = given.get(name);
        if (value == null) {
            return Optional.empty();
        }
        List<?> ends = value instanceof List<?> list ? list : Arrays.asList(value, value);
        if (ends.size() == 2 && ends.stream().allMatch(end -> end == null || isWhole(end, least, most))) {
            long from = ends.get(0) instanceof Number number ? number.longValue() : least;
            long to = ends.get(1) instanceof Number number ? number.longValue() : most;
            if (from <= to) {
                return Optional.of(new Span(from, to));
            }
        }
        throw wrong(name, value, "an integer from %d to %d, or a list of two, [from, to]".formatted(least, most));
    }

    /**
     * A map; an empty one where the option is not given.
     *
     * @throws IllegalArgumentException it is something else
     */
    @SuppressWarnings("unchecked")
    public Map<String, Object> map(String name) {
        Object value = given.get(name);
        if (value == null) {
            return Map.of();
        }
        if (value instanceof Map<?, ?> map) {
            return (Map<String, Object>) map;
        }
        throw wrong(name, value, "a map");
    }

    /**
     * The ids of films, which the list holds as they are, or as Movie nodes; empty where the option is not given.
     *
     * @throws IllegalArgumentException it holds something else, or is no list
     */
    public Set<String> filmIds(String name) {
        Object value = given.get(name);
        if (value == null) {
            return Set.of();
        }
        Set<String> ids = new HashSet<>();
        for (Object film : value instanceof List<?> list ? list : Arrays.asList((Object) null)) {
            if (film instanceof String id) {
                ids.add(id);
            } else if (film instanceof Node node && node.hasLabel(Vocabulary.MOVIE)) {
                ids.add(Nodes.id(node));
            } else {
                throw wrong(name, value, "a list of Movie nodes or their ids, strings");
            }
        }
        return ids;
    }

    private static boolean isWhole(Object value, long least, long most) {
        return value instanceof Number number
                && number.doubleValue() == Math.rint(number.doubleValue())
                && number.doubleValue() >= least
                && number.doubleValue() <= most;
    }

    /** The error for an option whose value is not what it must be. */
    private IllegalArgumentException wrong(String name, Object value, String wanted) {
        String shown = value instanceof String ? "the string '" + value + "'" : String.valueOf(value);
        return new IllegalArgumentException("%s '%s' must be %s, but it is %s".formatted(noun, name, wanted, shown));
    }

    private static String shown(double number) {
        return number == Math.rint(number) ? "%.0f".formatted(number) : String.valueOf(number);
    }

    private static String unknown(String noun, String name, List<String> known) {
        return "unknown %s '%s': did you mean '%s'? The %ss are: %s"
                .formatted(noun, name, Spelling.nearest(name, known).orElseThrow(), noun, String.join(", ", known));
    }
}
