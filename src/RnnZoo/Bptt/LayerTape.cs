using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>What the forward pass over one direction of one layer leaves for the backward pass.</summary>
/// <param name="Input">x [T, B, I], as it was given.</param>
/// <param name="Initial">h_0 [B, H], and c_0 for an LSTM, as they were given.</param>
/// <param name="Weights">The weights, as they were given.</param>
/// <param name="States">Each part of the state after every step, [T, B, H]; the first is the layer's output.</param>
/// <param name="Kept">What else the cell keeps of every step, [T, B, ·]; see the cell's equations.</param>
/// <param name="Reversed">Whether the sequence is walked from T - 1 to 0.</param>
public sealed record LayerTape(Tensor Input, RecurrentState Initial, LayerWeights Weights, IReadOnlyList<Tensor> States, IReadOnlyList<Tensor> Kept, bool Reversed)
{
    /// <summary>T.</summary>
    public long Steps => Input.shape[0];

    /// <summary>The row of the input that a step of the walk reads.</summary>
    /// <param name="step">0 for the first step of the walk.</param>
    public long TimeOf(long step) => Reversed ? Steps - 1 - step : step;
}
