package org.mmkg.estimate;

/** How many bytes of heap things take on a 64-bit machine, roughly: references of four bytes, objects in steps of eight. */
public final class Sizes {

    /** A node or a relation as the procedures hold it, with its place in a map. */
    public static final long ENTITY = 96;

    /** A film with its score, its id and its places in the stages. */
    public static final long SCORED = 400;

    /** A step of a walk: the path to it, and the mark that it was met. */
    public static final long STEP = 200;

    private Sizes() {}

    /** A vector of doubles. */
    public static long vector(long dimension) {
        return 16 + 8 * dimension;
    }
}
