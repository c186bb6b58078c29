package org.mmkg.sample;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Whole numbers side by side, eight bytes each, the lowest first: a driver hands them on without unpacking them. */
final class Column {

    private ByteBuffer buffer = fresh(64);

    void add(long number) {
        if (!buffer.hasRemaining()) {
            buffer = fresh(2 * buffer.capacity()).put(buffer.flip());
        }
        buffer.putLong(number);
    }

    int size() {
        return buffer.position() / Long.BYTES;
    }

    byte[] bytes() {
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    private static ByteBuffer fresh(int numbers) {
        return ByteBuffer.allocate(Math.max(numbers, 64 * Long.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
    }
}
