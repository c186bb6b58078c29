package org.mmkg.graph;

import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.RelationshipType;

/** The names that the procedures share with the rest of mmkg; docs/architecture.md describes the graph. */
public final class Vocabulary {

    public static final Label MOVIE = Label.label("Movie");
    public static final Label USER = Label.label("User");
    public static final Label ITEM = Label.label("Item");
    public static final Label ENTITY = Label.label("Entity");
    public static final Label MODEL = Label.label("Model");

    /** A film that the user watched and liked. */
    public static final RelationshipType CLICKED = RelationshipType.withName("CLICKED");

    /** A film that the user watched and did not like. */
    public static final RelationshipType RATED = RelationshipType.withName("RATED");

    public static final String ID = "id";

    private Vocabulary() {}
}
