namespace RnnZoo.Tests.Streams;

/// <summary>
/// Truncated backpropagation written down step by step, with derivatives carried forward in plain numbers: no autograd, no
/// loader. The net is h_t = tanh(w·x_t + u·h_{t-1} + b) with one unit for each stream; the loss of a step is (h_t - y_t)².
/// </summary>
/// <param name="weights">w, u and b; they change with every update.</param>
/// <param name="learningRate">Of plain gradient descent, so that later chunks see other weights than the kept states did.</param>
internal sealed class ScalarReference(double[] weights, double learningRate)
{
    public sealed record Update(double CountedLoss, double[] Gradient);

    public double[] Weights => weights;

    /// <summary>One pass over a stream [T][B], one update every k1 steps.</summary>
    public List<Update> Run(double[][] x, double[][] y, int k1, int k2)
    {
        var (steps, streams) = (x.Length, x[0].Length);
        var kept = new double[steps + 1][]; // the newest state that was computed for each step
        kept[0] = new double[streams];
        var updates = new List<Update>();
        for (var start = 0; start < steps; start += k1)
        {
            var end = Math.Min(start + k1, steps);
            var gradientStart = Math.Max(0, end - k2);
            var (counted, gradient) = (0.0, new double[3]);
            for (var t = Math.Min(start, gradientStart); t < end; t++)
            {
                kept[t + 1] = new double[streams];
            }

            for (var stream = 0; stream < streams; stream++)
            {
                var first = Math.Min(start, gradientStart);
                var h = kept[first][stream];
                var derivative = new double[3];
                for (var t = first; t < end; t++)
                {
                    if (t == gradientStart)
                    {
                        derivative = new double[3];
                    }

                    var next = Math.Tanh((weights[0] * x[t][stream]) + (weights[1] * h) + weights[2]);
                    double[] direct = [x[t][stream], h, 1];
                    derivative = [.. direct.Select((value, index) => (1 - (next * next)) * (value + (weights[1] * derivative[index])))];
                    h = kept[t + 1][stream] = next;
                    var error = h - y[t][stream];
                    if (t >= start && t >= gradientStart)
                    {
                        counted += error * error;
                        gradient = [.. gradient.Select((value, index) => value + (2 * error * derivative[index]))];
                    }
                }
            }

            weights = [.. weights.Select((value, index) => value - (learningRate * gradient[index]))];
            updates.Add(new Update(counted, gradient));
        }

        return updates;
    }
}
