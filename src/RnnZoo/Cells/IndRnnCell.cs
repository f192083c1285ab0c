using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The cell of an independently recurrent net: each unit sees, of the state, itself alone; products are element by element.
/// <code>
/// forward
/// (1)  z_t = p_t + u h_{t-1},   p_t = W_ih x_t + b_ih
/// (2)  h_t = max(z_t, 0)
/// backward
/// (3)  dz_t = dh_t [h_t &gt; 0],   dp_t = dz_t
/// (4)  dh_t(direct) = u dz_t
/// (5)  du = Σ_t dz_t h_{t-1}      over the batch too
/// Jacobian
/// (6)  ∂h_t/∂h_{t-1} = diag([h_t &gt; 0] u)
/// </code>
/// Source: S. Li, W. Li, C. Cook, C. Zhu and Y. Gao, "Independently recurrent neural network (IndRNN): building a longer and
/// deeper RNN", 2018, equations 1 and 3. Nothing is kept besides h.
/// <para>Memory: By (6), diag([h &gt; 0] u), each unit has a power of its own: it remembers for as long as its u is near 1
/// and it is on.</para>
/// <para>Limits: Units meet only from layer to layer, so give it two or more. A unit at zero passes no gradient, and without
/// a bound on u one can explode.</para>
/// </summary>
/// <remarks>
/// Parameters: weight_ih [H, I], weight_hh [H], the u of (1), and bias_ih [H]. Where a bound is given |u| stays within it: what
/// an optimizer pushed beyond is set back to the bound before the next sequence in training, and u is read within the
/// bound always. The paper's bound for sequences of T steps is 2^(1/T).
/// </remarks>
public sealed class IndRnnCell : EquationCell
{
    private static readonly string[] GateNames = ["h"];

    /// <summary>Makes a cell: u from U(0, 1), or U(0, bound) if the bound is below 1, the rest from U(±1/√H).</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="recurrentBound">The largest |u|; null for none.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="device">Where the parameters live; the CPU if null.</param>
    /// <param name="dtype">Their element type; the default one if null.</param>
    /// <exception cref="ArgumentException">A size is zero or less, or the bound is not a number above 0.</exception>
    public IndRnnCell(long inputSize, long hiddenSize, double? recurrentBound = null, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(IndRnnCell), inputSize, hiddenSize, GateNames)
    {
        Check.That(recurrentBound is null || (recurrentBound > 0 && double.IsFinite(recurrentBound.Value)), nameof(recurrentBound), "a number above 0, or null for no bound", recurrentBound);
        RecurrentBound = recurrentBound;
        weight_ih = Draw(1 / Math.Sqrt(hiddenSize), dtype, device, hiddenSize, inputSize);
        weight_hh = Draw(1 / Math.Sqrt(hiddenSize), dtype, device, hiddenSize);
        bias_ih = bias ? Draw(1 / Math.Sqrt(hiddenSize), dtype, device, hiddenSize) : null;
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        ResetOwn(generator: null);
    }

    /// <summary>The largest |u|, or null.</summary>
    public double? RecurrentBound { get; }

    /// <summary>Recurrent weights u [H].</summary>
    public Parameter weight_hh
    {
        get => get_parameter(nameof(weight_hh))!;
        set => Replace(nameof(weight_hh), value, HiddenSize);
    }

    /// <summary>One checked step, hooks included.</summary>
    /// <param name="input">[B, I], or [I].</param>
    /// <param name="h0">[B, H], or [H]; zeros if null.</param>
    /// <returns>[B, H], or [H].</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public Tensor call(Tensor input, Tensor? h0 = null) => call(input, RecurrentState.Of(h0))!.Hidden;

    internal override bool HasHiddenWeight => false;

    internal override Tensor? RecurrentWeight => null;

    internal override IReadOnlyList<Tensor> Further => [BoundedWeight()];

    internal override (string Name, long[] Shape)[] FurtherShapes(long hidden, bool bias) => [(nameof(weight_hh), [hidden])];

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null) =>
        new([(p + (before[0] * weights.Further[0])).Relu()]); // [B, H] (1) (2)

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var dZ = Term("indrnn (3)", dH.WhereNotBelow(tape.After[0])); // [B, H] (3)
        var direct = Term("indrnn (4)", dZ * tape.Weights.Further[0]); // [B, H] (4)
        return new StepFlow(dZ, dZ, DHDirect: direct, DSums: Term("indrnn (5)", dZ * tape.Before[0])); // (5)
    }

    internal override Tensor[] FurtherGradients(LayerTape tape, BackwardWalk walk) =>
        walk.Sums(HiddenSize); // [H] (5)

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var h = Step(x, before).Hidden; // [B, H] (1) (2)
        return diag_embed(h.gt(Scalars.Zero).to(h.dtype).mul(BoundedWeight())); // [B, H, H] (6)
    }

    internal override void BeginTraining()
    {
        if (RecurrentBound is { } bound)
        {
            using var scope = NewDisposeScope();
            using var noTape = no_grad();
            if (weight_hh.abs().max().Number() > Largest(bound))
            {
                weight_hh.copy_(weight_hh.clamp(Scalars.Of(-bound), Scalars.Of(bound)));
            }
        }
    }

    internal override void ResetOwn(Generator? generator) =>
        weight_hh.copy_(empty([HiddenSize], dtype: ScalarType.Float64).uniform_(0, Math.Min(1, RecurrentBound ?? 1), generator)); // [H]

    /// <summary>u within the bound [H].</summary>
    private Tensor BoundedWeight() => RecurrentBound is { } bound ? weight_hh.clamp(Scalars.Of(-bound), Scalars.Of(bound)) : weight_hh;

    // The bound as the parameter's type has it.
    private double Largest(double bound) => weight_hh.dtype == ScalarType.Float32 ? (float)bound : bound;
}
