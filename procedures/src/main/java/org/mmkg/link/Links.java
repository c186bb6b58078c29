package org.mmkg.link;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signed links to blobs, as storage/links.py makes them: the gateway lets whoever has one read that blob until it
 * expires.
 *
 * @param url what links begin with
 * @param key what they are signed with
 */
record Links(String url, String key) {

    private static final String ALGORITHM = "HmacSHA256";

    /**
     * The gateway that the variables of the server's process name. They are in no setting, no log and no query, so
     * that whoever may only ask the database does not learn the key.
     *
     * @throws IllegalStateException they name none
     */
    static Links ofThisServer() {
        String url = System.getenv("MMKG_GATEWAY_URL");
        String key = System.getenv("MMKG_GATEWAY_KEY");
        if (url == null || url.isEmpty() || key == null || key.isEmpty()) {
            throw new IllegalStateException("this database knows no media gateway: start it with mmkg up,"
                    + " or set MMKG_GATEWAY_URL and MMKG_GATEWAY_KEY in the environment of the server");
        }
        return new Links(url.replaceFirst("/+$", ""), key);
    }

    /**
     * A link to a blob.
     *
     * @param expires when it ends, in seconds since 1970
     */
    String to(String sha256, long expires) {
        return url + "/media/" + sha256 + "?expires=" + expires + "&signature=" + signature(sha256, expires);
    }

    private String signature(String sha256, long expires) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), ALGORITHM));
            byte[] signed = (sha256 + "\n" + expires).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(mac.doFinal(signed));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible); // every Java has this algorithm
        }
    }

    /** Hides the key, which a record would show. */
    @Override
    public String toString() {
        return url;
    }
}
