package org.mmkg.link;

import java.time.Instant;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.mmkg.graph.Vocabulary;
import org.neo4j.graphdb.Node;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.UserFunction;

/** The function mmkg.link. */
public final class Link {

    /** The end of a blob's key, and the id of the medium that it is. */
    private static final Pattern SHA256 = Pattern.compile("(?:.*/)?([0-9a-f]{64})");

    @UserFunction(name = "mmkg.link")
    @Description("Makes a link to a poster, trailer or other medium, which a browser opens until it expires; null where"
            + " the medium has no such picture, or is null.")
    public String link(
            @Name(value = "media", description = "The Media node.") Node media,
            @Name(value = "options", defaultValue = "{}", description = LinkOptions.DESCRIPTION)
                    Map<String, Object> options) {
        LinkOptions wanted = LinkOptions.of(options);
        if (media == null) {
            return null;
        }
        if (!media.hasLabel(Vocabulary.MEDIA)) {
            throw new IllegalArgumentException("the node is no medium: give a Media node, such as a Poster");
        }
        Object key = media.getProperty(wanted.thumbnail() ? Vocabulary.THUMBNAIL : Vocabulary.ID, "");
        Matcher blob = SHA256.matcher(String.valueOf(key));
        if (!blob.matches()) {
            return null;
        }
        return Links.ofThisServer().to(blob.group(1), Instant.now().getEpochSecond() + wanted.seconds());
    }
}
