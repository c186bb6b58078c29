package org.mmkg.browser;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** The recipes of the guide as an archive that Browser takes into its favorites, where it is dropped on its window. */
final class SavedQueries {

    /** A recipe, and what the line above says of it up to the first full stop or colon: the name of the query. */
    private static final Pattern RECIPE =
            Pattern.compile("^([^\\n.:]+)[^\\n]*\\n\\n```cypher\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

    /** Browser makes a folder of this. */
    private static final String FOLDER = "mmkg";

    private SavedQueries() {}

    /** Packs a file for each recipe; Browser names a query by a comment in its first line. */
    static byte[] of(String guide) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream archive = new ZipOutputStream(bytes, StandardCharsets.UTF_8)) {
            Matcher recipe = RECIPE.matcher(guide);
            for (int number = 1; recipe.find(); number++) {
                ZipEntry entry = new ZipEntry(FOLDER + "/" + (number < 10 ? "0" : "") + number + ".cypher");
                entry.setTime(0);
                archive.putNextEntry(entry);
                archive.write(("// " + recipe.group(1) + "\n" + recipe.group(2)).getBytes(StandardCharsets.UTF_8));
            }
        }
        return bytes.toByteArray();
    }
}
