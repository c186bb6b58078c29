package org.mmkg.embed;

import org.neo4j.procedure.Description;

/** The row of mmkg.embed.status. */
public final class EmbedRow {

    @Description("The id of the active model; null where none is, or more than one.")
    public final String model;

    @Description("When its vectors were written last: UTC, ISO 8601; null where the graph does not tell.")
    public final String written;

    @Description("How many films have a vector of the model.")
    public final long films;

    @Description("How many have none: they are estimated by their relatives, or do not come.")
    public final long filmsWithout;

    @Description("How many users have a vector of the model.")
    public final long users;

    @Description("How many have none: a model with layers makes them of their clicks all the same.")
    public final long usersWithout;

    @Description("The vector index over the films; null where no model is active.")
    public final String index;

    @Description("Its state: `ONLINE`, `POPULATING`, `FAILED` or `MISSING`; null where no model is active.")
    public final String indexState;

    @Description("How much of it is built, in percent; null where there is none.")
    public final Double indexPercent;

    @Description("The id of the model that a write-back is about that has not come to its end; null where there is none.")
    public final String writing;

    @Description("`none`, `running` where the write-back gave a sign in the last ten minutes, or `cut off`.")
    public final String writeBack;

    @Description("What to do, in words.")
    public final String next;

    EmbedRow(String model, String written, Coverage coverage, IndexView index, WriteBack writeBack, String next) {
        this.model = model;
        this.written = written;
        this.films = coverage.films();
        this.filmsWithout = coverage.filmsWithout();
        this.users = coverage.users();
        this.usersWithout = coverage.usersWithout();
        this.index = index.name();
        this.indexState = index.state();
        this.indexPercent = index.percent();
        this.writing = writeBack.model();
        this.writeBack = writeBack.state();
        this.next = next;
    }
}
