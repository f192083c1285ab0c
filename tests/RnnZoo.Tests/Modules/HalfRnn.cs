using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

// The net of docs/adding-a-net.md, which shows this file part by part.

/// <summary>
/// A vanilla cell that keeps half of its state:
/// <code>
/// forward
/// (1)  z_t = p_t + W_hh h_{t-1},   p_t = W_ih x_t + b_ih + b_hh
/// (2)  y_t = tanh(z_t),   h_t = h_{t-1}/2 + y_t/2
/// backward
/// (3)  dz_t = dh_t/2 (1 - y_t²),   dp_t = dq_t = dz_t
/// (4)  dh_t(direct) = dh_t/2
/// Jacobian
/// (5)  ∂h_t/∂h_{t-1} = 1/2 I + diag(1/2 (1 - y_t²)) W_hh
/// </code>
/// Kept besides h: y.
/// <para>Memory: (5) has 1/2 I in it, whatever the input is: half of a gradient is left after a step.</para>
/// <para>Limits: the half is fixed, so it neither keeps for long nor forgets at once.</para>
/// </summary>
internal sealed class HalfCell : GatedCell
{
    public HalfCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(HalfCell), inputSize, hiddenSize, ["h"], bias, device, dtype)
    {
    }

    internal override int KeptParts => 1;

    internal override CellStep ForwardStep(StepValue p, StepValue[] before, StepWeights weights, Func<StepValue, StepValue>? tapCell = null)
    {
        var y = before[0].Product(weights.HiddenWeight!, plus: p).Tanh(); // [B, H] (1) (2)
        return new CellStep([(before[0] + y) * 0.5], y); // [B, H] (2)
    }

    internal override StepFlow BackwardStep(TapeFrame tape, StepValue dH, StepValue? dCFromFuture)
    {
        var half = dH * 0.5; // [B, H]
        var dZ = Term("half (3)", half) * TanhSlope("half (3)", tape.Kept[0]); // [B, H] (3)
        return new StepFlow(dZ, dZ, DHDirect: Term("half (4)", half)); // (3) (4)
    }

    internal override Tensor Jacobian(Tensor x, RecurrentState before)
    {
        var y = ForwardStep(ProjectInput(x), before, Weights()).Kept[0]; // [B, H] (1) (2)
        var identity = eye(HiddenSize, dtype: x.dtype, device: x.device); // [H, H]
        return Scaled(TanhSlope(y), weight_hh).Plus(identity).div(Scalars.Of(2L)); // [B, H, H] (5)
    }
}

/// <summary>A net of half-keeping cells, used as nn.RNN is. Equations in <see cref="HalfCell"/>.</summary>
internal sealed class HalfRnn : HiddenStateModule
{
    public HalfRnn(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null)
        : this(RecurrentLayout.Checked(inputSize, hiddenSize, numLayers, batchFirst, dropout, bidirectional), bias, device, dtype)
    {
    }

    private HalfRnn(RecurrentLayout layout, bool bias, Device? device, ScalarType? dtype)
        : base(nameof(HalfRnn), layout, [.. layout.Positions().Select(at => new HalfCell(layout.InputSizeOf(at.Layer), layout.HiddenSize, bias, device, dtype))])
    {
    }

    public override HalfRnn Clone() => Copied((layout, bias) => new HalfRnn(layout, bias, null, null));

    public static RecurrentNet Net { get; } =
        new("half", typeof(HalfCell), of => new HalfRnn(of.InputSize, of.HiddenSize, of.NumLayers, of.Bias, of.BatchFirst, of.Dropout, of.Bidirectional, of.Device, of.DType), ["default", "xavier", "orthogonal"]);
}
