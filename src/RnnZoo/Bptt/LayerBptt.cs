using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// Backpropagation through time over one direction of one layer, in tensor operations: the loops over time, and what is
/// done for all steps at once. The calculus of a single step is the cell's: <c>ForwardStep</c> and
/// <see cref="EquationCell.BackwardStep"/>.
/// <code>
/// forward, for all t at once
/// (1)  p_t = W_ih x_t + b                             b: what of the two biases needs no state
/// backward, at each step, from the last to the first
/// (2)  dh_t = dh_t(output) + dh_t(future)             dh_T(future) = ∂L/∂h_n, and dc_T(future) = ∂L/∂c_n
/// (3)  dh_{t-1}(future) = W_hh' dq_t + dh_t(direct)   dq_t = ∂L/∂(W_hh h_{t-1} + b_hh)
/// backward, for all t at once
/// (4)  dx_t  = W_ih' dp_t                             dp_t = ∂L/∂p_t
/// (5)  dW_ih = Σ_t dp_t x_t'
/// (6)  dW_hh = Σ_t dq_t h_{t-1}'
/// (7)  db_ih = Σ_t dp_t
/// (8)  db_hh = Σ_t dq_t                               dp_t, dq_t in (4) to (8) as the cell says, where it normalises them
/// (9)  dh_0  = dh_0(future),  dc_0 = dc_0(future)
/// </code>
/// Source: P. Werbos, "Backpropagation through time: what it does and how to do it", 1990. Each of (4) to (8) is taken
/// after the loop, over the N rows of all steps at once.
/// </summary>
/// <remarks>
/// Any device and floating type. Nothing is done in place, so with the tape enabled the backward pass can itself be
/// differentiated.
/// </remarks>
internal sealed class LayerBptt(EquationCell cell)
{
    /// <summary>The cell.</summary>
    public EquationCell Cell => cell;

    private int StateParts => cell.StateSizes.Count;

    /// <summary>The forward pass.</summary>
    /// <param name="input">x [T, B, I]; packed rows [N, I] where there are sizes.</param>
    /// <param name="initial">h_0 [B, H], and c_0 for an LSTM.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="reversed">Whether the sequences are walked from their last step to step 0.</param>
    /// <param name="keepTape">Whether a backward pass may follow.</param>
    /// <param name="sizes">How many rows each step has; B if null.</param>
    /// <param name="noise">Recurrent dropout and zoneout; null for none.</param>
    /// <returns>The output, the final state and, if asked for, the tape; new tensors belong to the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public LayerRun Forward(Tensor input, RecurrentState initial, LayerWeights weights, bool reversed = false, bool keepTape = true, BatchSizes? sizes = null, StateNoise? noise = null)
    {
        noise ??= StateNoise.None;
        CheckForward(input, initial, weights, sizes);
        using var scope = NewDisposeScope();
        var rowSizes = sizes ?? BatchSizes.Even(input.size(0), input.size(1));
        var ready = cell.WithDerived(weights);
        var projected = cell.Project(input.Rows(), ready).Steps(rowSizes); // T × [n, G·H] (1)
        var states = Columns(keepTape ? StateParts : 1, projected.Length); // parts × T × [n, H]
        var kept = Columns(keepTape ? cell.KeptParts : 0, projected.Length); // kinds × T × [n, H]
        var made = Columns(keepTape && noise.HasZoneout ? StateParts : 0, projected.Length); // parts × T × [n, H]
        var walked = new WalkedRows([.. initial]);
        Tensor[]? state = null;
        for (var step = 0; step < projected.Length; step++)
        {
            var t = reversed ? projected.Length - 1 - step : step;
            state = walked.Fit(state, rowSizes[t]);
            using var stepScope = NewDisposeScope();
            var before = new RecurrentState(state);
            var (after, stepKept) = cell.ForwardStep(projected[t], before, noise.On(ready, rowSizes[t]));
            Put(made, t, made.Length > 0 ? [.. after.MoveToOuterDisposeScope()] : []);
            state = [.. noise.Blend(before, after, t).KeepFrom(stepScope)];
            Put(states, t, state);
            Put(kept, t, keepTape && stepKept.Length > 0 ? [.. new RecurrentState(stepKept).KeepFrom(stepScope)] : []);
        }

        var output = (sizes is null ? stack(states[0], 0) : cat(states[0], 0)).MoveToOuterDisposeScope(); // [T, B, H] or [N, H]
        Tensor[] joined = [output.Rows().MoveToOuterDisposeScope(), .. states.Skip(1).Concat(kept).Concat(made).Select(column => cat(column, 0).MoveToOuterDisposeScope())]; // [N, H] each
        var final = new RecurrentState(walked.End(state!)).MoveToOuterDisposeScope();
        var tape = keepTape ? new LayerTape(rowSizes, input, initial, weights, joined[..StateParts], joined[StateParts..(StateParts + cell.KeptParts)], reversed)
        {
            Noise = noise,
            Made = made.Length == 0 ? joined[..StateParts] : joined[^StateParts..],
        } : null;
        return new LayerRun(output, final, tape);
    }

