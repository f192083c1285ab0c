using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// How the state of every unit depends on the unit's own parameters, carried forward in time, for one layer and each sequence:
/// one number for each parameter and each number of the unit's state.
/// <code>
/// (1)  S_t = D_t S_{t-1} + I_t                    D_t: the block of unit i in ∂s_t/∂s_{t-1};   I_t: ∂s^i_t/∂θ^i within the step
/// (2)  S_T = R_0 S_0 + Σ_t R_t I_t,   R_t = D_T D_{T-1} … D_{t+1}
/// (3)  ∂L/∂θ^i = Σ_sequences ∂L/∂s^i_0 S_0        what a later loss adds for the steps before
/// </code>
/// Where units see of the state themselves alone, D_t is all of the Jacobian, and (2) is real-time recurrent learning
/// (R. Williams and D. Zipser, "A learning algorithm for continually running fully recurrent neural networks", 1989) in the
/// form of N. Zucchet et al., "Online learning of long-range dependencies", 2023. For others it is SnAp-1 (J. Menick et al.,
/// "A practical sparse approximation for real time recurrent learning", 2020), which leaves out what reaches other units.
/// </summary>
/// <remarks>
/// D_t and I_t both come from the cell's own step back, taken for all steps at once: with 1 for ∂L/∂s^i_t it gives D_t, with R_t
/// the terms of (2). That needs a step in which a unit's parameters act on the unit alone.
/// </remarks>
internal sealed class UnitSensitivity
{
    private readonly LayerBptt _layer;
    private readonly LayerTape _tape;
    private readonly int _units;
    private readonly (long Steps, long Batch, long Hidden) _sizes;
    private readonly TapeFrame _frame;

    private UnitSensitivity(LayerBptt layer, LayerTape tape)
    {
        (_layer, _tape, _units) = (layer, tape, NumbersOf(layer.Cell));
        _sizes = (tape.Sizes.Steps, tape.Sizes.Batch, layer.Cell.HiddenSize);
        var ready = layer.Cell.WithDerived(tape.Weights).Values();
        _tape = tape with { KeptBefore = [.. Enumerable.Range(0, tape.States.Count).Select(tape.Before)] }; // parts [N, S]
        var kept = layer.Cell.Prepared(new TensorValue(tape.Input.Rows()), Values(tape.Kept), ready);
        _frame = new TapeFrame(Values(_tape.KeptBefore), Values(tape.Made), kept, ready);
    }

    private EquationCell Cell => _layer.Cell;

    /// <summary>Whether the parameters of a unit act, within a step, on the unit alone.</summary>
    public static bool Fits(EquationCell cell) => IsExact(cell) || cell is VanillaRnnCell or LstmCell or GruCell;

    /// <summary>Whether units see of the state themselves alone, so that nothing is left out.</summary>
    public static bool IsExact(EquationCell cell) => !cell.HasHiddenWeight;

    /// <summary>The parameters, as the equations read them.</summary>
    public static IReadOnlyList<Tensor> Parameters(EquationCell cell)
    {
        var weights = cell.Weights();
        return [.. new[] { weights.InputWeight, weights.HiddenWeight, weights.InputBias, weights.HiddenBias }.OfType<Tensor>(), .. weights.Further];
    }

    /// <summary>How many numbers of a state a unit has that steps read.</summary>
    public static int NumbersOf(EquationCell cell) => (int)(cell.StateSizes.Skip(cell.UnreadParts).Sum() / cell.HiddenSize);

    /// <summary>S at the end of a sequence.</summary>
    /// <param name="layer">The layer's equations.</param>
    /// <param name="tape">What the forward pass over the sequences kept; all of one length, without noise.</param>
    /// <param name="before">S at their start, one tensor [B, U, ..] for each of <see cref="Parameters"/>, U for <see cref="NumbersOf"/>; null for zeros.</param>
    /// <returns>S of the same shapes; new tensors of the caller's dispose scope.</returns>
    public static Tensor[] After(LayerBptt layer, LayerTape tape, IReadOnlyList<Tensor>? before)
    {
        using var scope = NewDisposeScope();
        var steps = new UnitSensitivity(layer, tape);
        var (reach, start) = steps.Reach();
        var inside = steps.Inside(reach); // [B, U, ..] each
        for (var parameter = 0; before is not null && parameter < inside.Length; parameter++)
        {
            inside[parameter].add_(steps.Through(start, before[parameter]), Scalars.One); // (2)
        }

        return Array.ConvertAll(inside, tensor => tensor.MoveToOuterDisposeScope());
    }

    // R_t of all steps, [T, U, U, B, H], and R_0 [U, U, B, H].
    private (Tensor All, Tensor Start) Reach()
    {
        var one = ones_like(_tape.States[0]); // [N, H]
        var own = stack(Enumerable.Range(0, _units).Select(number => Own(Back([.. Enumerable.Range(0, _units).Select(other => other == number ? one : zeros_like(one))]))), 0); // [U, N, U, H]: D
        own = own.view(_units, _sizes.Steps, _sizes.Batch, _units, _sizes.Hidden).permute(1, 0, 3, 2, 4); // [T, U, U, B, H]
        var reach = new Tensor[_sizes.Steps];
        var product = eye(_units, dtype: one.dtype, device: one.device).view(_units, _units, 1, 1).expand(_units, _units, _sizes.Batch, _sizes.Hidden); // [U, U, B, H]
        for (var t = reach.Length - 1; t >= 0; t--)
        {
            reach[t] = product;
            product = product.unsqueeze(2).mul(own[t].unsqueeze(0)).sum(1); // [U, U, B, H]: R_{t-1} = R_t D_t
        }

        return (stack(reach, 0), product);
    }

