using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>Walks a module step by step to see the states. The caller holds the dispose scope and no_grad.</summary>
internal static class JacobianWalk
{
    /// <summary>Checked arguments: the input as [T, B, I], and a state.</summary>
    public static (Tensor Steps, RecurrentState State) Prepare(IRecurrentModule module, Tensor input, RecurrentState? state)
    {
        var layout = new RecurrentLayout(module.InputSize, module.HiddenSize, module.NumLayers, module.BatchFirst, module.Dropout, module.NumDirections == 2);
        layout.CheckInput(input);
        Check.Like((nn.Module)module, input, nameof(input));
        if (layout.BatchOf(input) == 0)
        {
            throw new ArgumentException($"input: expected at least one sequence, got {Check.Show(input.shape)}.");
        }

        if (state is not null)
        {
            layout.CheckState(state, module.StateSizes, input);
        }

        return (module.BatchFirst ? input.transpose(0, 1) : input, state ?? module.ZeroState(layout.BatchOf(input)));
    }

    /// <summary>One layer and direction of a module's state: parts [B, S_part].</summary>
    public static RecurrentState StateAt(RecurrentState state, int index) => state.Map(part => part[index]);

    /// <summary>What a layer reads: the input, or what the layers below make of it.</summary>
    /// <returns>[T, B, I] or [T, B, D·H].</returns>
    public static Tensor InputOf(IRecurrentModule module, Tensor steps, RecurrentState state, int layer)
    {
        for (var below = 0; below < layer; below++)
        {
            var outputs = new Tensor[module.NumDirections]; // D × [T, B, H]
            for (var direction = 0; direction < outputs.Length; direction++)
            {
                var start = StateAt(state, (below * module.NumDirections) + direction);
                outputs[direction] = Output(module.CellAt(below, direction), steps, start, reversed: direction == 1);
            }

            steps = cat(outputs, 2); // [T, B, D·H]
        }

        return steps;
    }

    /// <summary>The state before each step.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="inputs">[T, B, I], in the order of the walk.</param>
    /// <param name="start">Parts [B, S_part].</param>
    /// <returns>Parts × [T, B, S_part].</returns>
    public static Tensor[] StatesBefore(RecurrentCell cell, Tensor inputs, RecurrentState start)
    {
        var states = new RecurrentState[inputs.shape[0]];
        Walk(cell, inputs, start, (step, before, _) => states[step] = before);
        return [.. Enumerable.Range(0, start.Count).Select(part => stack(states.Select(state => state[part]), 0))]; // [T, B, S_part]
    }

    private static Tensor Output(RecurrentCell cell, Tensor inputs, RecurrentState start, bool reversed)
    {
        var hidden = new Tensor[inputs.shape[0]]; // T × [B, H]
        Walk(cell, reversed ? inputs.flip(0) : inputs, start, (step, _, after) => hidden[step] = after.Hidden);
        var output = stack(hidden, 0); // [T, B, H]
        return reversed ? output.flip(0) : output; // [T, B, H]
    }

    private static void Walk(RecurrentCell cell, Tensor inputs, RecurrentState state, Action<int, RecurrentState, RecurrentState> see)
    {
        var projected = cell.ProjectInput(inputs).unbind(0); // T × [B, P]
        var advance = Unroller.StepOf(cell);
        for (var step = 0; step < projected.Length; step++)
        {
            using var scope = NewDisposeScope();
            var after = advance(projected[step], state).KeepFrom(scope);
            see(step, state, after);
            state = after;
        }
    }
}
