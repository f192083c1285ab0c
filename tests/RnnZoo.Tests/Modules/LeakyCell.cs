using RnnZoo.Cells;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>
/// A user's own cell with a second state of another size, a child module, and buffers, one of them of another type:
/// s' = decay s + x V, h' = tanh(x W + h U + s' R).
/// </summary>
internal sealed class LeakyCell : RecurrentCell
{
    public const long Trace = 2;

    private readonly Parameter input;
    private readonly Parameter recurrent;
    private readonly Parameter trace;
    private readonly Linear mix;
    private readonly Tensor decay;
    private readonly Tensor closed;

    public LeakyCell(long inputSize, long hiddenSize, ScalarType dtype = ScalarType.Float64) : base(nameof(LeakyCell), inputSize, hiddenSize)
    {
        input = new Parameter(randn(inputSize, hiddenSize, dtype: dtype));
        recurrent = new Parameter(randn(hiddenSize, hiddenSize, dtype: dtype));
        trace = new Parameter(randn(inputSize, Trace, dtype: dtype));
        mix = nn.Linear(Trace, hiddenSize, hasBias: false, dtype: dtype);
        decay = full(1, 0.5, dtype: dtype); // [1]
        closed = zeros(1, dtype: ScalarType.Bool); // [1]
        RegisterComponents();
    }

    public override IReadOnlyList<long> StateSizes => [HiddenSize, Trace];

    public override RecurrentState Step(Tensor x, RecurrentState state)
    {
        var s = state[1].mul(decay).add(x.mm(trace)).masked_fill(closed, 0.0.ToScalar()); // [B, 2]
        var h = x.mm(input).add(state.Hidden.mm(recurrent)).add(mix.call(s)).tanh(); // [B, H]
        return new RecurrentState(h, s);
    }
}
