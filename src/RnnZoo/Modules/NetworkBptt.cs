using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// Backpropagation through time over a whole module, layers and directions joined, with no tape of autograd's: the way
/// to look at every gradient that the hand-written path finds.
/// <code>
/// using var scope = torch.NewDisposeScope();
/// var bptt = new NetworkBptt(lstm);
/// var run = bptt.Forward(x);
/// var gradients = bptt.Backward(run, dOutput);
/// var norms = gradients.Steps[0].H().norm(2, [1, 2]); // [T]: ‖∂L/∂h_t‖
/// </code>
/// </summary>
/// <remarks>All results are new tensors that belong to the caller's dispose scope.</remarks>
public sealed class NetworkBptt
{
    private readonly IRecurrentModule _module;
    private readonly LayerBptt[] _equations;

    /// <summary>The equations of a module's cells, on its parameters.</summary>
    /// <param name="module">A module of cells of this library.</param>
    /// <exception cref="NotSupportedException">A cell is a user's own.</exception>
    public NetworkBptt(IRecurrentModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        _module = module;
        _equations = [.. Positions().Select(at => module.CellAt(at.Layer, at.Direction)).Select(cell => cell is EquationCell own
            ? new LayerBptt(own)
            : throw new NotSupportedException($"module: expected cells of this library, got {cell.GetType().Name}; its gradient comes from the Autograd path."))];
    }

    /// <summary>The forward pass, with dropout and recurrent dropout if the module is in training, and zoneout if it has any.</summary>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first.</param>
    /// <param name="state">Parts [L·D, B, H]; zeros if null.</param>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public NetworkRun Forward(Tensor input, RecurrentState? state = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Dimensions != 3)
        {
            throw new ArgumentException($"input: expected three dimensions, got {Check.Show(input.shape)}.");
        }

        using var noTape = no_grad();
        state ??= _module.ZeroState(input.shape[_module.BatchFirst ? 0 : 1]);
        var active = _module is nn.Module { training: true } ? _module.Dropout : 0;
        var (layers, masks) = (new List<LayerRun>(), new List<Tensor?>());
        var x = _module.BatchFirst ? input.transpose(0, 1) : input; // [T, B, I]
        for (var layer = 0; layer < _module.NumLayers; layer++)
        {
            LayerRun[] runs = [.. Enumerable.Range(0, _module.NumDirections).Select(direction => RunLayer(layer, direction, x, state))];
            layers.AddRange(runs);
            x = Join([.. runs.Select(run => run.Output)]); // [T, B, D·H]
            masks.Add(active > 0 && layer < _module.NumLayers - 1 ? nn.functional.dropout(ones_like(x), active, training: true) : null); // [T, B, D·H]
            x = masks[layer] is { } mask ? x.mul(mask) : x; // [T, B, D·H]
        }