    // The sum of (2): one tensor [B, U, ..] a parameter.
    private Tensor[] Inside(Tensor reach)
    {
        var byNumber = Enumerable.Range(0, _units).Select(number =>
        {
            using var scope = NewDisposeScope(); // what sequences give is as large as S
            var flow = Back([.. reach.select(1, number).unbind(1).Select(part => part.flatten(0, 1))]); // [N, H] each
            var (dP, dQ) = (TensorValue.Of(flow.DProjected), TensorValue.Of(flow.DRecurrent)); // [N, G·H]
            var walk = new BackwardWalk(dP, dQ, flow.DProduct is null ? dP : TensorValue.Of(flow.DProduct), flow.DSums is null ? null : TensorValue.Of(flow.DSums));
            var bySequence = Enumerable.Range(0, (int)_sizes.Batch).Select(sequence => OfSequence(walk, sequence)).ToArray();
            return bySequence[0].Select((_, parameter) => stack(bySequence.Select(of => of[parameter]), 0).MoveToOuterDisposeScope()).ToArray(); // [B, ..] each
        }).ToArray();
        return [.. byNumber[0].Select((_, parameter) => stack(byNumber.Select(of => of[parameter]), 1))]; // [B, U, ..] each
    }

    // R_0 S_0: of each unit, by its rows of the parameter.
    private Tensor Through(Tensor start, Tensor before)
    {
        using var scope = NewDisposeScope();
        var (batch, hidden) = (_sizes.Batch, _sizes.Hidden);
        var rows = before.view(batch, 1, _units, before.size(2) / hidden, hidden, -1); // [B, 1, U, G, H, ·]
        return start.permute(2, 0, 1, 3).view(batch, _units, _units, 1, hidden, 1).mul(rows).sum(2).view(before.shape).MoveToOuterDisposeScope(); // [B, U, ..]
    }

    // One step back for all rows at once, from gradients of the numbers of each unit's state.
    private StepFlow Back(Tensor[] dNumbers)
    {
        var zero = zeros_like(_tape.States[0]); // [N, H]
        Tensor[] numbers = [.. Enumerable.Repeat(zero, Cell.UnreadParts), .. dNumbers]; // [N, H] each
        return Cell.BackwardStep(_frame, new TensorValue(numbers[0]), Cell.HasCellState ? new TensorValue(cat(numbers[1..], 1)) : null);
    }

    // What reaches the numbers of each unit's state before the step [N, U, H], past the weights and through the unit's own.
    private Tensor Own(StepFlow flow)
    {
        var before = new List<Tensor>();
        if (Cell.UnreadParts == 0)
        {
            var direct = flow.DHDirect is null ? zeros_like(_tape.States[0]) : TensorValue.Of(flow.DHDirect); // [N, H]
            if (_tape.Weights.HiddenWeight is { } weight)
            {
                var diagonals = weight.view(-1, _sizes.Hidden, _sizes.Hidden).diagonal(0, 1, 2); // [G, H]
                direct = direct.Plus(TensorValue.Of(flow.DRecurrent).view(-1, diagonals.size(0), _sizes.Hidden).mul(diagonals).sum(1)); // [N, H]
            }

            before.Add(direct);
        }

        if (flow.DCBefore is { } dC)
        {
            before.AddRange(TensorValue.Of(dC).split(_sizes.Hidden, 1)); // [N, H] each
        }

        return stack(before, 1); // [N, U, H]
    }

    private Tensor[] OfSequence(BackwardWalk walk, int sequence)
    {
        var dP = Rows(walk.DProjected);
        var own = new BackwardWalk(dP, ReferenceEquals(walk.DRecurrent, walk.DProjected) ? dP : Rows(walk.DRecurrent), ReferenceEquals(walk.DProduct, walk.DProjected) ? dP : Rows(walk.DProduct), walk.DSums is null ? null : Rows(walk.DSums));
        var tape = _tape with
        {
            Sizes = BatchSizes.Even(_sizes.Steps, 1),
            Input = Rows(_tape.Input.Rows()), // [T, I]
            States = [.. _tape.States.Select(Rows)],
            Kept = [.. _tape.Kept.Select(Rows)],
            Made = [.. _tape.Made.Select(Rows)],
            KeptBefore = [.. _tape.KeptBefore!.Select(Rows)],
        };
        var found = _layer.Gather(tape, new WalkedBack(own, dP, null, null), WantedGradients.Parameters, norms: null);
        return [.. new[] { found.InputWeight, found.HiddenWeight, found.InputBias, found.HiddenBias }.OfType<Tensor>(), .. found.Further ?? []];

        Tensor Rows(Tensor all) => all.view(_sizes.Steps, _sizes.Batch, all.size(1)).select(1, sequence); // [T, ·]
    }

    private static StepValue[] Values(IEnumerable<Tensor> tensors) => [.. tensors.Select(tensor => new TensorValue(tensor))];
}
