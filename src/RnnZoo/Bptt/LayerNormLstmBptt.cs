using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// The step of the LSTM with layer normalisation, and its derivative; z_t joins the blocks i, f, g, o:
/// <code>
/// forward
/// (1)  N(a) = (a - mean(a)) / s(a),   s(a) = √(mean((a - mean(a))²) + ε)
/// (2)  u_t = W_ih x_t,   p_t = γ_ih N(u_t) + b_ih + b_hh
/// (3)  q_t = W_hh h_{t-1},   z_t = p_t + γ_hh N(q_t)
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
/// backward, for all t at once
/// (15) du_t = N'(γ_ih dz_t; u_t)      takes dp_t's place in dx_t and dW_ih
/// (16) db_ih = db_hh = Σ_t dz_t
/// (17) dγ_ih = Σ_t dz_t N(u_t),  dγ_hh = Σ_t dz_t N(q_t),  dγ_c = Σ_t dn_t N(c_t),  db_c = Σ_t dn_t
/// </code>
/// Products of vectors are element by element. Source: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016;
/// (7) follows from (1): the mean takes away what shifts all of a, the second term what scales it. In (13) c meets f alone,
/// as without normalisation. Kept besides h and c: i, f, g, o, q. What (8), (11) and (12) multiply dc_t and dh_t with needs
/// no gradient, and is found for all steps before the loop.
/// </summary>
/// <remarks>Further weights: γ_ih [4H], γ_hh [4H], γ_c [H] and, with biases, b_c [H].</remarks>
public sealed class LayerNormLstmBptt : LayerBptt
{
    // What the prepared tape keeps.
    private const int SlopeN = 0, SlopesZ = 1, F = 2, NormalC = 3, ScaleC = 4, NormalQ = 5, ScaleQ = 6;

    /// <summary>The equations.</summary>
    public LayerNormLstmBptt() : this(null)
    {
    }

    internal LayerNormLstmBptt(TermHook? hook) : base(hook)
    {
    }

    /// <inheritdoc/>
    public override int Gates => 4;

    /// <inheritdoc/>
    public override int StateParts => 2;

    private protected override int KeptParts => 5;

    private protected override (string Name, long[] Shape)[] FurtherShapes(LayerWeights weights)
    {
        var hidden = weights.HiddenSize;
        (string, long[])[] gains = [("γ_ih", [4 * hidden]), ("γ_hh", [4 * hidden]), ("γ_c", [hidden])];
        return weights.InputBias is null ? gains : [.. gains, ("b_c", [hidden])];
    }

    private protected override Tensor Project(Tensor input, LayerWeights weights) =>
        Normalised(InputProduct(input, weights, bias: null), weights.Further[0], ProjectedBias(weights)); // [T, B, 4H] (2)

    private protected override (RecurrentState After, Tensor[] Kept) ForwardStep(Tensor p, RecurrentState before, LayerWeights weights)
    {
        var q = before.Hidden.mm(weights.HiddenWeight!.t()); // [B, 4H] (3)
        var z = p.add(Normalised(q, weights.Further[1], bias: null)).chunk(4, 1); // 4 × [B, H] (3)
        var (i, f, g, o) = (z[0].sigmoid(), z[1].sigmoid(), z[2].tanh(), z[3].sigmoid()); // [B, H] (4)
        var c = f.mul(before.Cell).add(i.mul(g)); // [B, H] (5)
        var h = o.mul(Shown(c, weights)); // [B, H] (6)
        return (new RecurrentState(h, c), [i, f, g, o, q]);
    }

    private protected override LayerTape Prepared(LayerTape tape)
    {
        var (i, f, g, o) = (tape.Kept[0], tape.Kept[1], tape.Kept[2], tape.Kept[3]); // [T, B, H]
        var m = Shown(tape.States[1], tape.Weights); // [T, B, H] (6)
        var slopeN = o.mul(TanhSlope("layernorm-lstm (8)", m)); // [T, B, H] (8)
        Tensor[] slopes =
        [
            Term("layernorm-lstm (11) di", g).mul(SigmoidSlope("layernorm-lstm (12) i", i)), // [T, B, H] (11) (12)
            Term("layernorm-lstm (11) df", Before(tape, part: 1)).mul(SigmoidSlope("layernorm-lstm (12) f", f)), // [T, B, H] (11) (12)
            Term("layernorm-lstm (11) dg", i).mul(TanhSlope("layernorm-lstm (12) g", g)), // [T, B, H] (11) (12)
            Term("layernorm-lstm (11) do", m).mul(SigmoidSlope("layernorm-lstm (12) o", o)), // [T, B, H] (11) (12)
        ];
        var (normalC, scaleC) = Normalise(tape.States[1]); // [T, B, H], [T, B, 1]
        var (normalQ, scaleQ) = Normalise(tape.Kept[4]); // [T, B, 4H], [T, B, 1]
        return tape with { Kept = [slopeN, cat(slopes, 2), f, normalC, scaleC, normalQ, scaleQ] };
    }

