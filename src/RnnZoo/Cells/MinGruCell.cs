using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The minGRU cell, whose gate and candidate see the input alone; blocks in the order z, h:
/// <code>
/// (1)  z_t = σ(W_iz x_t + b_iz)
/// (2)  g_t = W_ih x_t + b_ih                     the candidate, h̃_t in the paper
/// (3)  h_t = (1 - z_t) h_{t-1} + z_t g_t
/// </code>
/// Source: L. Feng et al., "Were RNNs all we needed?", 2024: a GRU without reset gate, without tanh and without W_hh. All
/// products are taken for the whole sequence at once, and each entry of h is a running mean of its own: one layer mixes
/// nothing over time, so stacks of two and more are usual.
/// </summary>
/// <remarks>Parameters: weight_ih [2H, I] and bias_ih [2H]; there are no weight_hh and bias_hh.</remarks>
public sealed class MinGruCell : EquationCell
{
    private static readonly string[] GateNames = ["z", "h"];

    /// <summary>Makes a cell with the initialisation of nn.Linear, U(±1/√I).</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less.</exception>
    public MinGruCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(MinGruCell), inputSize, hiddenSize, GateNames)
    {
        weight_ih = Draw(1 / Math.Sqrt(inputSize), dtype, device, 2 * hiddenSize, inputSize);
        bias_ih = bias ? Draw(1 / Math.Sqrt(inputSize), dtype, device, 2 * hiddenSize) : null;
    }

    internal override Tensor? RecurrentWeight => null;

    /// <summary>z_t and g_t for every row at once.</summary>
    /// <param name="input">[T, B, I] or [B, I].</param>
    /// <returns>[T, B, 2H] or [B, 2H].</returns>
    public override Tensor ProjectInput(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        var blocks = InputProduct(input, bias_ih).chunk(2, -1); // 2 × [T, B, H]
        return cat([blocks[0].sigmoid(), blocks[1]], -1).MoveToOuterDisposeScope(); // [T, B, 2H] (1) (2)
    }

    /// <summary>One checked step.</summary>
    /// <param name="x">[B, I].</param>
    /// <param name="h">[B, H]; zeros if null.</param>
    /// <returns>[B, H].</returns>
    public Tensor call(Tensor x, Tensor? h = null) => call(x, h is null ? null : new RecurrentState(h))!.Hidden;

    internal override RecurrentState Advance(Tensor projected, RecurrentState state, Tensor? hiddenWeight, Func<Tensor, Tensor>? tapCell)
    {
        var blocks = projected.chunk(2, 1); // 2 × [B, H]
        var (z, g, h) = (blocks[0], blocks[1], state.Hidden); // [B, H]
        return new RecurrentState(h.add(z.mul(g.sub(h)))); // [B, H] (3)
    }
}
