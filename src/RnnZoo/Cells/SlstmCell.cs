using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The sLSTM cell, xLSTM's scalar memory: exponential gates, a normaliser n, and a stabiliser m that keeps the exponentials in
/// range; R is W_hh, block-diagonal with one block a head; a_t, p_t and the rows of the weights join the blocks i, f, z, o:
/// <code>
/// forward
/// (1)  a_t = p_t + R h_{t-1},   p_t = W_ih x_t + b_ih + b_hh
/// (2)  l_t = m_{t-1} + log σ(a^f_t),   δ_t = a^i_t - l_t,   s_t = [n_{t-1} ≠ 0]
/// (3)  i_t = exp(-s_t max(-δ_t, 0)),   f_t = exp(-max(δ_t, 0)),   m_t = a^i_t + s_t max(-δ_t, 0)
/// (4)  z_t = tanh(a^z_t),   o_t = σ(a^o_t)
/// (5)  c_t = f_t c_{t-1} + i_t z_t,   n_t = f_t n_{t-1} + i_t
/// (6)  h_t = o_t c_t / n_t
/// backward
/// (7)  dc_t = dc_t(future) + dh_t o_t / n_t,   dn_t = dn_t(future) - dh_t h_t / n_t,   dm_t = dm_t(future)
/// (8)  di_t = dc_t z_t + dn_t,   df_t = dc_t c_{t-1} + dn_t n_{t-1},   dz_t = dc_t i_t,   do_t = dh_t c_t / n_t
/// (9)  dδ_t = s_t [δ_t &lt; 0] (di_t i_t - dm_t) - [δ_t &gt; 0] df_t f_t
/// (10) da^i_t = dm_t + dδ_t,   da^f_t = -dδ_t σ(-a^f_t),   da^z_t = dz_t (1 - z_t²),   da^o_t = do_t (o_t - o_t²)
/// (11) dc_{t-1}(future) = dc_t f_t,   dn_{t-1}(future) = dn_t f_t,   dm_{t-1}(future) = -dδ_t
/// (12) dp_t = dq_t = da_t
/// Jacobian of [h, c, n, m]; R_i, R_f, R_z, R_o are the blocks of R, z' = 1 - z², o' = o - o²
/// (13) D = ∂δ/∂h_{t-1} = R_i - diag(σ(-a^f)) R_f,   ∂δ/∂m_{t-1} = -I,   i_δ = i s [δ &lt; 0],   f_δ = -f [δ &gt; 0]
/// (14) ∂c_t = diag(c_{t-1} f_δ + z i_δ) ∂δ + diag(i z') R_z ∂h_{t-1} + diag(f) ∂c_{t-1}
/// (15) ∂n_t = diag(n_{t-1} f_δ + i_δ) ∂δ + diag(f) ∂n_{t-1}
/// (16) ∂m_t = R_i ∂h_{t-1} - diag(s [δ &lt; 0]) ∂δ
/// (17) ∂h_t = diag(o/n) ∂c_t - diag(h_t/n) ∂n_t + diag(o' c/n) R_o ∂h_{t-1}
/// </code>
/// Source: M. Beck et al., "xLSTM: extended long short-term memory", 2024, equations 8 to 17, with the sigmoid forget gate. (2)
/// and (3) are max(a^i, l), exp(a^i - m) and exp(l - m) written by the difference δ: one of the two gates is 1, neither
/// overflows, and where nothing is stored yet, n = 0, the input gate is 1 whatever a^i is, so that (6) never is 0/0. c_t / n_t is a
/// weighted mean of what was written, so |h| stays below 1. Kept besides the state: i, f, z, o, a^f, δ.
/// <para>Memory: ∂c_t/∂c_{t-1} = ∂n_t/∂n_{t-1} = diag(f) in (14) and (15): memory and normaliser shrink alike, so c/n stays a
/// weighted mean of what was written, for as long as nothing of more weight is.</para>
/// <para>Limits: A mean does not count: |h| is below 1 however much was written. Units of two heads meet only from layer to
/// layer.</para>
/// </summary>
/// <remarks>
/// The state has two parts: h [B, H], and c, n and m joined [B, 3H]; n, a sum of weights, is 0 or above in a state that is given too. Parameters: weight_ih [4H, I], weight_hh [4H, H / heads],
/// whose row of a unit meets the units of its own head, bias_ih and bias_hh [4H]. NX-AI's code has the gates in the same order,
/// one bias, the sum of both, and R as [heads, H / heads, 4, H / heads] or its like.
/// </remarks>
public sealed class SlstmCell : EquationCell
{
    private static readonly string[] GateNames = ["i", "f", "z", "o"];
    private readonly double _depth;