        Tensor[] final = [.. Enumerable.Range(0, state.Count).Select(part => stack(layers.Select(run => run.Final[part]), 0))]; // [L·D, B, H]
        return new NetworkRun(_module.BatchFirst ? x.transpose(0, 1) : x, new RecurrentState(final)) { Layers = layers, DropoutMasks = masks };
    }

    /// <summary>The backward pass.</summary>
    /// <param name="run">What <see cref="Forward"/> made.</param>
    /// <param name="dOutput">∂L/∂output, of the output's shape; null for zero.</param>
    /// <param name="dFinal">∂L/∂h_n, and ∂L/∂c_n of an LSTM, each [L·D, B, H]; null for zero.</param>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit; the message names it.</exception>
    public NetworkGradients Backward(NetworkRun run, Tensor? dOutput, RecurrentState? dFinal = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        using var noTape = no_grad();
        var gradients = new LayerGradients[_equations.Length];
        var above = dOutput is null ? zeros_like(run.Output) : dOutput;
        above = _module.BatchFirst ? above.transpose(0, 1) : above; // [T, B, D·H]
        for (var layer = (int)_module.NumLayers - 1; layer >= 0; layer--)
        {
            above = run.DropoutMasks[layer] is { } mask ? above.mul(mask) : above; // [T, B, D·H]
            var parts = above.chunk(_module.NumDirections, 2); // D × [T, B, H]
            for (var direction = 0; direction < _module.NumDirections; direction++)
            {
                var index = Index(layer, direction);
                var cotangents = new LayerCotangents(parts[direction], dFinal?.Hidden[index], dFinal is { Count: > 1 } ? dFinal.Cell[index] : null);
                gradients[index] = _equations[index].Backward(run.Layers[index].Tape!, cotangents);
            }

            above = Enumerable.Range(0, _module.NumDirections).Select(direction => gradients[Index(layer, direction)].Input!).Aggregate((a, b) => a.Plus(b)); // [T, B, ·]
        }

        return new NetworkGradients(_module.BatchFirst ? above.transpose(0, 1) : above, Initial(gradients), ByKey(gradients), Steps(gradients));
    }

    private LayerRun RunLayer(int layer, int direction, Tensor x, RecurrentState state)
    {
        var index = Index(layer, direction);
        var start = state.Map(part => part[index]);
        return _equations[index].Forward(x, start, _equations[index].Cell.Weights(), reversed: direction == 1, noise: _module.DrawNoise(BatchSizes.Even(x.size(0), x.size(1)), start));
    }

    private static RecurrentState Initial(LayerGradients[] gradients)
    {
        var hidden = stack(gradients.Select(layer => layer.InitialHidden!), 0); // [L·D, B, H]
        return gradients[0].InitialCell is null
            ? new RecurrentState(hidden)
            : new RecurrentState(hidden, stack(gradients.Select(layer => layer.InitialCell!), 0)); // [L·D, B, H]
    }

    private Dictionary<string, Tensor> ByKey(LayerGradients[] gradients)
    {
        var byKey = new Dictionary<string, Tensor>();
        foreach (var (layer, direction) in Positions())
        {
            var (of, suffix) = (gradients[Index(layer, direction)], RecurrentLayout.KeySuffix(layer, direction));
            var cell = _equations[Index(layer, direction)].Cell;
            (string, Tensor?)[] named =
            [
                ("weight_ih", of.InputWeight), ("bias_ih", of.InputBias), ("bias_hh", of.HiddenBias),
                .. of.HiddenWeight is { } hidden ? [cell.ParameterGradient(hidden)] : Array.Empty<(string, Tensor?)>(),
                .. cell.FurtherNames.Zip(of.Further ?? []),
            ];
            foreach (var (name, gradient) in named)
            {
                if (gradient is not null)
                {
                    byKey[name + suffix] = gradient;
                }
            }
        }

        return byKey;
    }

    private StepGradients[] Steps(LayerGradients[] gradients) =>
        [.. Positions().Select(at => gradients[Index(at.Layer, at.Direction)].Steps! with { Layer = at.Layer, Direction = at.Direction })];

    private static Tensor Join(Tensor[] directions) => directions.Length == 1 ? directions[0] : cat(directions, 2); // [T, B, D·H]

    private int Index(int layer, int direction) => (layer * _module.NumDirections) + direction;

    private IEnumerable<(int Layer, int Direction)> Positions() =>
        from layer in Enumerable.Range(0, (int)_module.NumLayers)
        from direction in Enumerable.Range(0, _module.NumDirections)
        select (layer, direction);
}

/// <summary>What a forward pass of <see cref="NetworkBptt"/> makes.</summary>
/// <param name="Output">[T, B, D·H], or [B, T, D·H] where batch comes first.</param>
/// <param name="Final">The final state, each part [L·D, B, H].</param>
public sealed record NetworkRun(Tensor Output, RecurrentState Final)
{
    /// <summary>Every direction of every layer, in PyTorch's order.</summary>
    internal IReadOnlyList<LayerRun> Layers { get; init; } = [];

    /// <summary>What each layer's output was multiplied with on its way up [T, B, D·H]; null without active dropout.</summary>
    internal IReadOnlyList<Tensor?> DropoutMasks { get; init; } = [];
}

/// <summary>What a backward pass of <see cref="NetworkBptt"/> makes.</summary>
/// <param name="Input">∂L/∂input, of the input's shape.</param>
/// <param name="Initial">∂L/∂h_0, and ∂L/∂c_0 of an LSTM, each [L·D, B, H].</param>
/// <param name="Parameters">∂L/∂parameter under the module's keys (<c>weight_ih_l0</c> …).</param>
/// <param name="Steps">∂L/∂h_t and ∂L/∂c_t of every direction of every layer.</param>
public sealed record NetworkGradients(Tensor Input, RecurrentState Initial, IReadOnlyDictionary<string, Tensor> Parameters, IReadOnlyList<StepGradients> Steps);