    /// <summary>What <see cref="Forward"/> checks.</summary>
    /// <param name="input">[T, B, I], or packed rows [N, I].</param>
    /// <param name="initial">Parts [B, H].</param>
    /// <param name="weights">The weights.</param>
    /// <param name="sizes">The sizes of packed rows; else null.</param>
    /// <param name="forKernels">Whether token ids [T, B] or [N] and a state [1, B, H] will do as well.</param>
    public void CheckForward(Tensor input, RecurrentState initial, LayerWeights weights, BatchSizes? sizes, bool forKernels = false) =>
        LayerCheck.Forward(input, initial, weights, cell, sizes, forKernels);

    /// <summary>The backward pass.</summary>
    /// <param name="tape">What <see cref="Forward"/> kept.</param>
    /// <param name="cotangents">The gradients that come from outside.</param>
    /// <param name="wanted">What to compute.</param>
    /// <param name="norms">Takes the norms of the steps' gradients; null for none.</param>
    /// <returns>The gradients; new tensors that belong to the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public LayerGradients Backward(LayerTape tape, LayerCotangents cotangents, WantedGradients wanted = WantedGradients.All, StepNorms? norms = null)
    {
        LayerCheck.Backward(tape, cotangents, cell);
        using var scope = NewDisposeScope();
        var keepSteps = wanted.HasFlag(WantedGradients.Steps);
        return Gather(tape, WalkBack(tape, cotangents, keepSteps || norms is not null, norms?.Change), wanted, norms).MoveToOuterDisposeScope();
    }

    /// <summary>The gradients, by what the walk back has found.</summary>
    /// <param name="tape">What <see cref="Forward"/> kept.</param>
    /// <param name="walked">What was found at all steps, ∂L/∂h_0, ∂L/∂c_0, and the steps' gradients where they are wanted.</param>
    /// <param name="wanted">What to compute.</param>
    /// <param name="norms">Takes the norms of the steps' gradients; null for none.</param>
    public LayerGradients Gather(LayerTape tape, WalkedBack walked, WantedGradients wanted, StepNorms? norms)
    {
        var (walk, dHidden, dCell, steps, dInput) = walked;
        var seen = wanted.HasFlag(WantedGradients.HiddenWeight) || norms?.Shares is not null ? tape.Noise.Seen(tape.Before(part: 0)) : null; // [N, H]
        norms?.Take(steps!, tape.Sizes, walk.DRecurrent, seen);
        var (weights, initial) = (tape.Weights, wanted.HasFlag(WantedGradients.InitialState));
        return new LayerGradients(
            Input: Wanted(WantedGradients.Input, weights.InputWeight) is { } w
                ? (dInput ?? cell.Term("layer (4) dx", walk.DProduct).Times(w)).view(tape.Input.shape) // [T, B, I] or [N, I] (4)
                : null,
            InputWeight: Wanted(WantedGradients.InputWeight, tape.Input) is { } x
                ? cell.Term("layer (5) dW_ih", walk.DProduct).TransposedTimes(x.Rows()) // [G·H, I] (5)
                : null,
            HiddenWeight: Wanted(WantedGradients.HiddenWeight, weights.HiddenWeight) is not null
                ? cell.Term("layer (6) dW_hh", walk.DRecurrent).TransposedTimes(seen!) // [G·H, H] (6)
                : null,
            InputBias: Wanted(WantedGradients.InputBias, weights.InputBias) is null
                ? null
                : cell.Term("layer (7) db_ih", walk.ProjectedSums).sum(dim: 0), // [G·H] (7)
            HiddenBias: Wanted(WantedGradients.HiddenBias, weights.HiddenBias) is null
                ? null
                : cell.Term("layer (8) db_hh", cell.DHiddenBias(walk)).sum(dim: 0), // [G·H] (8)
            InitialHidden: initial ? cell.Term("layer (9) dh_0", dHidden) : null, // [B, H] (9)
            InitialCell: initial && dCell is not null ? cell.Term("layer (9) dc_0", dCell) : null, // [B, H] (9)
            Steps: wanted.HasFlag(WantedGradients.Steps) ? steps!.Map(part => AsGiven(part, tape.Input)) : null,
            Further: wanted.HasFlag(WantedGradients.Further) && weights.Further.Count > 0 ? cell.FurtherGradients(tape with { Input = tape.Input.Rows(), Weights = cell.WithDerived(weights) }, walk) : null);

        Tensor? Wanted(WantedGradients gradient, Tensor? operand) => wanted.HasFlag(gradient) ? operand : null;
    }

