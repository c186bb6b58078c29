package org.mmkg.model;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A kind of media by which films are compared; `gnn/film_media.py` has the same. */
public enum Modality {
    TEXT("text"),
    POSTER("poster"),
    SOUND("sound"),
    TRAILER("trailer");

    private final String key;

    Modality(String key) {
        this.key = key;
    }

    /** What callers call it. */
    public String key() {
        return key;
    }

    public static List<String> keys() {
        return Arrays.stream(values()).map(Modality::key).toList();
    }

    /** The modality that is called so. */
    public static Optional<Modality> of(String key) {
        return Arrays.stream(values()).filter(some -> some.key.equals(key)).findFirst();
    }
}
