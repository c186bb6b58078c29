package org.mmkg.options;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** The map of options of one call. A value of null counts as not given. */
public final class Options {

    private final Map<String, Object> given;

    private Options(Map<String, Object> given) {
        this.given = given;
    }

    /**
     * Takes the map as the caller gave it.
     *
     * @param known the names of the options that the procedure understands
     * @throws IllegalArgumentException the map names another option; the message says which is nearest
     */
    public static Options of(Map<String, Object> given, List<String> known) {
        Map<String, Object> options = given == null ? Map.of() : given;
        options.keySet().stream()
                .filter(name -> !known.contains(name))
                .sorted()
                .findFirst()
                .ifPresent(name -> {
                    throw new IllegalArgumentException(unknown(name, known));
                });
        return new Options(options);
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
     * A whole number that may be large, such as a time in seconds.
     *
     * @throws IllegalArgumentException it is no whole number, or out of range
     */
    public long whole(String name, long fallback, long least, long most) {
        Object value = given.get(name);
        if (value == null) {
            return fallback;
        }
        if (value instanceof Number number
                && number.doubleValue() == Math.rint(number.doubleValue())
                && number.doubleValue() >= least
                && number.doubleValue() <= most) {
            return number.longValue();
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

    /** The error for an option whose value is not what it must be. */
    private static IllegalArgumentException wrong(String name, Object value, String wanted) {
        String shown = value instanceof String ? "the string '" + value + "'" : String.valueOf(value);
        return new IllegalArgumentException("option '%s' must be %s, but it is %s".formatted(name, wanted, shown));
    }

    private static String shown(double number) {
        return number == Math.rint(number) ? "%.0f".formatted(number) : String.valueOf(number);
    }

    private static String unknown(String name, List<String> known) {
        String nearest = known.stream()
                .min(Comparator.comparingInt(option -> distance(name.toLowerCase(), option.toLowerCase())))
                .orElseThrow();
        return "unknown option '%s': did you mean '%s'? The options are: %s"
                .formatted(name, nearest, String.join(", ", known));
    }

    /** The edit distance of Levenshtein, by one row of the table at a time. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
