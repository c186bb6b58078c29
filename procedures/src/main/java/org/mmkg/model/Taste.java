package org.mmkg.model;

/**
 * A user as the model's layers see him at this moment, and what each of his clicks has to do with a score.
 *
 * <p>Each activation multiplies: f(x) = g x, with the gain g that x itself gives. With these gains held, the score is a
 * sum of what each click adds and what the model knows of everybody (its bias), and nothing is left over.
 */
public final class Taste {

    private final UserLayers layers;
    private final double[] vector;
    private final double[] scale;
    private final double[] gain;

    Taste(UserLayers layers, double[] vector, double[] scale, double[] gain) {
        this.layers = layers;
        this.vector = vector;
        this.scale = scale;
        this.gain = gain;
    }

    /** The user's vector, of unit length. */
    public double[] vector() {
        return vector;
    }

    /** The scores that films get by what is shared out here: ask it once for each film. */
    public Parts parts(double[] film) {
        double[] weights = layers.convertBack(film);
        for (int i = 0; i < weights.length; i++) {
            weights[i] *= gain[i];
        }
        return new Parts(weights);
    }

    /** The parts of one film's score. */
    public final class Parts {

        private final double[] weights;

        private Parts(double[] weights) {
            this.weights = weights;
        }

        /** The part of one click. */
        public double of(double[] cause) {
            double sum = 0;
            for (int i = 0; i < weights.length; i++) {
                sum += cause[i] * scale[i] * weights[i];
            }
            return sum;
        }

        /** The part that a user without any click would have, too. */
        public double ofEverybody() {
            return Vectors.dot(layers.bias(), weights);
        }
    }
}
