package org.mmkg.overview;

import java.util.Comparator;
import java.util.Map;
import org.neo4j.procedure.Description;

/** One row of mmkg.stats. */
public final class CountRow {

    static final Comparator<CountRow> LARGEST_FIRST = Comparator.<CountRow, String>comparing(row -> row.kind)
            .thenComparing(row -> row.count, Comparator.reverseOrder())
            .thenComparing(row -> row.name);

    private static final String ALL = "*";

    @Description("`node` or `relation`.")
    public final String kind;

    @Description("A label or a type of relation; `*` for all of the kind together.")
    public final String name;

    @Description("How many there are. A node counts once for each of its labels.")
    public final long count;

    CountRow(String kind, Map<String, Object> stored, String nameKey) {
        this.kind = kind;
        this.name = stored.getOrDefault(nameKey, ALL).toString();
        this.count = ((Number) stored.get("count")).longValue();
    }

    /** The database remembers labels and types of which nothing is left. */
    boolean isWorthARow() {
        return count > 0 || name.equals(ALL);
    }
}
