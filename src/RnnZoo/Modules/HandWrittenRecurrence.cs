using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>The hand-written path of a module: its layers and directions, each one node on the tape.</summary>
internal sealed class HandWrittenRecurrence : IDisposable
{
    private readonly RecurrentLayout _layout;
    private readonly LayerBptt[] _equations;
    private readonly ILayerKernel[] _kernels;
    private readonly TapePool[] _tapes;
    private readonly BackwardFailures _failures;

    private HandWrittenRecurrence(RecurrentLayout layout, IEnumerable<EquationCell> cells, BackwardFailures failures)
    {
        (_layout, _failures) = (layout, failures);
        _equations = [.. cells.Select(cell => new LayerBptt(cell))];
        _kernels = Array.ConvertAll(_equations, ILayerKernel.Of);
        _tapes = Array.ConvertAll(_equations, _ => new TapePool());
    }

    /// <summary>Whether the weights are where the kernels can read them, so that sequences of usual sizes run on them.</summary>
    public bool HasKernels => _equations.All(equations => TensorMemory.Reads(equations.Cell.weight_ih));

    /// <summary>Whether usual sequences run on the kernels, as things stand.</summary>
    public bool RunsKernels => HasKernels && !IsPlanted && !EquationsOnly;

    /// <summary>Keeps the kernels out, so that the equations themselves can be verified where the kernels would run.</summary>
    public bool EquationsOnly { get; set; }

    /// <summary>The path of a module, or null if it has a cell that there are no equations for.</summary>
    public static HandWrittenRecurrence? For(RecurrentLayout layout, IReadOnlyList<RecurrentCell> cells, BackwardFailures failures) =>
        cells.All(cell => cell is EquationCell) ? new HandWrittenRecurrence(layout, cells.Cast<EquationCell>(), failures) : null;

    /// <summary>Lets a test put wrong terms into the equations, which then run in place of the kernels.</summary>
    public void Plant(TermHook? hook) => Array.ForEach(_equations, equations => equations.Cell.Hook = hook);

    /// <param name="input">[T, B, I], or token ids [T, B], each within I; packed rows [N, I] or ids [N] where there are sizes.</param>
    /// <param name="sizes">The sizes of packed rows, or null.</param>
    /// <param name="state">Parts [L·D, B, H].</param>
    /// <param name="training">Whether dropout between layers is active.</param>
    /// <param name="draw">Draws the noise of a direction of a layer.</param>
    /// <param name="recording">Where the backward pass writes norms, or null.</param>
    /// <returns>Output [T, B, D·H] or [N, D·H], and the final state.</returns>
    public RecurrentResult Run(Tensor input, BatchSizes? sizes, RecurrentState state, bool training, Func<RecurrentState, StateNoise> draw, NormRecording? recording)
    {
        if (!training && !is_grad_enabled())
        {
            Array.ForEach(_tapes, tapes => tapes.Clear()); // the training is over, or rests
        }

        if (_equations.Length == 1)
        {
            var result = RunDirection(0, 0, input, sizes, state, draw, recording);
            return result.State.Count == 1 ? result : result with { State = result.State.Map(part => part.clone()) }; // parts of one tensor until here, which detach_() refuses and in-place changes tie
        }

        return Unroller.Run(_layout, input, state, training, (layer, direction, steps, start) => RunDirection(layer, direction, steps, sizes, start, draw, recording));
    }

    /// <summary>Frees the memory that is kept for the next pass.</summary>
    public void Dispose() => Array.ForEach(_tapes, tapes => tapes.Close());

    private bool IsPlanted => _equations[0].Cell.Hook is not null;

    // The start and the final state are [B, H], or [1, B, H] where there is one direction of one layer.
    private RecurrentResult RunDirection(int layer, int direction, Tensor input, BatchSizes? sizes, RecurrentState start, Func<RecurrentState, StateNoise> draw, NormRecording? recording)
    {
        var index = (layer * _layout.NumDirections) + direction;
        var arguments = new LayerArguments(input, start, _equations[index].Cell.Weights()) { Sizes = sizes };
        var noise = draw(start);
        var kernel = noise.IsNone && !IsPlanted && !EquationsOnly && _kernels[index].CanRun(arguments) ? _kernels[index] : null;
        return LayerFunction.Run(new LayerCall(kernel, _tapes[index], _equations[index], reversed: direction == 1, sizes, noise, recording?[index]), arguments, _failures);
    }
}
