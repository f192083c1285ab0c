using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// How a gradient shrinks or grows on its way back through time: a cotangent v is put on the last hidden state and
/// backpropagated for real, step by step; nothing here is a formula.
/// <code>
/// L = v' h_T        H(d) = ‖∂L/∂h_{T-d}‖ / ‖∂L/∂h_T‖        C(d) = ‖∂L/∂c_{T-d}‖ / ‖∂L/∂c_T‖
/// </code>
/// for every distance d from 1 to T, so the last one is the initial state. Norms are L2 over H, of each sequence on its
/// own; the shares are then averaged over the sequences.
/// </summary>
/// <param name="Hidden">H(d).</param>
/// <param name="Cell">C(d) of an LSTM, whose cell state c is its memory; null without one.</param>
/// <remarks>
/// For a net of several layers these are the states of the last one, whose h_T the cotangent is put on. ∂L/∂c_t has the
/// part that goes through h_t = o_t tanh(c_t) in it, except at the initial state, whose h and c are given separately.
/// </remarks>
public sealed record GradientFlow(FlowNorms Hidden, FlowNorms? Cell)
{
    // Entries this small have lost digits, or will at the next steps.
    private const double Smallest = 1e-300;

    /// <summary>Runs sequences forward and a cotangent back.</summary>
    /// <param name="module">A net that reads forwards, of cells of this library, in float64. Dropout counts if it is in training.</param>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first; from the zero state.</param>
    /// <param name="cotangent">v [B, H]: one for each sequence.</param>
    /// <exception cref="ArgumentException">A shape or element type does not fit, or the net also reads backwards.</exception>
    /// <exception cref="NotSupportedException">A cell is a user's own.</exception>
    public static GradientFlow Measure(IRecurrentModule module, Tensor input, Tensor cotangent)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(cotangent);
        if (module.NumDirections != 1)
        {
            throw new ArgumentException("module: expected a net that reads forwards only, got a bidirectional one, whose h_T comes from one step in one of its directions.");
        }

        if (input.dtype != ScalarType.Float64 || cotangent.dtype != ScalarType.Float64)
        {
            throw new ArgumentException($"input, cotangent: expected Float64, for gradients leave float32's range within a hundred steps, got {input.dtype} and {cotangent.dtype}.");
        }

        using var scope = NewDisposeScope();
        var bptt = new NetworkBptt(module);
        var run = bptt.Forward(input);
        long[] wanted = [run.Final.Hidden.shape[1], module.HiddenSize];
        if (!cotangent.shape.AsSpan().SequenceEqual(wanted))
        {
            throw new ArgumentException($"cotangent: expected [B, H] = [{string.Join(", ", wanted)}], got [{string.Join(", ", cotangent.shape)}].");
        }

        var last = (int)module.NumLayers - 1;
        var gradients = bptt.Backward(run, dOutput: null, Cotangents(run.Final, cotangent));
        var steps = gradients.Steps[last];
        return new GradientFlow(
            Shares(steps.H(), gradients.Initial.Hidden[last]),
            run.Final.Count > 1 ? Shares(steps.C(), gradients.Initial.Cell[last]) : null);
    }

    /// <summary>The cotangent on the last layer's h_T, zero on everything else.</summary>
    private static RecurrentState Cotangents(RecurrentState final, Tensor cotangent)
    {
        var all = final.Map(part => zeros_like(part)); // parts [L, B, H]
        all.Hidden[final.Hidden.shape[0] - 1].copy_(cotangent);
        return all;
    }

    /// <param name="steps">[T, B, H] the gradient at the states 1 to T.</param>
    /// <param name="initial">[B, H] the gradient at state 0.</param>
    private static FlowNorms Shares(Tensor steps, Tensor initial)
    {
        var all = cat([initial.unsqueeze(0), steps], 0); // [T+1, B, H]
        var logs = LogNorms(all); // [T+1, B]
        var (states, batch) = (logs.GetLength(0), logs.GetLength(1));
        var (mean, lowest, highest) = (new double[states - 1], new double[states - 1], new double[states - 1]);
        for (var distance = 1; distance < states; distance++)
        {
            double[] shares = [.. Enumerable.Range(0, batch).Select(b => logs[states - 1 - distance, b] - logs[states - 1, b])];
            // One NaN makes the mean, the minimum and the maximum NaN.
            mean[distance - 1] = Math.Exp(shares.Average());
            lowest[distance - 1] = Math.Exp(shares.Aggregate(Math.Min));
            highest[distance - 1] = Math.Exp(shares.Aggregate(Math.Max));
        }

        return new FlowNorms(mean, lowest, highest);
    }

    /// <summary>ln ‖·‖ over the last dimension, scaled first so that squares neither over- nor underflow; NaN where there is none.</summary>
    private static double[,] LogNorms(Tensor gradients)
    {
        var largest = gradients.abs().amax([2], keepdim: true); // [T+1, B, 1]
        var norms = gradients.div(largest).norm(dim: 2); // [T+1, B]
        var (scale, rest) = (largest.cpu().data<double>().ToArray(), norms.cpu().data<double>().ToArray());
        var (states, batch) = ((int)gradients.shape[0], (int)gradients.shape[1]);
        var logs = new double[states, batch];
        for (var index = 0; index < scale.Length; index++)
        {
            logs[index / batch, index % batch] = double.IsFinite(scale[index]) && scale[index] >= Smallest
                ? Math.Log(scale[index]) + Math.Log(rest[index])
                : double.NaN;
        }

        return logs;
    }
}

/// <summary>
/// How large a gradient still is after each number of steps back through time, as a share of what it was at the last step.
/// Entry j belongs to the distance j + 1. NaN where it is zero, not finite, or too small for float64 (below 1e-300).
/// </summary>
/// <param name="Mean">The geometric mean over the sequences: exp of the mean of the logarithms.</param>
/// <param name="Lowest">The smallest of the sequences.</param>
/// <param name="Highest">The largest of the sequences.</param>
public sealed record FlowNorms(IReadOnlyList<double> Mean, IReadOnlyList<double> Lowest, IReadOnlyList<double> Highest);
