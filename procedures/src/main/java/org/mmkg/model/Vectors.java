package org.mmkg.model;

import java.util.List;
import java.util.Optional;

/** Arithmetic on embeddings. */
public final class Vectors {

    private Vectors() {}

    /** Takes a stored vector: the database's own procedures store float[], a driver's SET stores double[]. */
    public static Optional<double[]> read(Object stored) {
        if (stored instanceof double[] doubles) {
            return Optional.of(doubles);
        }
        if (stored instanceof float[] floats) {
            double[] doubles = new double[floats.length];
            for (int i = 0; i < floats.length; i++) {
                doubles[i] = floats[i];
            }
            return Optional.of(doubles);
        }
        return Optional.empty();
    }

    /** The scalar product; of two vectors of unit length it is the cosine of their angle, in [-1, 1]. */
    public static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /** The mean of the vectors, brought to unit length; empty where there are none or they cancel out. */
    public static Optional<double[]> direction(List<double[]> vectors) {
        if (vectors.isEmpty()) {
            return Optional.empty();
        }
        double[] sum = new double[vectors.get(0).length];
        for (double[] vector : vectors) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += vector[i];
            }
        }
        double length = Math.sqrt(dot(sum, sum));
        if (length < 1e-9 * vectors.size()) {
            return Optional.empty();
        }
        for (int i = 0; i < sum.length; i++) {
            sum[i] /= length;
        }
        return Optional.of(sum);
    }
}
