package org.mmkg.browser;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import javax.ws.rs.GET;
import javax.ws.rs.Path;
import javax.ws.rs.PathParam;
import javax.ws.rs.core.Response;
import javax.ws.rs.core.Response.Status;

/**
 * Neo4j Browser's style and guide with its pictures and queries, served out of the plugin's jar by the database itself.
 *
 * <p>The Browser fetches them over HTTP. From the server that also serves the Browser they come without an outside
 * network, and they always fit the procedures beside them. They hold nothing secret, so they need no login: the
 * server's list of open paths has to name the mount point.
 */
@Path("/")
public final class BrowserFiles {
    private static final String GUIDE = "guide.md";
    private static final String QUERIES = "queries.zip";
    private static final Map<String, String> TYPES = Map.of(
            "style.grass", "text/plain;charset=utf-8",
            GUIDE, "text/markdown;charset=utf-8",
            QUERIES, "application/zip",
            "film.png", "image/png",
            "recommended.png", "image/png",
            "ripple.png", "image/png");

    /** Answers with the file of that name, or 404 where there is none. */
    @GET
    @Path("{name}")
    public Response file(@PathParam("name") String name) throws IOException {
        String type = TYPES.get(name);
        if (type == null) {
            return Response.status(Status.NOT_FOUND).build();
        }
        byte[] content = name.equals(QUERIES)
                ? SavedQueries.of(new String(read(GUIDE), StandardCharsets.UTF_8))
                : read(name);
        return Response.ok(content, type).build();
    }

    private static byte[] read(String name) throws IOException {
        try (InputStream file = BrowserFiles.class.getResourceAsStream(name)) {
            return file.readAllBytes();
        }
    }
}
