using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>The weights of one direction of one layer, G gates stacked in PyTorch's order.</summary>
/// <param name="InputWeight">W_ih [G·H, I].</param>
/// <param name="HiddenWeight">W_hh [G·H, H]; null for a cell whose gates do not see the state.</param>
/// <param name="InputBias">b_ih [G·H], or null.</param>
/// <param name="HiddenBias">b_hh [G·H], or null; where there is a W_hh, the biases are null together.</param>
internal sealed record LayerWeights(Tensor InputWeight, Tensor? HiddenWeight, Tensor? InputBias = null, Tensor? HiddenBias = null)
{
    /// <summary>H; to be set where there is no W_hh to read it from.</summary>
    public long HiddenSize { get; init; } = HiddenWeight?.size(-1) ?? InputWeight.size(0);

    /// <summary>I.</summary>
    public long InputSize => InputWeight.size(1);

    /// <summary>What else the cell has, in the order that its equations give.</summary>
    public IReadOnlyList<Tensor> Further { get; init; } = [];

    /// <summary>b_ih + b_hh [G·H], or null.</summary>
    public Tensor? BothBiases() => InputBias is { } input && HiddenBias is { } hidden ? input.add(hidden) : InputBias; // [G·H]

    /// <summary>W_ih x + b of every row at once.</summary>
    /// <param name="input">[T, B, I] or [B, I].</param>
    /// <param name="bias">[G·H], or null.</param>
    /// <returns>[T, B, G·H] or [B, G·H].</returns>
    public Tensor InputProduct(Tensor input, Tensor? bias)
    {
        long[] leading = input.shape[..^1];
        var rows = input.reshape(leading.Aggregate(1L, (product, size) => product * size), InputSize); // [T·B, I]
        var weight = InputWeight.t(); // [I, G·H]
        var product = bias is null ? rows.mm(weight) : bias.addmm(rows, weight); // [T·B, G·H]
        return product.view([.. leading, InputWeight.size(0)]); // [T, B, G·H]
    }
}

/// <summary>What the forward pass over one direction of one layer leaves for the backward pass.</summary>
/// <param name="Input">x [T, B, I], as it was given.</param>
/// <param name="Initial">h_0 [B, H], and c_0 for an LSTM, as they were given.</param>
/// <param name="Weights">The weights, as they were given.</param>
/// <param name="States">Each part of the state after every step, [T, B, H]; the first is the layer's output.</param>
/// <param name="Kept">What else the cell keeps of every step, [T, B, ·]; see the cell's equations.</param>
/// <param name="Reversed">Whether the sequence is walked from T - 1 to 0.</param>
internal sealed record LayerTape(Tensor Input, RecurrentState Initial, LayerWeights Weights, IReadOnlyList<Tensor> States, IReadOnlyList<Tensor> Kept, bool Reversed)
{
    /// <summary>T.</summary>
    public long Steps => Input.shape[0];

    /// <summary>The row of the input that a step of the walk reads.</summary>
    /// <param name="step">0 for the first step of the walk.</param>
    public long TimeOf(long step) => Reversed ? Steps - 1 - step : step;

    /// <summary>A part of the state before each step [T, B, H], in the row of the step.</summary>
    public Tensor Before(int part)
    {
        var (states, first) = (States[part], Initial[part].unsqueeze(0)); // [T, B, H], [1, B, H]
        return Reversed
            ? cat([states.narrow(0, 1, Steps - 1), first], 0) // [T, B, H]
            : cat([first, states.narrow(0, 0, Steps - 1)], 0); // [T, B, H]
    }

    /// <summary>The tape, cut into steps of the walk.</summary>
    /// <returns>The frame of a step, 0 for the first of the walk.</returns>
    public Func<long, TapeFrame> Frames()
    {
        Tensor[][] states = [.. States.Select(part => part.unbind(0))]; // parts × T × [B, H]
        Tensor[][] kept = [.. Kept.Select(kind => kind.unbind(0))]; // kinds × T × [B, ·]
        return step => new TapeFrame(After(step - 1), After(step), Array.ConvertAll(kept, kind => kind[TimeOf(step)]), Weights);

        RecurrentState After(long step) => step < 0 ? Initial : new RecurrentState(Array.ConvertAll(states, part => part[TimeOf(step)]));
    }
}

/// <summary>One step of a tape: the states around it and what the cell kept, all [B, ·], and the weights.</summary>
internal sealed record TapeFrame(RecurrentState Before, RecurrentState After, Tensor[] Kept, LayerWeights Weights);

/// <summary>What one step of the backward pass sends on.</summary>
/// <param name="DProjected">dp_t [B, G·H].</param>
/// <param name="DRecurrent">dq_t [B, G·H]; the same object as dp_t where the two are equal.</param>
/// <param name="DHDirect">What reaches h_{t-1} past the weights [B, H], if anything.</param>
/// <param name="DCBefore">dc_{t-1}(future) [B, H]; null without a c.</param>
/// <param name="DCFromHidden">What reached c_t through h_t [B, H]; null without a c.</param>
/// <param name="DFurther">What the gradients of the cell's further parameters are made of [B, ·]; null if it has none.</param>
internal sealed record StepFlow(Tensor DProjected, Tensor DRecurrent, Tensor? DHDirect = null, Tensor? DCBefore = null, Tensor? DCFromHidden = null, Tensor? DFurther = null)
{
    /// <summary>Whether dp_t and dq_t are one tensor.</summary>
    public bool IsShared => ReferenceEquals(DProjected, DRecurrent);
}

/// <summary>What the walk back found at all steps: the parts of <see cref="StepFlow"/>, [T, B, ·].</summary>
internal sealed record BackwardWalk(Tensor DProjected, Tensor DRecurrent, Tensor? DFurther);

/// <summary>Sees a named term of a backward equation and returns what is to stand in its place: the tests' way to plant errors.</summary>
internal delegate Tensor TermHook(string term, Tensor value);
