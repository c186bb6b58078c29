package org.mmkg.graph;

import java.util.Set;
import org.neo4j.graphdb.Label;
import org.neo4j.graphdb.RelationshipType;

/** The names that the procedures share with the rest of mmkg; docs/architecture.md describes the graph. */
public final class Vocabulary {

    public static final Label MOVIE = Label.label("Movie");
    public static final Label USER = Label.label("User");
    public static final Label ITEM = Label.label("Item");
    public static final Label ENTITY = Label.label("Entity");
    public static final Label MEDIA = Label.label("Media");
    public static final Label MODEL = Label.label("Model");

    /** A person whose facts another node has since an alignment. */
    public static final Label ALIAS = Label.label("Alias");

    /** The labels that carry a unique id; a second one says more. */
    public static final Set<String> BASE_LABELS = Set.of("Item", "Entity", "Media", "User");

    /** A film that the user watched and liked. */
    public static final RelationshipType CLICKED = RelationshipType.withName("CLICKED");

    /** A film that the user watched and did not like. */
    public static final RelationshipType RATED = RelationshipType.withName("RATED");

    public static final String ID = "id";

    /** The key of the blob that shows a picture in small. */
    public static final String THUMBNAIL = "thumbnail";

    private Vocabulary() {}
}