    /// <summary>The loop over time of the backward pass.</summary>
    private WalkedBack WalkBack(LayerTape tape, LayerCotangents cotangents, bool keepSteps, Func<int, bool, Tensor, Tensor>? change)
    {
        var ready = cell.WithDerived(tape.Weights);
        StepValue[] kept = cell.Prepared(new TensorValue(tape.Input.Rows()), [.. tape.Kept.Select(kind => new TensorValue(kind))], ready.Values());
        var frameAt = (tape with { Kept = Array.ConvertAll(kept, TensorValue.Of), Weights = ready }).Frames();
        var (sizes, noise) = (tape.Sizes, tape.Noise);
        var dOutput = cotangents.Output is { } given ? given.Rows() : zeros_like(tape.States[0]); // [N, H]
        var dHFromOutput = dOutput.Steps(sizes); // T × [n, H]
        Tensor?[] dFinal = [cotangents.FinalHidden, cotangents.FinalCell];
        var walked = new WalkedRows([.. tape.Initial.Select((part, index) => dFinal[index] ?? zeros_like(part))]); // [B, S]
        Tensor[]? dFuture = null; // parts × [n, H]
        var (dProjected, dRecurrent, dProduct, dSums) = (new Tensor[sizes.Steps], new Tensor[sizes.Steps], new Tensor?[sizes.Steps], new Tensor?[sizes.Steps]); // T × [n, G·H], T × [n, ·]
        var parts = Columns(keepSteps ? 1 + (2 * (StateParts - 1)) : 0, sizes.Steps); // parts × T × [n, H]
        var changed = Columns(change is null ? 0 : 1, sizes.Steps); // 1 × T × [n, H]
        for (var step = sizes.Steps - 1; step >= 0; step--)
        {
            var t = tape.Reversed ? sizes.Steps - 1 - step : step;
            dFuture = walked.Fit(dFuture, sizes[t]);
            var (dHFromFuture, dCFromFuture) = (dFuture[0], StateParts == 2 ? dFuture[1] : null); // [n, H]
            using var stepScope = NewDisposeScope();
            var dH = cell.Term("layer (2) from output", dHFromOutput[t]).Plus(cell.Term("layer (2) from future", dHFromFuture)); // [n, H] (2)
            var frame = frameAt(t);
            if (change is not null)
            {
                dH = change(t, false, dH);
                frame = frame with { ChangeCell = dC => new TensorValue(change(t, true, TensorValue.Of(dC))) };
                Put(changed, t, [dH.alias().MoveToOuterDisposeScope()]);
            }

            var (dHMade, dCMade) = (noise.Present(0, t, dH), dCFromFuture is null ? null : noise.Present(1, t, dCFromFuture)); // [n, H]
            var flow = cell.BackwardStep(frame, new TensorValue(dHMade), dCMade is null ? null : new TensorValue(dCMade));
            var (dP, dQ, dCFromHidden) = (TensorValue.Of(flow.DProjected), TensorValue.Of(flow.DRecurrent), Tensors(flow.DCFromHidden));
            var dHBefore = tape.Weights.HiddenWeight is { } weight ? cell.Term("layer (3) recurrent", dQ).Times(weight) : null; // [n, H] (3)
            dHBefore = dHBefore is null ? null : noise.Masked(dHBefore); // [n, H]
            dCFromHidden = ReferenceEquals(dCMade, dCFromFuture) ? dCFromHidden : dCFromHidden!.Plus(dCMade!).sub(dCFromFuture!); // [n, H]: with what comes from the future it is what the cell sees
            Put(parts, t, [dHFromFuture, dCFromHidden?.MoveToOuterDisposeScope(), dCFromFuture]);
            dProjected[t] = dP.MoveToOuterDisposeScope();
            dRecurrent[t] = flow.IsShared ? dProjected[t] : dQ.MoveToOuterDisposeScope();
            dProduct[t] = Tensors(flow.DProduct)?.MoveToOuterDisposeScope();
            dSums[t] = Tensors(flow.DSums)?.MoveToOuterDisposeScope();
            var dHPast = Sum(Tensors(flow.DHDirect), noise.Past(0, t, dH)); // [n, H]
            var dCPast = dCFromFuture is null ? null : Sum(Tensors(flow.DCBefore), noise.Past(1, t, dCFromFuture)); // [n, H]
            dHBefore = Sum(dHBefore, dHPast)!.MoveToOuterDisposeScope(); // [n, H] (3)
            dFuture = dCPast is null ? [dHBefore] : [dHBefore, dCPast.MoveToOuterDisposeScope()];
        }

        var dInitial = walked.End(dFuture!);
        var joinedProjected = cat(dProjected, 0); // [N, G·H]
        var joinedRecurrent = ReferenceEquals(dProjected[0], dRecurrent[0]) ? joinedProjected : cat(dRecurrent, 0); // [N, G·H]
        var (joinedProduct, joinedSums) = (dProduct[0] is null ? joinedProjected : cat(dProduct!, 0), dSums[0] is null ? null : cat(dSums!, 0)); // [N, ·]
        Tensor?[] joined = [.. parts.Select(column => cat(column, 0)), null, null]; // [N, H] each
        var dHOutput = change is null ? dOutput.alias() : keepSteps ? cat(changed[0], 0).sub(joined[0]!) : null; // [N, H]: a change counts to what came from the output
        var steps = keepSteps ? new StepGradients(dHOutput!, joined[0]!, joined[1], joined[2]) : null;
        return new WalkedBack(new BackwardWalk(joinedProjected, joinedRecurrent, joinedProduct, joinedSums), dInitial[0], dInitial.ElementAtOrDefault(1), steps);
    }

