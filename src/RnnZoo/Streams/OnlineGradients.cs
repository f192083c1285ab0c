using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>
/// How gradients go on where a chunk starts: what the state there owes to the parameters, ∂s/∂θ, is carried along with the state,
/// and what reaches the state on the way back goes to the parameters by it. Its memory does not depend on the streams' length.
/// </summary>
/// <remarks>
/// Inside a chunk gradients are those of BPTT either way. Where an optimizer changes the weights from chunk to chunk, ∂s/∂θ is by
/// the weights that made the state, as in every online method. A learned <see cref="TruncatedBpttOptions.InitialState"/> is not a
/// parameter of the net: gradients reach it within the chunk that starts from it.
/// </remarks>
public enum OnlineGradient
{
    /// <summary>
    /// What the state of each unit owes to the unit's own parameters: B numbers for each parameter, twice that for two numbers a unit. For
    /// the nets whose units see of the state themselves alone (indrnn, mingru, minlstm, lru, rg-lru) nothing is left out: one layer has the exact
    /// gradient. In a stack, and with an embedding, what a layer's state owes to the layers below it in chunks before is left
    /// out (N. Zucchet et al., "Online learning of long-range dependencies", 2023). For vanilla, lstm and gru it is SnAp-1, which leaves
    /// out what units owe to one another's parameters (J. Menick et al., "A practical sparse approximation for real time recurrent
    /// learning", 2020), here for the steps before the chunk alone.
    /// </summary>
    SnAp1,

    /// <summary>
    /// All of ∂s/∂θ: real-time recurrent learning (R. Williams and D. Zipser, "A learning algorithm for continually running fully recurrent
    /// neural networks", 1989), exact for every net of this library and any number of layers (but not through an embedding). It takes
    /// B numbers for each pair of a number of the state and a parameter, and a walk back for each number of the state: for small nets, as a reference.
    /// </summary>
    Rtrl,
}

/// <summary>The state that a chunk starts from, and what it owes to the parameters: tensors [B, ..], none without online gradients.</summary>
internal sealed record CarriedPast(RecurrentState State, IReadOnlyList<Tensor> Sensitivity) : IDisposable
{
    public void Dispose()
    {
        State.Dispose();
        foreach (var tensor in Sensitivity)
        {
            tensor.Dispose();
        }
    }
}

/// <summary>Carries what a module's state owes to its parameters.</summary>
internal abstract class OnlineSensitivity
{
    private readonly IRecurrentModule _module;
    private readonly NetworkBptt _bptt;
    private readonly Func<Tensor, Tensor>? _encode;

    private OnlineSensitivity(IRecurrentModule module, Func<Tensor, Tensor>? encode)
    {
        for (var layer = 0; layer < module.NumLayers; layer++)
        {
            var cell = module.CellAt(layer);
            if (cell is not EquationCell own || !Fits(own))
            {
                throw new NotSupportedException($"Online: expected {Wanted}, got a {cell.GetType().Name}.");
            }
        }

        var training = module is nn.Module { training: true };
        if ((training && module.Dropout > 0 && module.NumLayers > 1) || module.Noise is { Any: true })
        {
            throw new NotSupportedException("Online: expected a net without dropout and zoneout, whose steps are run a second time, got one that draws.");
        }

        (_module, _bptt, _encode) = (module, new NetworkBptt(module), encode);
    }

    /// <summary>What carries it for a module.</summary>
    /// <param name="online">How.</param>
    /// <param name="module">The module.</param>
    /// <param name="encode">From what <see cref="Advance"/> is given to what the module reads; null where they are one.</param>
    /// <exception cref="NotSupportedException">The module's cells, or its dropout, do not allow it.</exception>
    public static OnlineSensitivity Of(OnlineGradient online, IRecurrentModule module, Func<Tensor, Tensor>? encode = null) =>
        online == OnlineGradient.SnAp1 ? new OfUnits(module, encode) : new OfAll(module, encode);

    /// <summary>The same state, from which gradients go on to the parameters.</summary>
    /// <param name="state">Parts [L, B, S].</param>
    /// <param name="sensitivity">What it owes to the parameters.</param>
    /// <exception cref="InvalidOperationException">It is that of another net.</exception>
    public RecurrentState Attach(RecurrentState state, IReadOnlyList<Tensor> sensitivity)
    {
        var expected = Shapes(state[0].size(1));
        if (!expected.Select(Check.Show).SequenceEqual(sensitivity.Select(tensor => Check.Show(tensor.shape))))
        {
            throw new InvalidOperationException($"Online: expected the net that ran the chunk before, or one of its sizes, with ∂s/∂θ of shapes {Show(expected)}, got {Show(sensitivity.Select(tensor => tensor.shape))}.");
        }

        return Attached(state, sensitivity);
    }

