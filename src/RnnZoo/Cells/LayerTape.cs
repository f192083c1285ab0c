using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>The weights of one direction of one layer, G gates stacked in PyTorch's order.</summary>
/// <param name="InputWeight">W_ih [G·H, I].</param>
/// <param name="HiddenWeight">W_hh [G·H, H], of fewer blocks where not every gate sees the state; null where none does.</param>
/// <param name="InputBias">b_ih [G·H], or null.</param>
/// <param name="HiddenBias">b_hh, of as many blocks as W_hh, or null; in a cell that has both biases, they are null together.</param>
internal sealed record LayerWeights(Tensor InputWeight, Tensor? HiddenWeight, Tensor? InputBias = null, Tensor? HiddenBias = null)
{
    /// <summary>H; to be set where there is no W_hh to read it from.</summary>
    public long HiddenSize { get; init; } = HiddenWeight?.size(-1) ?? InputWeight.size(0);

    /// <summary>I.</summary>
    public long InputSize => InputWeight.size(1);

    /// <summary>What else the cell has, in the order that its equations give.</summary>
    public IReadOnlyList<Tensor> Further { get; init; } = [];

    /// <summary>What is made of the weights alone, once for all steps; see <see cref="EquationCell.Derive"/>.</summary>
    public IReadOnlyList<Tensor> Derived { get; init; } = [];

    /// <summary>What recurrent dropout multiplies h_{t-1} with before the product [n, H]; null for nothing.</summary>
    public Tensor? RecurrentMask { get; init; }

    /// <summary>The weights as a step reads them.</summary>
    public StepWeights Values()
    {
        return new StepWeights(new TensorValue(InputWeight), Value(HiddenWeight), Value(InputBias), Value(HiddenBias), [.. Further.Select(further => new TensorValue(further))])
        {
            Derived = [.. Derived.Select(derived => new TensorValue(derived))],
            RecurrentMask = Value(RecurrentMask),
        };

        static TensorValue? Value(Tensor? tensor) => tensor is null ? null : new TensorValue(tensor);
    }
}

/// <summary>What the forward pass over one direction of one layer leaves for the backward pass: packed rows, N over all steps.</summary>
/// <param name="Sizes">How many rows each step has; B for each of T steps where all sequences are of one length.</param>
/// <param name="Input">x [N, I], as it was given.</param>
/// <param name="Initial">h_0 [B, H], and c_0 for an LSTM, as they were given.</param>
/// <param name="Weights">The weights, as they were given.</param>
/// <param name="States">Each part of the state after every step, [N, H]; the first is the layer's output.</param>
/// <param name="Kept">What else the cell keeps of every step, [N, ·]; see the cell's equations.</param>
/// <param name="Reversed">Whether the sequences are walked from their last step to step 0.</param>
internal sealed record LayerTape(BatchSizes Sizes, Tensor Input, RecurrentState Initial, LayerWeights Weights, IReadOnlyList<Tensor> States, IReadOnlyList<Tensor> Kept, bool Reversed)
{
    /// <summary>What was drawn for the pass.</summary>
    public StateNoise Noise { get; init; } = StateNoise.None;

    /// <summary>What the cell made of each part at every step [N, H]: the states, where zoneout kept nothing of the steps before.</summary>
    public IReadOnlyList<Tensor> Made { get; init; } = States;

    /// <summary>Each part of the state before every step [N, H], where it was kept; else null.</summary>
    public IReadOnlyList<Tensor>? KeptBefore { get; init; }

    /// <summary>A part of the state before each step [N, H], in the row of the step.</summary>
    public Tensor Before(int part) => KeptBefore?[part] ?? cat([.. Befores([part]).Select(parts => parts[0])], 0);

    /// <summary>The tape, cut into steps.</summary>
    /// <returns>The frame of time step t.</returns>
    public Func<int, TapeFrame> Frames()
    {
        var before = Befores([.. Enumerable.Range(0, States.Count)]); // T × parts × [n, H]
        Tensor[][] after = [.. Made.Select(part => part.Steps(Sizes))]; // parts × T × [n, H]
        Tensor[][] kept = [.. Kept.Select(kind => kind.Steps(Sizes))]; // kinds × T × [n, ·]
        var weights = Weights.Values();
        return t => new TapeFrame(Values(before[t]), Values(Array.ConvertAll(after, part => part[t])), Values(Array.ConvertAll(kept, kind => kind[t])), weights);

        static StepValue[] Values(Tensor[] tensors) => Array.ConvertAll(tensors, tensor => new TensorValue(tensor));
    }

    // What the walk carried into each step, T × parts × [n, H].
    private Tensor[][] Befores(int[] parts)
    {
        Tensor[][] states = [.. parts.Select(part => States[part].Steps(Sizes))]; // parts × T × [n, H]
        var (walked, befores) = (new WalkedRows(Array.ConvertAll(parts, part => Initial[part])), new Tensor[Sizes.Steps][]);
        Tensor[]? carried = null;
        for (var step = 0; step < Sizes.Steps; step++)
        {
            var t = Reversed ? Sizes.Steps - 1 - step : step;
            befores[t] = walked.Fit(carried, Sizes[t]);
            carried = Array.ConvertAll(states, part => part[t]);
        }

        return befores;
    }
}

