using RnnZoo.Bptt;
using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>The hand-written path of a module: its layers and directions, each one node on the tape.</summary>
internal sealed class HandWrittenRecurrence : IDisposable
{
    private readonly RecurrentLayout _layout;
    private readonly IReadOnlyList<RecurrentCell> _cells;
    private readonly ILayerKernel?[] _kernels;
    private readonly TapePool[] _tapes;
    private readonly BackwardFailures _failures;
    private LayerBptt[] _equations;
    private bool _planted;

    private HandWrittenRecurrence(RecurrentLayout layout, IReadOnlyList<RecurrentCell> cells, BackwardFailures failures)
    {
        (_layout, _cells, _failures) = (layout, cells, failures);
        _equations = [.. cells.Select(LayerBptt.For)];
        _kernels = [.. cells.Select(KernelFor)];
        _tapes = [.. cells.Select(_ => new TapePool())];
    }

    /// <summary>Is given the gradients of every step during the backward pass.</summary>
    public Action<LayerStepGradients>? Observer { get; set; }

    /// <summary>Whether the weights are where the kernels can read them, so that sequences of usual sizes run on them.</summary>
    public bool HasKernels => _kernels.All(kernel => kernel is not null) && _cells.All(cell => KernelEngine.Reads(((EquationCell)cell).weight_ih));

    /// <summary>Whether usual sequences run on the kernels, as things stand.</summary>
    public bool RunsKernels => HasKernels && !_planted && !EquationsOnly;

    /// <summary>Keeps the kernels out, so that the equations themselves can be verified where the kernels would run.</summary>
    public bool EquationsOnly { get; set; }

    /// <summary>The path of a module, or null if it has a cell that there are no equations for.</summary>
    public static HandWrittenRecurrence? For(RecurrentLayout layout, IReadOnlyList<RecurrentCell> cells, BackwardFailures failures) =>
        cells.All(cell => cell is EquationCell) ? new HandWrittenRecurrence(layout, cells, failures) : null;

    /// <summary>Lets a test put wrong terms into the equations, which then run in place of the kernels.</summary>
    public void Plant(TermHook? hook) => (_equations, _planted) = ([.. _cells.Select(cell => LayerBptt.For(cell, hook))], hook is not null);

    /// <param name="input">[T, B, I], or token ids [T, B], each within I.</param>
    /// <param name="state">Parts [L·D, B, H].</param>
    /// <param name="training">Whether dropout between layers is active.</param>
    /// <param name="recording">Where the backward pass writes norms, or null.</param>
    /// <returns>Output [T, B, D·H] and the final state.</returns>
    public RecurrentResult Run(Tensor input, RecurrentState state, bool training, NormRecording? recording)
    {
        if (!training && !is_grad_enabled())
        {
            Array.ForEach(_tapes, tapes => tapes.Clear()); // the training is over, or rests
        }

        return _cells.Count == 1
            ? RunDirection(0, 0, input, state, recording)
            : Unroller.Run(_layout, input, state, training, (layer, direction, steps, start) => RunDirection(layer, direction, steps, start, recording));
    }

    /// <summary>Frees the memory that is kept for the next pass.</summary>
    public void Dispose() => Array.ForEach(_tapes, tapes => tapes.Close());

    /// <summary>The kernels of a cell, or null if it has equations alone.</summary>
    internal static ILayerKernel? KernelFor(RecurrentCell cell) => cell switch
    {
        ElmanCell or LstmCell or GruCell or OrthogonalCell => KernelEngine.For((EquationCell)cell),
        MinGruCell => new MinGruEngine(),
        _ => null,
    };

    // The start and the final state are [B, H], or [1, B, H] where there is one direction of one layer.
    private RecurrentResult RunDirection(int layer, int direction, Tensor input, RecurrentState start, NormRecording? recording)
    {
        var index = (layer * _layout.NumDirections) + direction;
        var arguments = new LayerArguments(input, start, LayerWeights.Of((EquationCell)_cells[index]));
        var observer = Observer is { } observe ? (Action<StepGradients>)(steps => observe(new LayerStepGradients(layer, direction, steps))) : null;
        var kernel = observer is null && !_planted && !EquationsOnly && _kernels[index] is { } own && own.CanRun(arguments) ? own : null;
        return LayerFunction.Run(new LayerCall(kernel, _tapes[index], _equations[index], reversed: direction == 1, observer, recording?[index]), arguments, _failures);
    }
}