    private static Tensor? Tensors(StepValue? value) => value is null ? null : TensorValue.Of(value);

    private static Tensor? Sum(Tensor? first, Tensor? second) => first is null ? second : second is null ? first : first.Plus(second);

    // Rows [N, H] in the form in which the input was given: [T, B, H] or as they are.
    private static Tensor AsGiven(Tensor rows, Tensor input) => rows.view([.. input.shape[..^1], rows.shape[1]]);

    private static Tensor[][] Columns(int count, int steps) => [.. Enumerable.Range(0, count).Select(_ => new Tensor[steps])];

    private static void Put(Tensor[][] columns, int row, IReadOnlyList<Tensor?> values)
    {
        for (var column = 0; column < columns.Length; column++)
        {
            columns[column][row] = values[column]!;
        }
    }
}

/// <summary>What a forward pass over one direction of one layer makes.</summary>
/// <param name="Output">[T, B, H] h after every step; packed rows [N, H] for such input.</param>
/// <param name="Final">The state after the last step of the walk, each part [B, H].</param>
/// <param name="Tape">What the backward pass needs, or null if none was to be kept.</param>
internal sealed record LayerRun(Tensor Output, RecurrentState Final, LayerTape? Tape);

/// <summary>What a walk back through all steps finds.</summary>
/// <param name="Walk">What the steps sent on.</param>
/// <param name="DHidden">∂L/∂h_0 [B, H].</param>
/// <param name="DCell">∂L/∂c_0 [B, H]; null where there is no c.</param>
/// <param name="Steps">The gradients of the steps' states, rows [N, ·]; null where nobody asks.</param>
/// <param name="DInput">∂L/∂x [N, I] where it was found on the way.</param>
internal sealed record WalkedBack(BackwardWalk Walk, Tensor DHidden, Tensor? DCell, StepGradients? Steps, Tensor? DInput = null);

/// <summary>Argument checks of a layer's passes; they run before any native call.</summary>
internal static class LayerCheck
{
    // For kernels: they also take token ids [T, B] or [N] as input, and a state [1, B, H].
    public static void Forward(Tensor input, RecurrentState initial, LayerWeights weights, EquationCell cell, BatchSizes? sizes, bool forKernels)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(initial);
        ArgumentNullException.ThrowIfNull(weights);
        var (hidden, size, gates, hasHiddenWeight) = (weights.HiddenSize, weights.InputSize, cell.Gates.Count, cell.HasHiddenWeight);
        var tokens = forKernels && TokenInput.Is(input);
        if (tokens ? input.size(0) == 0 : input.Dimensions != (sizes is null ? 3 : 2) || input.size(0) == 0 || input.size(-1) != size)
        {
            throw new ArgumentException($"input: expected {(sizes is null ? "[T, B, I]" : "[N, I]")} with {(sizes is null ? "T" : "N")} above 0 and I = {size}, got {Check.Show(input.shape)}.");
        }