    /// <summary>Makes a cell, whose R is 0 and whose forget gates are open: biases 5 - 12 (k/(K - 1))^(0.3 + 1.3 depth) for the K units of a head, the others 0; weight_ih from U(±1/√H).</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="heads">How many blocks R has; H is a multiple of it.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="depth">Where the layer is in its net, from 0 for the first to 1 for the last.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, H is no multiple of the heads, or the depth is outside [0, 1].</exception>
    public SlstmCell(long inputSize, long hiddenSize, int heads = 1, bool bias = true, double depth = 0, Device? device = null, ScalarType? dtype = null)
        : base(nameof(SlstmCell), inputSize, hiddenSize, GateNames)
    {
        Check.That(heads >= 1 && hiddenSize % heads == 0, nameof(heads), $"a divisor of H = {hiddenSize}", heads);
        _depth = Check.Probability(depth, nameof(depth));
        Heads = heads;
        StateSizes = [hiddenSize, 3 * hiddenSize];
        var bound = 1 / Math.Sqrt(hiddenSize);
        weight_ih = Draw(bound, dtype, device, 4 * hiddenSize, inputSize);
        weight_hh = Draw(bound, dtype, device, 4 * hiddenSize, hiddenSize / heads);
        bias_ih = bias ? Draw(bound, dtype, device, 4 * hiddenSize) : null;
        bias_hh = bias ? Draw(bound, dtype, device, 4 * hiddenSize) : null;
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        ResetOwn(generator: null);
    }

    /// <summary>How many blocks R has.</summary>
    public int Heads { get; }

    /// <summary>H for h, 3H for c, n and m.</summary>
    public override IReadOnlyList<long> StateSizes { get; }

    /// <summary>The blocks of R [4H, H / heads].</summary>
    public Parameter weight_hh
    {
        get => get_parameter(nameof(weight_hh))!;
        set => Replace(nameof(weight_hh), value, 4 * HiddenSize, HiddenSize / Heads);
    }

    /// <summary>Recurrent bias [4H], or null for a cell without bias.</summary>
    public Parameter? bias_hh
    {
        get => get_parameter(nameof(bias_hh));
        set => Replace(nameof(bias_hh), value, 4 * HiddenSize);
    }

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="h0_c0">h [B, H], and c, n and m joined [B, 3H], or without B; zeros if null.</param>
    /// <returns>The state after the step.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public (Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => RecurrentState.Two(call(input, RecurrentState.Of(h0_c0)))!.Value;

    internal override Tensor RecurrentWeight
    {
        get
        {
            if (Heads == 1)
            {
                return weight_hh;
            }

            var size = HiddenSize / Heads;
            return weight_hh.view(4, Heads, size, 1, size).mul(OwnHead()).view(4 * HiddenSize, HiddenSize); // [4H, H]
        }
    }

    internal override Tensor? RecurrentBias => bias_hh;

