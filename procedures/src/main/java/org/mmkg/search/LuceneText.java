package org.mmkg.search;

import java.util.Locale;
import java.util.regex.Pattern;

/** Turns what a person typed into a query of Lucene that means these words and nothing else. */
final class LuceneText {

    private static final Pattern SPECIAL = Pattern.compile("[-+&|!(){}\\[\\]^\"~*?:\\\\/]");

    private LuceneText() {}

    /**
     * The words of a text. Every sign of Lucene's syntax is escaped; AND, OR and NOT are operators in capitals only, and
     * the index takes no notice of capitals.
     */
    static String words(String text) {
        return SPECIAL.matcher(text.toLowerCase(Locale.ROOT)).replaceAll("\\\\$0");
    }
}