    /// <summary>What the state after some steps owes to the parameters.</summary>
    /// <param name="input">The steps, T first.</param>
    /// <param name="state">The state before; null for zeros.</param>
    /// <param name="sensitivity">What that owes; null for nothing.</param>
    /// <exception cref="InvalidOperationException">It has grown beyond all numbers.</exception>
    public Tensor[] Advance(Tensor input, RecurrentState? state, IReadOnlyList<Tensor>? sensitivity)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        var dtype = ((nn.Module)_module).parameters().First().dtype;
        var x = _encode?.Invoke(input) ?? input; // [T, B, I] or [T, B]
        x = TokenInput.Is(x) ? TokenInput.OneHot(x, _module.InputSize, dtype) : x; // [T, B, I]
        var after = Advanced(x, state?.Detach() ?? _module.ZeroState(x.size(1)), sensitivity);
        if (after.Any(tensor => tensor.isfinite().all().item<bool>() is false))
        {
            throw new InvalidOperationException("Online: expected ∂s/∂θ to stay finite, got NaN or infinity: the recurrence explodes; bound its weights, or start it smaller.");
        }

        return Array.ConvertAll(after, tensor => tensor.MoveToOuterDisposeScope());
    }

    private protected abstract string Wanted { get; }

    private protected IRecurrentModule Module => _module;

    private protected NetworkBptt Bptt => _bptt;

    private protected abstract bool Fits(EquationCell cell);

    private protected abstract long[][] Shapes(long batch);

    private protected abstract RecurrentState Attached(RecurrentState state, IReadOnlyList<Tensor> sensitivity);

    private protected abstract Tensor[] Advanced(Tensor input, RecurrentState state, IReadOnlyList<Tensor>? sensitivity);

    // θ - θ: zeros through which gradients go to θ.
    private static Tensor Zero(Tensor parameter) => parameter.sub(parameter.detach());

    private static string Show(IEnumerable<long[]> shapes) => string.Join(" and ", shapes.Select(Check.Show));

    /// <summary>By unit: see <see cref="UnitSensitivity"/>. The layers' tensors one after the other.</summary>
    private sealed class OfUnits(IRecurrentModule module, Func<Tensor, Tensor>? encode) : OnlineSensitivity(module, encode)
    {
        private protected override string Wanted => "indrnn, mingru, minlstm, lru, rg-lru, vanilla, lstm or gru for SnAp1";

        private IEnumerable<EquationCell> Cells => Enumerable.Range(0, (int)Module.NumLayers).Select(layer => (EquationCell)Module.CellAt(layer));

        private protected override bool Fits(EquationCell cell) => UnitSensitivity.Fits(cell);

        private protected override long[][] Shapes(long batch) =>
            [.. Cells.SelectMany(cell => UnitSensitivity.Parameters(cell).Select(parameter => (long[])[batch, UnitSensitivity.NumbersOf(cell), .. parameter.shape]))];

        private protected override RecurrentState Attached(RecurrentState state, IReadOnlyList<Tensor> sensitivity)
        {
            var at = 0;
            var layers = Cells.Select((cell, layer) =>
            {
                var parameters = UnitSensitivity.Parameters(cell);
                var owed = Owed(cell, parameters, [.. sensitivity.Skip(at).Take(parameters.Count)]); // [B, U·H]
                at += parameters.Count;
                var unread = cell.StateSizes.Take(cell.UnreadParts).Sum();
                return nn.functional.pad(owed, [unread, 0]); // [B, S + …]
            }).ToArray();
            var parts = stack(layers, 0).split([.. Module.StateSizes], 2); // parts × [L, B, S]
            return new RecurrentState([.. state.Zip(parts, (part, owed) => part.Plus(owed))]);
        }

        private protected override Tensor[] Advanced(Tensor input, RecurrentState state, IReadOnlyList<Tensor>? sensitivity)
        {
            var run = Bptt.Forward(input, state);
            var (after, at) = (new List<Tensor>(), 0);
            foreach (var (cell, layer) in Cells.Zip(run.Layers))
            {
                var count = UnitSensitivity.Parameters(cell).Count;
                after.AddRange(UnitSensitivity.After(new LayerBptt(cell), layer.Tape!, sensitivity?.Skip(at).Take(count).ToArray()));
                at += count;
            }

            return [.. after];
        }

        // Zeros [B, U·H] with the gradients S.
        private static Tensor Owed(EquationCell cell, IReadOnlyList<Tensor> parameters, Tensor[] sensitivity)
        {
            var (batch, numbers, hidden) = (sensitivity[0].size(0), sensitivity[0].size(1), cell.HiddenSize);
            return parameters.Zip(sensitivity, (parameter, s) =>
            {
                var zero = Zero(parameter).view(-1, hidden, parameter.numel() / parameter.size(0)); // [G, H, ·]
                return s.view([batch, numbers, .. zero.shape]).mul(zero).sum([2, 4]).flatten(1); // [B, U·H]
            }).Aggregate((sum, next) => sum.Plus(next));
        }
    }

    /// <summary>Of all numbers of the state to all parameters: of each parameter [B, Σ L·S, P].</summary>
    private sealed class OfAll : OnlineSensitivity
    {
        private const long Most = 1 << 24;
        private readonly Dictionary<string, Tensor> _parameters;

        public OfAll(IRecurrentModule module, Func<Tensor, Tensor>? encode) : base(module, encode) =>
            _parameters = ((nn.Module)module).named_parameters().ToDictionary(item => item.name, item => (Tensor)item.parameter);

        private protected override string Wanted => "cells of this library for Rtrl";

        private long StateNumbers => Module.NumLayers * Module.StateSizes.Sum();

        private protected override bool Fits(EquationCell cell) => true;

        private protected override long[][] Shapes(long batch) => [.. _parameters.Values.Select(parameter => (long[])[batch, StateNumbers, parameter.numel()])];

        private protected override RecurrentState Attached(RecurrentState state, IReadOnlyList<Tensor> sensitivity)
        {
            var owed = _parameters.Values.Zip(sensitivity, (parameter, s) => s.flatten(0, 1).mv(Zero(parameter).flatten()).view(s.size(0), s.size(1))).Aggregate((sum, next) => sum.Plus(next)); // [B, Σ L·S]
            var parts = owed.split([.. state.Select(part => part.size(0) * part.size(2))], 1); // parts × [B, L·S]
            return new RecurrentState([.. state.Zip(parts, (part, own) => part.Plus(own.view(part.size(1), part.size(0), part.size(2)).transpose(0, 1)))]);
        }

        private protected override Tensor[] Advanced(Tensor input, RecurrentState state, IReadOnlyList<Tensor>? sensitivity)
        {
            var (batch, numbers) = (input.size(1), StateNumbers);
            var count = batch * numbers * _parameters.Values.Sum(parameter => parameter.numel());
            if (count > Most)
            {
                throw new NotSupportedException($"Online: expected at most {Most} numbers of ∂s/∂θ for Rtrl, got {count}, of {batch} sequences, {numbers} numbers of a state and {count / batch / numbers} parameters; take a smaller net, or SnAp1.");
            }

            var bySequence = Enumerable.Range(0, (int)batch).Select(sequence => OfSequence(input.narrow(1, sequence, 1), state.Map(part => part.narrow(1, sequence, 1)))).ToArray();
            var through = stack(bySequence.Select(of => of.Through), 0); // [B, Σ L·S, Σ L·S]
            return [.. _parameters.Keys.Select((name, index) =>
            {
                var inside = stack(bySequence.Select(of => of.Inside[name]), 0); // [B, Σ L·S, P]
                return sensitivity is null ? inside : inside.Plus(through.bmm(sensitivity[index]));
            })];
        }

        // How the numbers of the final state depend on those of the first one [Σ L·S, Σ L·S], and on the parameters within the steps [Σ L·S, P] each.
        private (Tensor Through, Dictionary<string, Tensor> Inside) OfSequence(Tensor input, RecurrentState state)
        {
            var run = Bptt.Forward(input, state);
            var rows = Enumerable.Range(0, (int)StateNumbers).Select(number =>
            {
                using var scope = NewDisposeScope();
                var flat = zeros(StateNumbers, dtype: input.dtype, device: input.device);
                flat[number] = ones([], dtype: input.dtype, device: input.device);
                var parts = flat.split([.. state.Select(part => part.numel())], 0);
                var found = Bptt.Backward(run, null, new RecurrentState([.. state.Zip(parts, (part, own) => own.view(part.shape))]));
                return (Through: cat([.. found.Initial.Select(part => part.flatten())], 0).MoveToOuterDisposeScope(),
                    Inside: _parameters.Keys.ToDictionary(name => name, name => found.Parameters[name].flatten().MoveToOuterDisposeScope()));
            }).ToArray();
            return (stack(rows.Select(row => row.Through), 0), _parameters.Keys.ToDictionary(name => name, name => stack(rows.Select(row => row.Inside[name]), 0)));
        }
    }
}
