using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The LSTM cell with layer normalisation of both products and, on its way to h, of c; blocks in the order i, f, g, o:
/// <code>
/// forward
/// (1)  N(a) = (a - mean(a)) / s(a),   s(a) = √(mean((a - mean(a))²) + ε)      over all n entries of a, ε = 1e-5
/// (2)  u_t = W_ih x_t,   p_t = γ_ih N(u_t) + b_ih + b_hh
/// (3)  q_t = W_hh h_{t-1},   z_t = p_t + γ_hh N(q_t)      each N over all 4H entries
/// (4)  i_t = σ(z^i_t),  f_t = σ(z^f_t),  g_t = tanh(z^g_t),  o_t = σ(z^o_t)
/// (5)  c_t = f_t c_{t-1} + i_t g_t
/// (6)  m_t = tanh(γ_c N(c_t) + b_c),   h_t = o_t m_t
/// backward
/// (7)  N'(dy; a) = (dy - mean(dy) - N(a) mean(dy N(a))) / s(a)      ∂L/∂a for dy = ∂L/∂N(a)
/// (8)  dn_t = dh_t o_t (1 - m_t²)                                   ∂L/∂(γ_c N(c_t) + b_c)
/// (9)  dc_t(hidden) = N'(γ_c dn_t; c_t)
/// (10) dc_t = dc_t(hidden) + dc_t(future)
/// (11) di_t = dc_t g_t,  df_t = dc_t c_{t-1},  dg_t = dc_t i_t,  do_t = dh_t m_t
/// (12) dz^i_t = di_t (i_t - i_t²),  dz^f_t = df_t (f_t - f_t²),  dz^g_t = dg_t (1 - g_t²),  dz^o_t = do_t (o_t - o_t²)
/// (13) dc_{t-1}(future) = dc_t f_t
/// (14) dp_t = dz_t,   dq_t = N'(γ_hh dz_t; q_t)
/// (15) du_t = N'(γ_ih dz_t; u_t)      takes dp_t's place in dx_t and dW_ih
/// backward, for all t at once
/// (16) db_ih = db_hh = Σ_t dz_t
/// (17) dγ_ih = Σ_t dz_t N(u_t),  dγ_hh = Σ_t dz_t N(q_t),  dγ_c = Σ_t dn_t N(c_t),  db_c = Σ_t dn_t
/// Jacobian of [h, c]; G_i, G_f, G_g, G_o are the blocks of G, i' = i - i² and so for f and o, g' = 1 - g²
/// (18) ∂N(a)/∂a = (I - 1 1'/n - N(a) N(a)'/n) / s(a)
/// (19) G = ∂z/∂h_{t-1} = diag(γ_hh) ∂N(q)/∂q W_hh
/// (20) M = ∂h_t/∂c_t = diag(o (1 - m²) γ_c) ∂N(c_t)/∂c_t
/// (21) ∂c_t/∂c_{t-1} = diag(f)
/// (22) ∂c_t/∂h_{t-1} = diag(g i') G_i + diag(c_{t-1} f') G_f + diag(i g') G_g
/// (23) ∂h_t/∂c_{t-1} = M diag(f)
/// (24) ∂h_t/∂h_{t-1} = diag(m o') G_o + M ∂c_t/∂h_{t-1}
/// (25) J_t = [ (24) (23) ]
///            [ (22) (21) ]
/// </code>
/// Source: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016, the LSTM of the supplementary material,
/// whose third bias is left out, for it would be added to the same sum as b_ih and b_hh. As there, c itself is carried on
/// as it is: in (13) c meets f alone. (7) follows from (1): the mean takes away what shifts all of a, the second term what
/// scales it. Kept besides h and c: i, f, g, o, u, q.
/// <para>Memory: (21), diag(f), is the way back along c, as in an LSTM; the normalisations stand beside it, in (19) and
/// (20).</para>
/// <para>Limits: It does not see the size of c, of x or of h as a whole, only how their entries compare: a number that all
/// units carry alike is lost.</para>
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

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="h0_c0">h and c, each [B, H], or [H]; zeros if null.</param>
    /// <returns>h and c, each [B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public (Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => RecurrentState.Two(call(input, RecurrentState.Of(h0_c0)))!.Value;

    internal override IReadOnlyList<Tensor> Further =>
        bias_ln_c is { } bias ? [weight_ln_ih, weight_ln_hh, weight_ln_c, bias] : [weight_ln_ih, weight_ln_hh, weight_ln_c];

    internal override int KeptParts => 6;

    internal override void ResetOwn(Generator? generator)
    {
        weight_ln_ih.fill_(Scalars.One);
        weight_ln_hh.fill_(Scalars.One);
        weight_ln_c.fill_(Scalars.One);
        bias_ln_c?.zero_();
    }

    internal override (string Name, long[] Shape)[] FurtherShapes(long hidden, bool bias)
    {
        (string, long[])[] gains = [(nameof(weight_ln_ih), [4 * hidden]), (nameof(weight_ln_hh), [4 * hidden]), (nameof(weight_ln_c), [hidden])];
        return bias ? [.. gains, (nameof(bias_ln_c), [hidden])] : gains;
    }

    internal override StepValue Project(StepValue x, StepWeights weights) => x.Product(weights.InputWeight); // [T, B, 4H] (2)

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var (u, q) = (p, weights.Seen(before[0]).Product(weights.HiddenWeight!)); // [B, 4H] (2) (3)
        var fromX = u.Normalised(weights.Further[0], weights.BothBiases(), Epsilon); // [B, 4H] (2)
        var z = (fromX + q.Normalised(weights.Further[1], bias: null, Epsilon)).Split(4); // 4 × [B, H] (3)
        var (i, f, g, o) = (z[0].Sigmoid(), z[1].Sigmoid(), z[2].Tanh(), z[3].Sigmoid()); // [B, H] (4)
        var c = (f * before[1]) + (i * g); // [B, H] (5)
        c = tapCell is null ? c : tapCell(c);
        return new CellStep([o * Shown(c, weights), c], i, f, g, o, u, q); // [B, H] (6)
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var (i, f, g, o) = (tape.Kept[0], tape.Kept[1], tape.Kept[2], tape.Kept[3]); // [B, H]
        var (u, q, c, gains) = (tape.Kept[4], tape.Kept[5], tape.After[1], tape.Weights.Further); // 2 × [B, 4H], [B, H]
        var (normalU, normalQ, normalC) = (Normal(u), Normal(q), Normal(c)); // 2 × [B, 4H], [B, H] (1)
        var m = Shown(c, tape.Weights); // [B, H] (6)
        var dN = dH * o * TanhSlope("layernorm-lstm (8)", m); // [B, H] (8)
        var dCFromHidden = NormaliseBack("layernorm-lstm (9)", dN * gains[2], normalC, c.RowScale(Epsilon)); // [B, H] (9)
        var dC = Term("layernorm-lstm (10) from hidden", dCFromHidden) + Term("layernorm-lstm (10) from future", dCFromFuture!); // [B, H] (10)
        (dC, dCFromHidden) = tape.GoesOn(dC, dCFromHidden, dCFromFuture!);
        var dZi = Term("layernorm-lstm (11) di", dC * g) * SigmoidSlope("layernorm-lstm (12) i", i); // [B, H] (11) (12)
        var dZf = Term("layernorm-lstm (11) df", dC * tape.Before[1]) * SigmoidSlope("layernorm-lstm (12) f", f); // [B, H] (11) (12)
        var dZg = Term("layernorm-lstm (11) dg", dC * i) * TanhSlope("layernorm-lstm (12) g", g); // [B, H] (11) (12)
        var dZo = Term("layernorm-lstm (11) do", dH * m) * SigmoidSlope("layernorm-lstm (12) o", o); // [B, H] (11) (12)
        var dZ = dZi.Join(dZf, dZg, dZo); // [B, 4H]
        var dCBefore = Term("layernorm-lstm (13)", dC * f); // [B, H] (13)
        var dQ = NormaliseBack("layernorm-lstm (14)", dZ * gains[1], normalQ, q.RowScale(Epsilon)); // [B, 4H] (14)
        var dU = NormaliseBack("layernorm-lstm (15)", dZ * gains[0], normalU, u.RowScale(Epsilon)); // [B, 4H] (15)
        var sums = Term("layernorm-lstm (17) dγ_ih", dZ * normalU).Join(
            Term("layernorm-lstm (17) dγ_hh", dZ * normalQ),
            Term("layernorm-lstm (17) dγ_c", dN * normalC),
            Term("layernorm-lstm (17) db_c", dN)); // [B, 10H] (17)
        return new StepFlow(dZ, dQ, DCBefore: dCBefore, DCFromHidden: dCFromHidden, DProduct: dU, DSums: sums);
    }

    internal override Tensor DHiddenBias(BackwardWalk walk) => walk.ProjectedSums; // (16)

    internal override Tensor[] FurtherGradients(LayerTape tape, BackwardWalk walk)
    {
        var sums = walk.Sums(4 * HiddenSize, 4 * HiddenSize, HiddenSize, HiddenSize); // [4H] × 2, [H] × 2 (17)
        return tape.Weights.InputBias is null ? sums[..3] : sums;
    }

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var weights = Weights();
        var (after, kept) = ForwardStep(ProjectInput(x), before, weights);
        var (c, q) = (new TensorValue(after.Cell), new TensorValue(kept[5])); // [B, H], [B, 4H]
        var (i, f, g, o, m) = (kept[0], kept[1], kept[2], kept[3], TensorValue.Of(Shown(c, weights.Values()))); // [B, H]
        var (normalQ, scaleQ) = (TensorValue.Of(Normal(q)), TensorValue.Of(q.RowScale(Epsilon))); // [B, 4H], [B, 1]
        var (normalC, scaleC) = (TensorValue.Of(Normal(c)), TensorValue.Of(c.RowScale(Epsilon))); // [B, H], [B, 1]
        var w = weight_ln_hh.unsqueeze(1).mul(NormalSlope(normalQ, scaleQ, weight_hh)).chunk(4, 1); // 4 × [B, H, H] (19)
        var identity = eye(HiddenSize, dtype: x.dtype, device: x.device); // [H, H]
        var hByC = Scaled(o.mul(TanhSlope(m)).mul(weight_ln_c), NormalSlope(normalC, scaleC, identity)); // [B, H, H] (20)
        var cByH = Scaled(g.mul(SigmoidSlope(i)), w[0])
            .Plus(Scaled(before.Cell.mul(SigmoidSlope(f)), w[1]))
            .Plus(Scaled(i.mul(TanhSlope(g)), w[2])); // [B, H, H] (22)
        var hByH = Scaled(m.mul(SigmoidSlope(o)), w[3]).Plus(hByC.bmm(cByH)); // [B, H, H] (24)
        var upper = cat([hByH, hByC.mul(f.unsqueeze(1))], 2); // [B, H, 2H] (24) (23)
        var lower = cat([cByH, diag_embed(f)], 2); // [B, H, 2H] (22) (21)
        return cat([upper, lower], 1); // [B, 2H, 2H] (25)
    }

    private static StepValue Shown(StepValue c, StepWeights weights) =>
        c.Normalised(weights.Further[2], weights.Further.ElementAtOrDefault(3), Epsilon).Tanh(); // [.., H] (6)

    private static StepValue Normal(StepValue a) => a.Normalised(gain: null, bias: null, Epsilon); // as a (1)

    /// <summary>N'(dy; a), by N(a) and s(a).</summary>
    private StepValue NormaliseBack(string term, StepValue dY, StepValue normal, StepValue scale)
    {
        var mean = Term(term + ": mean", dY.RowMean()); // [.., 1] (7)
        var along = Term(term + ": along", normal * (dY * normal).RowMean()); // as dY (7)
        return (Term(term + ": dy", dY) - mean - along) / scale; // as dY (7)
    }

    /// <summary>∂N(a)/∂a times a matrix [n, K], for every row of N(a) [B, n].</summary>
    /// <returns>[B, n, K].</returns>
    private static Tensor NormalSlope(Tensor normal, Tensor scale, Tensor matrix)
    {
        var centred = matrix.sub(matrix.mean([0], keepdim: true)); // [n, K] (18)
        var along = normal.mm(matrix).div(Scalars.Of(normal.shape[1])); // [B, K] (18)
        return centred.sub(normal.unsqueeze(2).mul(along.unsqueeze(1))).div(scale.unsqueeze(2)); // [B, n, K] (18)
    }
}
