using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The LSTM cell with layer normalisation of both products and, on its way to h, of c; blocks in the order i, f, g, o:
/// <code>
/// (1)  N(a) = (a - mean(a)) / √(var(a) + ε)      over all entries of a, var without Bessel's correction, ε = 1e-5
/// (2)  z_t = γ_ih N(W_ih x_t) + b_ih + γ_hh N(W_hh h_{t-1}) + b_hh      each N over all 4H entries
/// (3)  i_t = σ(z^i_t),  f_t = σ(z^f_t),  g_t = tanh(z^g_t),  o_t = σ(z^o_t)
/// (4)  c_t = f_t c_{t-1} + i_t g_t
/// (5)  h_t = o_t tanh(γ_c N(c_t) + b_c)
/// </code>
/// Source: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016, the LSTM of the supplementary material,
/// whose third bias is left out, for it would be added to the same sum as b_ih and b_hh. As there, c itself is carried on
/// as it is: between c_{t-1} and c_t stands f_t alone.
/// </summary>
/// <remarks>
/// Beside the four parameters of an LSTM: γ_ih is weight_ln_ih [4H], γ_hh weight_ln_hh [4H], γ_c weight_ln_c [H] and b_c
/// bias_ln_c [H]. Gains begin at 1 and biases at 0, as those of nn.LayerNorm; weights as those of nn.LSTM, though (2) does
/// not see their scale.
/// </remarks>
public sealed class LayerNormLstmCell : GatedCell
{
    /// <summary>ε of (1), as nn.LayerNorm's default.</summary>
    public const double Epsilon = 1e-5;

    private static readonly string[] GateNames = ["i", "f", "g", "o"];

    /// <summary>Makes a cell.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less.</exception>
    public LayerNormLstmCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(LayerNormLstmCell), inputSize, hiddenSize, GateNames, bias, device, dtype)
    {
        StateSizes = [hiddenSize, hiddenSize];
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        bias_ih?.zero_();
        bias_hh?.zero_();
        weight_ln_ih = Kept(ones(4 * hiddenSize), dtype, device);
        weight_ln_hh = Kept(ones(4 * hiddenSize), dtype, device);
        weight_ln_c = Kept(ones(hiddenSize), dtype, device);
        bias_ln_c = bias ? Kept(zeros(hiddenSize), dtype, device) : null;
    }

    /// <summary>H for h, H for c.</summary>
    public override IReadOnlyList<long> StateSizes { get; }

    /// <summary>γ_ih [4H].</summary>
    public Parameter weight_ln_ih
    {
        get => get_parameter(nameof(weight_ln_ih))!;
        set => Replace(nameof(weight_ln_ih), value, 4 * HiddenSize);
    }

    /// <summary>γ_hh [4H].</summary>
    public Parameter weight_ln_hh
    {
        get => get_parameter(nameof(weight_ln_hh))!;
        set => Replace(nameof(weight_ln_hh), value, 4 * HiddenSize);
    }

    /// <summary>γ_c [H].</summary>
    public Parameter weight_ln_c
    {
        get => get_parameter(nameof(weight_ln_c))!;
        set => Replace(nameof(weight_ln_c), value, HiddenSize);
    }

    /// <summary>b_c [H], or null for a cell without bias.</summary>
    public Parameter? bias_ln_c
    {
        get => get_parameter(nameof(bias_ln_c));
        set => Replace(nameof(bias_ln_c), value, HiddenSize);
    }

    internal override IReadOnlyList<Tensor> Further =>
        bias_ln_c is { } bias ? [weight_ln_ih, weight_ln_hh, weight_ln_c, bias] : [weight_ln_ih, weight_ln_hh, weight_ln_c];

    internal override IReadOnlyList<string> FurtherNames { get; } = [nameof(weight_ln_ih), nameof(weight_ln_hh), nameof(weight_ln_c), nameof(bias_ln_c)];

    /// <summary>γ_ih N(W_ih x_t) + b_ih + b_hh for every row at once.</summary>
    /// <param name="input">[T, B, I] or [B, I].</param>
    /// <returns>[T, B, 4H] or [B, 4H].</returns>
    public override Tensor ProjectInput(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        return Normalise(InputProduct(input, bias: null), weight_ln_ih, ProjectedBias).MoveToOuterDisposeScope(); // [T, B, 4H] (2)
    }

    /// <summary>One checked step.</summary>
    /// <param name="x">[B, I].</param>
    /// <param name="h_c">h [B, H] and c [B, H]; zeros if null.</param>
    /// <returns>h [B, H] and c [B, H].</returns>
    public (Tensor, Tensor) call(Tensor x, (Tensor, Tensor)? h_c = null)
    {
        var next = call(x, h_c is var (h, c) ? new RecurrentState(h, c) : null)!;
        return (next.Hidden, next.Cell);
    }

    internal override void ResetOwn(Generator? generator)
    {
        weight_ln_ih.fill_(1);
        weight_ln_hh.fill_(1);
        weight_ln_c.fill_(1);
        bias_ln_c?.zero_();
    }

    private protected override RecurrentState AdvanceGated(Tensor projected, RecurrentState state, Tensor hiddenWeight, Func<Tensor, Tensor>? tapCell)
    {
        var recurrent = Normalise(state.Hidden.mm(hiddenWeight.t()), weight_ln_hh, null); // [B, 4H] (2)
        var gates = projected.add(recurrent).chunk(4, 1); // 4 × [B, H] (2)
        var (i, f, g, o) = (gates[0].sigmoid(), gates[1].sigmoid(), gates[2].tanh(), gates[3].sigmoid()); // [B, H] (3)
        var c = f.mul(state.Cell).add(i.mul(g)); // [B, H] (4)
        c = tapCell is null ? c : tapCell(c);
        return new RecurrentState(o.mul(Normalise(c, weight_ln_c, bias_ln_c).tanh()), c); // [B, H] (5)
    }

    private static Tensor Normalise(Tensor a, Tensor gain, Tensor? bias) =>
        nn.functional.layer_norm(a, [a.shape[^1]], gain, bias, Epsilon); // as a (1)
}
