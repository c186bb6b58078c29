package org.mmkg.model;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How the model makes a user of the films he clicked; `gnn/models/layers.py` has the same in Python, and `mmkg embed`
 * writes it on the Model node.
 *
 * <p>What the n clicks add (their causes c) goes through blocks side by side, a conversion matrix M if there is one, and
 * to unit length, with zeros for the numbers that films have more than users:
 *
 * <pre>h = f(b + Σ c / n^p)        u = M h / |M h|</pre>
 *
 * @param blocks the parts of h, in order
 * @param bias b, of all blocks
 * @param conversion M, row by row; empty where there is none
 * @param dimension how many numbers the user's vector has
 */
public record UserLayers(List<Block> blocks, double[] bias, Optional<double[]> conversion, int dimension) {

    /** The names of the properties that hold the layers. */
    static final String[] PROPERTIES = {
        "user_widths", "user_powers", "user_activations", "user_bias", "user_conversion"
    };

    /** A part of h: f is `unit` (x / |x|) or `tanh`. */
    record Block(int start, int width, double power, String activation) {}

    /** Takes the layers out of the properties of a Model node; empty where it has none, or some that make no sense. */
    static Optional<UserLayers> of(Map<String, Object> properties, int dimension) {
        if (!(properties.get("user_widths") instanceof long[] widths
                && properties.get("user_powers") instanceof double[] powers
                && properties.get("user_activations") instanceof String[] activations
                && properties.get("user_bias") instanceof double[] bias)) {
            return Optional.empty();
        }
        Optional<double[]> conversion = Vectors.read(properties.get("user_conversion"));
        Block[] blocks = new Block[widths.length];
        int start = 0;
        for (int i = 0; i < blocks.length && i < powers.length && i < activations.length; i++) {
            blocks[i] = new Block(start, (int) widths[i], powers[i], activations[i]);
            start += blocks[i].width;
        }
        int width = start;
        boolean fits = bias.length == width
                && powers.length == blocks.length
                && activations.length == blocks.length
                && List.of("unit", "tanh").containsAll(Arrays.asList(activations))
                && conversion.map(matrix -> matrix.length == width * dimension).orElse(width <= dimension);
        return fits
                ? Optional.of(new UserLayers(List.of(blocks), bias, conversion, dimension))
                : Optional.empty();
    }

    /** How many numbers a cause has. */
    int width() {
        return bias.length;
    }

    /** Makes the user of what his clicks add; empty where there is none, or where all of it cancels out. */
    public Optional<Taste> taste(Stream<double[]> causes) {
        double[] sum = new double[width()];
        int[] count = {0};
        causes.forEach(cause -> {
            count[0]++;
            for (int i = 0; i < sum.length; i++) {
                sum[i] += cause[i];
            }
        });
        if (count[0] == 0) {
            return Optional.empty();
        }
        double[] scale = new double[width()];
        double[] gain = new double[width()];
        double[] hidden = new double[width()];
        for (Block block : blocks) {
            int end = block.start + block.width;
            double square = 0;
            for (int i = block.start; i < end; i++) {
                scale[i] = Math.pow(count[0], -block.power);
                hidden[i] = bias[i] + sum[i] * scale[i];
                square += hidden[i] * hidden[i];
            }
            double length = Math.sqrt(square);
            for (int i = block.start; i < end; i++) {
                gain[i] = block.activation.equals("unit") ? inverse(length) : slope(hidden[i]);
                hidden[i] *= gain[i];
            }
        }
        double[] user = convert(hidden);
        double length = Math.sqrt(Vectors.dot(user, user));
        if (!(length > 0 && Double.isFinite(length))) {
            return Optional.empty();
        }
        for (int i = 0; i < user.length; i++) {
            user[i] /= length;
        }
        for (int i = 0; i < gain.length; i++) {
            gain[i] /= length;
        }
        return Optional.of(new Taste(this, user, scale, gain));
    }

    /** M h, or h with zeros behind it. */
    private double[] convert(double[] hidden) {
        double[] user = Arrays.copyOf(hidden, dimension);
        conversion.ifPresent(matrix -> {
            for (int row = 0; row < dimension; row++) {
                double total = 0;
                for (int i = 0; i < hidden.length; i++) {
                    total += matrix[row * hidden.length + i] * hidden[i];
                }
                user[row] = total;
            }
        });
        return user;
    }

    /** Mᵀ f, or the first numbers of f. */
    double[] convertBack(double[] film) {
        double[] hidden = Arrays.copyOf(film, width());
        conversion.ifPresent(matrix -> {
            Arrays.fill(hidden, 0);
            for (int row = 0; row < dimension; row++) {
                for (int i = 0; i < hidden.length; i++) {
                    hidden[i] += matrix[row * hidden.length + i] * film[row];
                }
            }
        });
        return hidden;
    }

    private static double inverse(double length) {
        return length == 0 ? 0 : 1 / length;
    }

    private static double slope(double value) {
        return value == 0 ? 1 : Math.tanh(value) / value;
    }
}