/// <summary>
/// What a walk over packed sequences carries from step to step, by parts [n, ·] of the sequences that have the step: the state
/// forwards, its gradient back. Sequences begin and end on the way; the longest stand first.
/// </summary>
/// <param name="start">What each sequence brings to its first step of the walk, parts [B, ·].</param>
internal sealed class WalkedRows(Tensor[] start)
{
    private readonly Stack<Tensor[]> _ended = [];

    /// <summary>Makes what is carried fit the rows of a step.</summary>
    /// <param name="carried">Parts of the step before; null before the first step.</param>
    /// <param name="rows">n, of the step.</param>
    public Tensor[] Fit(Tensor[]? carried, long rows)
    {
        var before = carried is null ? 0 : carried[0].size(0);
        if (carried is null || before < rows)
        {
            Tensor[] begun = Cut(start, before, rows - before);
            return carried is null ? begun : [.. carried.Zip(begun, (part, more) => cat([part, more], 0))];
        }

        if (before == rows)
        {
            return carried;
        }

        _ended.Push(Cut(carried, rows, before - rows));
        return Cut(carried, 0, rows);
    }

    /// <summary>What each sequence carries away from its last step, parts [B, ·].</summary>
    public Tensor[] End(Tensor[] carried) =>
        _ended.Count == 0 ? carried : [.. carried.Select((part, index) => cat([part, .. _ended.Select(ended => ended[index])], 0))];

    private static Tensor[] Cut(Tensor[] parts, long from, long count) =>
        from == 0 && count == parts[0].size(0) ? parts : Array.ConvertAll(parts, part => part.narrow(0, from, count));
}

/// <summary>Packed rows, by steps.</summary>
internal static class PackedRows
{
    /// <summary>The rows [N, ·] of a sequence [T, B, ·], or packed rows as they are.</summary>
    public static Tensor Rows(this Tensor sequence) => sequence.Dimensions == 3 ? sequence.flatten(0, 1) : sequence;

    /// <summary>Cuts rows [N, ·] into steps.</summary>
    /// <returns>T × [n, ·], views.</returns>
    public static Tensor[] Steps(this Tensor rows, BatchSizes sizes) => rows.split([.. Enumerable.Range(0, sizes.Steps).Select(t => (long)sizes[t])], 0);
}

/// <summary>One step of a tape: the state before it, what the cell made of it and kept, all [n, ·] for n rows, and the weights.</summary>
internal sealed record TapeFrame(StepValue[] Before, StepValue[] After, StepValue[] Kept, StepWeights Weights)
{
    /// <summary>What a hook does to dc_t in full before it goes on; null for nothing.</summary>
    public Func<StepValue, StepValue>? ChangeCell { get; init; }

    /// <summary>dc_t as it goes on, and its part that came through h_t; a change counts to that.</summary>
    public (StepValue DC, StepValue DCFromHidden) GoesOn(StepValue dC, StepValue dCFromHidden, StepValue dCFromFuture)
    {
        if (ChangeCell is null)
        {
            return (dC, dCFromHidden);
        }

        dC = ChangeCell(dC);
        return (dC, dC - dCFromFuture);
    }
}

/// <summary>What one step of the backward pass sends on.</summary>
/// <param name="DProjected">dp_t [B, G·H].</param>
/// <param name="DRecurrent">dq_t [B, G·H]; the same object as dp_t where the two are equal.</param>
/// <param name="DHDirect">What reaches h_{t-1} past the weights [B, H], if anything.</param>
/// <param name="DCBefore">dc_{t-1}(future) [B, H]; null without a c.</param>
/// <param name="DCFromHidden">What reached c_t through h_t [B, H]; null without a c.</param>
/// <param name="DProduct">∂L/∂(W_ih x_t) [B, G·H], of a cell that does more to its input than to add a bias; null where it is dp_t.</param>
/// <param name="DSums">What gives gradients of further parameters when it is summed over all steps and sequences [B, ·]; null for nothing.</param>
internal sealed record StepFlow(StepValue DProjected, StepValue DRecurrent, StepValue? DHDirect = null, StepValue? DCBefore = null, StepValue? DCFromHidden = null, StepValue? DProduct = null, StepValue? DSums = null)
{
    /// <summary>Whether dp_t and dq_t are one value.</summary>
    public bool IsShared => ReferenceEquals(DProjected, DRecurrent);
}

/// <summary>What the walk back found at all steps: the parts of <see cref="StepFlow"/>, [N, ·]; of the sums as many rows as there are to be added.</summary>
internal sealed record BackwardWalk(Tensor DProjected, Tensor DRecurrent, Tensor DProduct, Tensor? DSums)
{
    /// <summary>Rows that add up to what those of dp_t do: fewer, where the walk has added up already.</summary>
    public Tensor ProjectedSums { get; init; } = DProjected;

    /// <summary>The same of dq_t.</summary>
    public Tensor RecurrentSums { get; init; } = DRecurrent;

    /// <summary>The sums over all steps and sequences, cut into vectors.</summary>
    public Tensor[] Sums(params long[] sizes) => DSums!.sum(dim: 0).split(sizes, 0);
}

/// <summary>Sees a named term of a backward equation and returns what is to stand in its place: the tests' way to plant errors.</summary>
internal delegate Tensor TermHook(string term, Tensor value);
