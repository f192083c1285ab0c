using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>Runs a recurrence over time, directions and layers.</summary>
internal static class Unroller
{
    /// <summary>Unrolls cells step by step on the tape; taps are made by a direction's place among the cells.</summary>
    public static RecurrentResult Run(RecurrentLayout layout, IReadOnlyList<RecurrentCell> cells, Tensor input, BatchSizes? sizes, RecurrentState state, bool training, Func<RecurrentState, StateNoise> draw, Func<int, StepTaps>? taps = null) =>
        Run(layout, input, state, training, (layer, direction, steps, start) =>
        {
            var index = (layer * layout.NumDirections) + direction;
            return RunDirection(cells[index], steps, sizes, start, reversed: direction == 1, draw(start), taps?.Invoke(index));
        });

    /// <summary>Joins directions and layers, whatever computes each of them.</summary>
    /// <param name="layout">Sizes and options.</param>
    /// <param name="input">[T, B, I], or packed rows [N, I].</param>
    /// <param name="state">Parts [L·D, B, S].</param>
    /// <param name="training">Whether dropout between layers is active.</param>
    /// <param name="run">Computes one direction of one layer: (layer, direction, input [T, B, ·] or [N, ·], start, parts [B, S]) → output [T, B, H] or [N, H], and the state after the last step of the walk.</param>
    /// <returns>Output [T, B, D·H] or [N, D·H], and the final state.</returns>
    public static RecurrentResult Run(RecurrentLayout layout, Tensor input, RecurrentState state, bool training, Func<int, int, Tensor, RecurrentState, RecurrentResult> run)
    {
        var initial = state.Select(part => part.unbind(0)).ToArray(); // parts × L·D × [B, S]
        var final = initial.Select(part => new Tensor[part.Length]).ToArray();
        foreach (var layer in Enumerable.Range(0, (int)layout.NumLayers))
        {
            var outputs = new Tensor[layout.NumDirections];
            for (var direction = 0; direction < layout.NumDirections; direction++)
            {
                var index = (layer * layout.NumDirections) + direction;
                var start = new RecurrentState(Array.ConvertAll(initial, part => part[index]));
                (outputs[direction], var end) = run(layer, direction, input, start);
                for (var part = 0; part < final.Length; part++)
                {
                    final[part][index] = end[part];
                }
            }

            input = outputs.Length == 1 ? outputs[0] : cat(outputs, -1); // [T, B, D·H] or [N, D·H]
            if (training && layout.Dropout > 0 && layer < layout.NumLayers - 1)
            {
                input = nn.functional.dropout(input, layout.Dropout, training: true);
            }
        }

        return new RecurrentResult(input, new RecurrentState(Array.ConvertAll(final, parts => stack(parts, 0)))); // [L·D, B, S]
    }

    private static RecurrentResult RunDirection(RecurrentCell cell, Tensor input, BatchSizes? sizes, RecurrentState state, bool reversed, StateNoise noise, StepTaps? taps)
    {
        var batch = sizes?.Batch ?? input.shape[1];
        var projected = cell.ProjectInput(sizes is null ? input : input.unsqueeze(0)); // [T, B, P], or [1, N, P]
        var steps = sizes is null ? projected.unbind(0) : projected.squeeze(0).Steps(sizes); // T × [n, P]
        var hidden = new Tensor[steps.Length]; // T × [n, H]
        var walked = new WalkedRows([.. state]);
        Tensor[]? carried = null;
        var weights = (cell as EquationCell)?.Weights();
        for (var step = 0; step < steps.Length; step++)
        {
            var t = reversed ? steps.Length - 1 - step : step;
            var rows = sizes?[t] ?? batch;
            state = new RecurrentState(walked.Fit(carried, rows));
            using var scope = NewDisposeScope();
            var (before, used) = (state, weights is null ? null : noise.On(weights, rows));
            state = taps is not null ? taps.Advance(cell, used, steps[t], state, step, t)
                : used is null ? cell.StepProjected(steps[t], state)
                : ((EquationCell)cell).ForwardStep(steps[t], state, used).After;
            if (step == 0 || weights is null)
            {
                CheckReturned(cell, state, rows);
            }

            state = noise.Blend(before, state, t);
            (hidden[t], state) = taps is null ? (state.Hidden, state) : taps.Fork(state, step, t);
            carried = [.. state.KeepFrom(scope)];
            if (scope.Contains(hidden[t]))
            {
                scope.MoveToOuter(hidden[t]);
            }
        }

        return new RecurrentResult(sizes is null ? stack(hidden, 0) : cat(hidden, 0), new RecurrentState(walked.End(carried!))); // [T, B, H] or [N, H]
    }

    /// <summary>The shape that a user's cell returned.</summary>
    private static void CheckReturned(RecurrentCell cell, RecurrentState? state, long batch)
    {
        if (state is null
            || state.Count != cell.StateSizes.Count
            || !state.Select((part, index) => part.shape.SequenceEqual([batch, cell.StateSizes[index]])).All(fits => fits))
        {
            var expected = string.Join(", ", cell.StateSizes.Select(size => Check.Show([batch, size])));
            var got = state is null ? "null" : string.Join(", ", state.Select(part => Check.Show(part.shape)));
            throw new InvalidOperationException($"{cell.GetType().Name}.Step: expected a state of shapes {expected}, got {got}.");
        }
    }
}