        if (sizes is not null && input.size(0) != sizes.Total)
        {
            throw new ArgumentException($"input: expected {sizes.Total} packed rows, as the batch sizes add up to, got {input.size(0)}.");
        }

        var like = tokens ? weights.InputWeight : input;
        if ((weights.HiddenWeight is null) == hasHiddenWeight)
        {
            throw new ArgumentException($"weights: expected {(hasHiddenWeight ? "a" : "no")} W_hh, got {(hasHiddenWeight ? "none" : "one")}; they are those of another cell.");
        }

        if (cell.HasHiddenBias && (weights.InputBias is null) != (weights.HiddenBias is null))
        {
            throw new ArgumentException("weights: expected both biases or none, got one; pass null for both to leave them out.");
        }

        Like(weights.InputWeight, "W_ih", [gates * hidden, size], like);
        Like(weights.HiddenWeight, "W_hh", [cell.RecurrentBlocks * hidden, hidden], like);
        Like(weights.InputBias, "b_ih", [gates * hidden], like);
        Like(weights.HiddenBias, "b_hh", cell.HasHiddenBias ? [cell.RecurrentBlocks * hidden] : [], like);
        var further = cell.FurtherShapes(hidden, weights.InputBias is not null);
        if (weights.Further.Count != further.Length)
        {
            throw new ArgumentException($"weights.Further: expected {further.Length} tensor(s){(further.Length == 0 ? "" : $" ({string.Join(", ", further.Select(item => item.Name))})")}, got {weights.Further.Count}.");
        }

        foreach (var (value, (name, shape)) in weights.Further.Zip(further))
        {
            Like(value, name, shape, like);
        }

        if (initial.Count != cell.StateSizes.Count)
        {
            throw new ArgumentException($"initial: expected {cell.StateSizes.Count} part(s), got {initial.Count}.");
        }

        for (var part = 0; part < initial.Count; part++)
        {
            var batch = sizes?.Batch ?? input.size(1);
            var width = cell.StateSizes[part];
            long[] shape = forKernels && initial[part].dim() == 3 ? [1, batch, width] : [batch, width];
            Like(initial[part], part == 0 ? "h_0" : "c_0", shape, like);
        }
    }

    public static void Backward(LayerTape tape, LayerCotangents cotangents, EquationCell cell)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(cotangents);
        var (stateParts, keptParts) = (cell.StateSizes.Count, cell.KeptParts);
        if (tape.States.Count != stateParts || tape.Kept.Count != keptParts)
        {
            throw new ArgumentException($"tape: expected {stateParts} state part(s) and {keptParts} kept tensor(s), got {tape.States.Count} and {tape.Kept.Count}; it comes from another cell.");
        }

        Cotangents([.. tape.Input.shape[..^1], tape.States[0].shape[1]], tape.Sizes.Batch, tape.States[0], cotangents, cell);
    }

    public static void Cotangents(long[] output, long batch, Tensor like, LayerCotangents cotangents, EquationCell cell)
    {
        if (!cell.HasCellState && cotangents.FinalCell is not null)
        {
            throw new ArgumentException("cotangents.FinalCell: expected null, for this layer has no c.");
        }

        Like(cotangents.Output, "cotangents.Output", output, like);
        Like(cotangents.FinalHidden, "cotangents.FinalHidden", [batch, output[^1]], like);
        Like(cotangents.FinalCell, "cotangents.FinalCell", cell.HasCellState ? [batch, cell.StateSizes[1]] : [], like);
    }

    private static void Like(Tensor? value, string name, long[] shape, Tensor input)
    {
        if (value is null)
        {
            return;
        }

        if (!Check.HasShape(value, shape))
        {
            throw new ArgumentException($"{name}: expected {Check.Show(shape)}, got {Check.Show(value.shape)}.");
        }

        if (value.dtype != input.dtype || value.device_type != input.device_type || value.device_index != input.device_index)
        {
            throw new ArgumentException($"{name}: expected dtype {input.dtype} on {input.device} as the input's, got {value.dtype} on {value.device}; convert it with .to(...).");
        }
    }
}
