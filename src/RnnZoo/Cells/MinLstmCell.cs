using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The minLSTM cell, whose gates and candidate see the input alone and whose h is its c; blocks in the order f, i, u, p_t joins
/// a_t and b_t:
/// <code>
/// forward, (1) to (4) for all t at once
/// (1)  k^f_t, k^i_t, u_t: the blocks of W_ih x_t + b_ih         u is h̃ in the paper
/// (2)  d_t = softplus(-k^f_t) - softplus(-k^i_t)
/// (3)  f_t = σ(-d_t),  i_t = σ(d_t)                             normalised, as by default: the two sum to 1
///      f_t = σ(k^f_t),  i_t = σ(k^i_t)                          plain
/// (4)  a_t = f_t,   b_t = i_t u_t
/// (5)  h_t = a_t h_{t-1} + b_t
/// backward
/// (6)  df_t = dh_t h_{t-1},   di_t = dh_t u_t,   du_t = dh_t i_t
/// (7)  dk^f_t = df_t (f_t - f_t²),   dk^i_t = di_t (i_t - i_t²)            plain
/// (8)  dd_t = di_t (i_t - i_t²) - df_t (f_t - f_t²)                        normalised
/// (9)  dk^f_t = -dd_t σ(-k^f_t),   dk^i_t = dd_t σ(-k^i_t)                 normalised
/// (10) dh_t(direct) = dh_t f_t
/// Jacobian
/// (11) ∂h_t/∂h_{t-1} = diag(f_t)
/// </code>
/// Source: L. Feng et al., "Were RNNs all we needed?", 2024: an LSTM without output gate, without tanh and without W_hh. The
/// paper normalises by f ← f/(f + i) and i ← i/(f + i), f = σ(k^f) and i = σ(k^i), which is 0/0 where both gates are shut. (2)
/// and (3) are the same numbers: -softplus(-k) is log σ(k), so e^d = i/f, and f/(f + i) = 1/(1 + e^d); nothing in them
/// overflows. Normalised it is a minGRU whose z is i. Nothing is kept besides h: the gates are found again from x, by one product.
/// <para>Memory: By (11), diag(f), a unit keeps what its gate does not let go, and that gate is set by the input
/// alone.</para>
/// <para>Limits: A layer cannot decide by what it has stored, and mixes no units over time. No factor is below 0, so a state
/// that flips with the input, such as parity, is out of reach over long sequences.</para>
/// </summary>
/// <remarks>
/// Parameters: weight_ih [3H, I] and bias_ih [3H]; there are no weight_hh and bias_hh. The authors' code has the same in
/// <c>to_hidden_and_gate</c>, its blocks in the order u, f, i, and maps u to a number above 0, u + 1/2 or, below 0, σ(u), for its
/// scan adds logarithms; here u is as it is, as in the paper's step-by-step form.
/// </remarks>
public sealed class MinLstmCell : EquationCell
{
    private static readonly string[] GateNames = ["f", "i", "u"];

    /// <summary>Makes a cell with the initialisation of nn.Linear, U(±1/√I).</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="normalise">Whether both gates are divided by their sum.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less.</exception>
    public MinLstmCell(long inputSize, long hiddenSize, bool bias = true, bool normalise = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(MinLstmCell), inputSize, hiddenSize, GateNames)
    {
        Normalise = normalise;
        weight_ih = Draw(1 / Math.Sqrt(inputSize), dtype, device, 3 * hiddenSize, inputSize);
        bias_ih = bias ? Draw(1 / Math.Sqrt(inputSize), dtype, device, 3 * hiddenSize) : null;
    }

    /// <summary>Whether both gates are divided by their sum.</summary>
    public bool Normalise { get; }

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="h0">[B, H], or [H]; zeros if null.</param>
    /// <returns>[B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public Tensor call(Tensor input, Tensor? h0 = null) => call(input, RecurrentState.Of(h0))!.Hidden;

    internal override bool HasHiddenWeight => false;

    internal override Tensor? RecurrentWeight => null;

    internal override StepValue Project(StepValue x, StepWeights weights)
    {
        var (f, i, u, _) = Found(x, weights);
        return f.Join(i * u); // [T, B, 2H] (4)
    }

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var blocks = p.Split(2); // 2 × [B, H]
        return new CellStep([(blocks[0] * before[0]) + blocks[1]]); // [B, H] (5)
    }

    internal override StepValue[] Prepared(StepValue x, StepValue[] kept, StepWeights weights)
    {
        var (f, i, u, shut) = Found(x, weights);
        return [f, i, u, .. Array.ConvertAll(shut, k => k.Sigmoid())]; // 5 × [.., H], plain 3
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var (f, i, u) = (tape.Kept[0], tape.Kept[1], tape.Kept[2]); // [B, H], as prepared
        var dF = Term("minlstm (6) df", dH * tape.Before[0]); // [B, H] (6)
        var dI = Term("minlstm (6) di", dH * u); // [B, H] (6)
        var dU = Term("minlstm (6) du", dH * i); // [B, H] (6)
        var (dKf, dKi) = (dF * SigmoidSlope("minlstm (7) f", f), dI * SigmoidSlope("minlstm (7) i", i)); // [B, H] (7)
        if (Normalise)
        {
            var dD = Term("minlstm (8) by i", dKi) - Term("minlstm (8) by f", dKf); // [B, H] (8)
            (dKf, dKi) = (-Term("minlstm (9) f", dD * tape.Kept[3]), Term("minlstm (9) i", dD * tape.Kept[4])); // [B, H] (9)
        }

        var dP = dKf.Join(dKi, dU); // [B, 3H]: by the product with W_ih
        return new StepFlow(dP, dP, DHDirect: Term("minlstm (10)", dH * f)); // [B, H] (10)
    }

    internal override Tensor Jacobian(Tensor x, RecurrentState before) => diag_embed(ProjectInput(x).narrow(1, 0, HiddenSize)); // [B, H, H] (11)

    /// <summary>The gates and the candidate of every row and, where the gates are normalised, -k of both.</summary>
    private (StepValue F, StepValue I, StepValue U, StepValue[] Shut) Found(StepValue x, StepWeights weights)
    {
        var k = x.Product(weights.InputWeight, weights.InputBias).Split(3); // 3 × [.., H] (1)
        if (!Normalise)
        {
            return (k[0].Sigmoid(), k[1].Sigmoid(), k[2], []); // [.., H] (3)
        }

        var (f, i) = k[0].SigmoidShares(k[1]); // [.., H] (2) (3)
        return (f, i, k[2], [k[0] * -1, k[1] * -1]); // [.., H]
    }
}