    private protected override StepFlow BackwardStep(TapeFrame tape, Tensor dH, Tensor? dCFromFuture)
    {
        var (kept, further) = (tape.Kept, tape.Weights.Further);
        var dN = dH.mul(kept[SlopeN]); // [B, H] (8)
        var dCFromHidden = NormaliseBack("layernorm-lstm (9)", further[2].mul(dN), kept[NormalC], kept[ScaleC]); // [B, H] (9)
        var dC = Term("layernorm-lstm (10) from hidden", dCFromHidden).add(Term("layernorm-lstm (10) from future", dCFromFuture!)); // [B, H] (10)
        var dZ = cat([dC, dC, dC, dH], 1).mul(kept[SlopesZ]); // [B, 4H] (11) (12)
        var dCBefore = Term("layernorm-lstm (13)", dC.mul(kept[F])); // [B, H] (13)
        var dQ = NormaliseBack("layernorm-lstm (14)", further[1].mul(dZ), kept[NormalQ], kept[ScaleQ]); // [B, 4H] (14)
        return new StepFlow(dZ, dQ, DCBefore: dCBefore, DCFromHidden: dCFromHidden, DFurther: dN);
    }

    private protected override Tensor DHiddenBias(BackwardWalk walk) => walk.DProjected; // (16)

    private protected override (Tensor DProduct, Tensor[]? Further) AcrossSteps(LayerTape tape, BackwardWalk walk)
    {
        var (dZ, dN) = (walk.DProjected, walk.DFurther!); // [T, B, 4H], [T, B, H]
        var (normalU, scaleU) = Normalise(InputProduct(tape.Input, tape.Weights, bias: null)); // [T, B, 4H], [T, B, 1] (2)
        var dU = NormaliseBack("layernorm-lstm (15)", tape.Weights.Further[0].mul(dZ), normalU, scaleU); // [T, B, 4H] (15)
        var (normalQ, normalC) = (Normalise(tape.Kept[4]).Normal, Normalise(tape.States[1]).Normal); // [T, B, 4H], [T, B, H]
        Tensor[] further =
        [
            Rows(Term("layernorm-lstm (17) dγ_ih", dZ).mul(normalU)).sum(dim: 0), // [4H] (17)
            Rows(Term("layernorm-lstm (17) dγ_hh", dZ).mul(normalQ)).sum(dim: 0), // [4H] (17)
            Rows(Term("layernorm-lstm (17) dγ_c", dN).mul(normalC)).sum(dim: 0), // [H] (17)
        ];
        return (dU, tape.Weights.InputBias is null ? further : [.. further, Rows(Term("layernorm-lstm (17) db_c", dN)).sum(dim: 0)]); // [H] (17)
    }

    private static Tensor Shown(Tensor c, LayerWeights weights) =>
        Normalised(c, weights.Further[2], weights.Further.Count > 3 ? weights.Further[3] : null).tanh(); // [.., H] (6)

    /// <summary>γ N(a) + b.</summary>
    private static Tensor Normalised(Tensor a, Tensor gain, Tensor? bias) =>
        nn.functional.layer_norm(a, [a.shape[^1]], gain, bias, LayerNormLstmCell.Epsilon); // as a (1)

    /// <summary>N(a) and s(a).</summary>
    private static (Tensor Normal, Tensor Scale) Normalise(Tensor a)
    {
        var centred = a.sub(a.mean([-1], keepdim: true)); // as a (1)
        var scale = centred.square().mean([-1], keepdim: true).add(LayerNormLstmCell.Epsilon).sqrt(); // [.., 1] (1)
        return (centred.div(scale), scale); // (1)
    }

    /// <summary>N'(dy; a), by N(a) and s(a).</summary>
    private Tensor NormaliseBack(string term, Tensor dY, Tensor normal, Tensor scale)
    {
        var mean = Term(term + ": mean", dY.mean([-1], keepdim: true)); // [.., 1] (7)
        var along = Term(term + ": along", normal.mul(dY.mul(normal).mean([-1], keepdim: true))); // as dY (7)
        return Term(term + ": dy", dY).sub(mean).sub(along).div(scale); // as dY (7)
    }
}