    internal override int KeptParts => 6;

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var a = weights.Seen(before[0]).Product(weights.HiddenWeight!, plus: p).Split(4); // 4 × [B, H] (1)
        var old = before[1].Split(3); // 3 × [B, H]
        var (c, n, m) = (old[0], old[1], old[2]); // [B, H]
        var l = m - (a[1] * -1).Softplus(); // [B, H] (2)
        var (delta, stored) = (a[0] - l, n.Sign().Abs()); // [B, H] (2)
        var above = (delta * -1).Relu() * stored; // [B, H] (3)
        var (i, f) = ((above * -1).Exp(), (delta.Relu() * -1).Exp()); // [B, H] (3)
        var (z, o) = (a[2].Tanh(), a[3].Sigmoid()); // [B, H] (4)
        var memory = ((f * c) + (i * z)).Join((f * n) + i, a[0] + above); // [B, 3H] (3) (5)
        memory = tapCell is null ? memory : tapCell(memory);
        var made = memory.Split(3); // 3 × [B, H]
        return new CellStep([o * made[0] / made[1], memory], i, f, z, o, a[1], delta); // [B, H] (6)
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var (i, f, z, o, a, delta) = (tape.Kept[0], tape.Kept[1], tape.Kept[2], tape.Kept[3], tape.Kept[4], tape.Kept[5]); // [B, H]
        var (h, made, old) = (tape.After[0], tape.After[1].Split(3), tape.Before[1].Split(3)); // [B, H], 3 × [B, H]
        var (c, n, cBefore, nBefore) = (made[0], made[1], old[0], old[1]); // [B, H]
        var dShare = dH / n; // [B, H]
        var (byC, byN) = (Term("slstm (7) dc", dShare * o), Term("slstm (7) dn", -(dH * (h / n)))); // [B, H] (7)
        var fromHidden = byC.Join(byN, c.Filled(0)); // [B, 3H] (7)
        var dMemory = fromHidden + Term("slstm (7) from future", dCFromFuture!); // [B, 3H] (7)
        (dMemory, fromHidden) = tape.GoesOn(dMemory, fromHidden, dCFromFuture!);
        var parts = dMemory.Split(3); // 3 × [B, H]
        var (dC, dN, dM) = (parts[0], parts[1], parts[2]); // [B, H]
        var dI = Term("slstm (8) di: dc", dC * z) + Term("slstm (8) di: dn", dN); // [B, H] (8)
        var dF = Term("slstm (8) df: dc", dC * cBefore) + Term("slstm (8) df: dn", dN * nBefore); // [B, H] (8)
        var dZ = Term("slstm (8) dz", dC * i); // [B, H] (8)
        var dO = Term("slstm (8) do", dShare * c); // [B, H] (8)
        var stored = nBefore.Sign().Abs(); // [B, H] (2)
        var byInput = ((Term("slstm (9) i", dI * i) - Term("slstm (9) m", dM)) * stored).WhereNotBelow(-delta); // [B, H] (9), 0 times ∞ is not asked for
        var byForget = Term("slstm (9) f", dF * f).WhereNotBelow(delta); // [B, H] (9)
        var dDelta = byInput - byForget; // [B, H] (9)
        var dAi = Term("slstm (10) i: dm", dM) + dDelta; // [B, H] (10)
        var dAf = -(dDelta * Term("slstm (10) f", (-a).Sigmoid())); // [B, H] (10)
        var dAz = dZ * TanhSlope("slstm (10) z", z); // [B, H] (10)
        var dAo = dO * SigmoidSlope("slstm (10) o", o); // [B, H] (10)
        var past = Term("slstm (11) dc", dC * f).Join(Term("slstm (11) dn", dN * f), -Term("slstm (11) dm", dDelta)); // [B, 3H] (11)
        var dA = dAi.Join(dAf, dAz, dAo); // [B, 4H]
        return new StepFlow(dA, dA, DCBefore: past, DCFromHidden: fromHidden); // (12)
    }

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var weights = Weights();
        var (after, kept) = ForwardStep(ProjectInput(x), before, weights);
        var (i, f, z, o, a, delta) = (kept[0], kept[1], kept[2], kept[3], kept[4], kept[5]); // [B, H]
        var (made, old) = (after.Cell.chunk(3, 1), before.Cell.chunk(3, 1)); // 3 × [B, H]
        var (c, n, cBefore, nBefore) = (made[0], made[1], old[0], old[1]); // [B, H]
        var r = weights.HiddenWeight!.chunk(4, 0); // 4 × [H, H]
        var below = delta.lt(Scalars.Zero).logical_and(nBefore.ne(Scalars.Zero)).to(x.dtype); // [B, H]
        var (byI, byF) = (i.mul(below), f.mul(delta.gt(Scalars.Zero).to(x.dtype)).neg()); // [B, H] (13)
        var (identity, none) = (eye(HiddenSize, dtype: x.dtype, device: x.device), zeros([x.shape[0], HiddenSize, HiddenSize], dtype: x.dtype, device: x.device)); // [H, H], [B, H, H]
        var d = r[0].sub(Scaled(a.neg().sigmoid(), r[1])); // [B, H, H] (13)
        var (cByDelta, nByDelta) = (cBefore.mul(byF).Plus(z.mul(byI)), nBefore.mul(byF).Plus(byI)); // [B, H] (14) (15)
        Tensor[] ofC = [Scaled(cByDelta, d).Plus(Scaled(i.mul(TanhSlope(z)), r[2])), diag_embed(f), none, diag_embed(cByDelta).neg()]; // 4 × [B, H, H] (14)
        Tensor[] ofN = [Scaled(nByDelta, d), none, diag_embed(f), diag_embed(nByDelta).neg()]; // 4 × [B, H, H] (15)
        Tensor[] ofM = [r[0].sub(Scaled(below, d)), none, none, Scaled(below, identity)]; // 4 × [B, H, H] (16)
        Tensor[] ofH = [.. ofC.Zip(ofN, (byC, byN) => Scaled(o.div(n), byC).sub(Scaled(after.Hidden.div(n), byN)))]; // 4 × [B, H, H] (17)
        ofH[0] = ofH[0].Plus(Scaled(c.div(n).mul(SigmoidSlope(o)), r[3])); // [B, H, H] (17)
        return cat([cat(ofH, 2), cat(ofC, 2), cat(ofN, 2), cat(ofM, 2)], 1); // [B, 4H, 4H]
    }

    internal override (string Name, Tensor Gradient) ParameterGradient(Tensor dRecurrentWeight)
    {
        var size = HiddenSize / Heads;
        return (nameof(weight_hh), Heads == 1
            ? dRecurrentWeight
            : dRecurrentWeight.view(4, Heads, size, Heads, size).mul(OwnHead()).sum([3]).view(4 * HiddenSize, size)); // [4H, H / heads]
    }

    internal override void ResetOwn(Generator? generator)
    {
        weight_hh.zero_();
        bias_hh?.zero_();
        bias_ih?.zero_();
        if (bias_ih is { } bias)
        {
            var size = HiddenSize / Heads;
            var power = 0.3 + (1.3 * _depth);
            using var open = tensor((double[])[.. Enumerable.Range(0, (int)size).Select(place => 5 - (12 * Math.Pow(place / Math.Max(1.0, size - 1), power)))]); // [H / heads]
            bias.narrow(0, HiddenSize, HiddenSize).copy_(open.repeat(Heads));
        }
    }

    // 1 where a row's head is the column's: [1, heads, 1, heads, 1].
    private Tensor OwnHead() => eye(Heads, dtype: weight_hh.dtype, device: weight_hh.device).view(1, Heads, 1, Heads, 1);
}
