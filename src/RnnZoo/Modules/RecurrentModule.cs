using RnnZoo.Bptt;
using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>
/// The driver behind <see cref="VanillaRnn"/>, <see cref="Lstm"/>, <see cref="Gru"/> and <see cref="Recurrent"/>: cells
/// over T steps, L layers and D directions, with dropout between the layers.
/// </summary>
/// <remarks>
/// <para>Parameters are registered flat under PyTorch's keys: the cell's own name, <c>_l{layer}</c>, and <c>_reverse</c>
/// for the backward direction. They are freed from dispose scopes at construction, so a module may be made inside a
/// scope, and they live until the module is disposed.</para>
/// <para>Packed sequences are not supported. In training with dropout above 0 the paths draw different random numbers.</para>
/// </remarks>
/// <typeparam name="TState">The state as the drop-in takes it.</typeparam>
/// <typeparam name="TResult">The result as the drop-in returns it.</typeparam>
public abstract partial class RecurrentModule<TState, TResult> : nn.Module<Tensor, TState, TResult>, IRecurrentModule, INormSource, IHandWritten
{
    private readonly RecurrentLayout _layout;
    private readonly CellBindings _bindings;
    private readonly NativeRecurrence? _native;
    private readonly HandWrittenRecurrence? _handWritten;
    private BackwardPath _backward;
    private bool _disposed;

    private protected RecurrentModule(string name, RecurrentLayout layout, IReadOnlyList<RecurrentCell> cells, NativeRecurrence? native)
        : base(name)
    {
        _layout = layout;
        _native = native;
        _bindings = new CellBindings(layout, cells);
        _failures = new BackwardFailures(name);
        _handWritten = HandWrittenRecurrence.For(layout, cells, _failures);
        Register();
    }

    /// <inheritdoc/>
    public long InputSize => _layout.InputSize;

    /// <inheritdoc/>
    public long HiddenSize => _layout.HiddenSize;

    /// <inheritdoc/>
    public long NumLayers => _layout.NumLayers;

    /// <inheritdoc/>
    public int NumDirections => _layout.NumDirections;

    /// <inheritdoc/>
    public bool BatchFirst => _layout.BatchFirst;

    /// <inheritdoc/>
    public double Dropout => _layout.Dropout;

    /// <inheritdoc/>
    public IReadOnlyList<long> StateSizes => _bindings.Cells[0].StateSizes;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The path is unknown.</exception>
    /// <exception cref="NotSupportedException">
    /// The native path is asked of a module that libtorch does not have, or the hand-written path of a user's own cell.
    /// </exception>
    public BackwardPath Backward
    {
        get => _backward;
        set
        {
            CheckSeen(Check.Known(value, nameof(Backward)));
            if (value == BackwardPath.Native && !Supports(value))
            {
                throw new NotSupportedException($"Backward: {GetName()} has no native path, for libtorch has no such module{WhyNoNative}; use Auto or Autograd.");
            }

            if (!Supports(value))
            {
                var cell = _bindings.Cells.First(cell => cell is not EquationCell).GetType().Name;
                throw new NotSupportedException($"Backward: {GetName()} has no hand-written path, for there are no equations for its {cell}; use Auto or Autograd.");
            }

            _backward = value;
        }
    }

    /// <inheritdoc/>
    public BackwardPath EffectiveBackward => _backward switch
    {
        BackwardPath.Auto when _handWritten is { } path && (path.HasKernels || path.Observer is not null || _norms.Any) => BackwardPath.HandWritten,
        BackwardPath.Auto => _native is null || _norms.Any ? BackwardPath.Autograd : BackwardPath.Native,
        _ => _backward,
    };

    /// <summary>What about this module libtorch lacks, for the message.</summary>
    private protected virtual string WhyNoNative => "";

    /// <inheritdoc/>
    public bool Supports(BackwardPath path) => Check.Known(path, nameof(path)) switch
    {
        BackwardPath.Native => _native is not null,
        BackwardPath.HandWritten => _handWritten is not null,
        _ => true,
    };

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is no such layer or direction.</exception>
    public RecurrentCell CellAt(int layer, int direction = 0)
    {
        if (layer < 0 || layer >= NumLayers || direction < 0 || direction >= NumDirections)
        {
            throw new ArgumentException($"layer, direction: expected layer below {NumLayers} and direction below {NumDirections}, got {layer} and {direction}.");
        }

        return _bindings.Cells[(layer * NumDirections) + direction];
    }

    /// <inheritdoc/>
    public RecurrentState ZeroState(long batch)
    {
        var parameter = parameters().FirstOrDefault();
        return Zeros(batch, parameter?.dtype ?? get_default_dtype(), parameter?.device ?? CPU);
    }

    /// <inheritdoc/>
    public abstract RecurrentResult Run(Tensor input, RecurrentState? state = null);

    /// <summary>Nothing: there are no flat weights to restore. Kept so that code written for torch.nn compiles.</summary>
    public void flatten_parameters()
    {
    }

    /// <summary>Copies a state dict in, after checking that every shape is exactly the module's own.</summary>
    /// <param name="source">Tensors under PyTorch's keys, as from nn.RNN, nn.LSTM or nn.GRU.</param>
    /// <param name="strict">Whether the keys must be exactly the module's own.</param>
    /// <param name="skip">Keys to leave alone.</param>
    /// <returns>The missing and the unexpected keys.</returns>
    /// <exception cref="ArgumentException">A shape differs; the message names the key.</exception>
    /// <remarks>A parent's <c>load_state_dict</c> does not come here: it copies by itself, and broadcasts.</remarks>
    public override (IList<string>, IList<string>) load_state_dict(Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
    {
        Check.StateDict(this, source, skip);
        return base.load_state_dict(source, strict, skip);
    }

    /// <summary>Checks, runs the chosen path, and leaves only the results in the caller's dispose scope.</summary>
    private protected RecurrentResult Forward(Tensor input, RecurrentState? state)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ThrowIfFailed();
        var like = CheckInput(input);
        if (state is not null)
        {
            Check.SequenceState(state, StateSizes, _layout, input, like);
        }

        _bindings.Verify(this, _native);
        using var scope = NewDisposeScope();
        state ??= Zeros(_layout.BatchOf(input), like.dtype, like.device);

        // Native modules differ in whether they take an empty batch; the cells always do.
        var path = EffectiveBackward == BackwardPath.Native && _layout.BatchOf(input) == 0 ? BackwardPath.Autograd : EffectiveBackward;
        if (path != BackwardPath.HandWritten && TokenInput.Is(input))
        {
            input = TokenInput.OneHot(input, InputSize, like.dtype); // [T, B, I]
        }

        var result = path == BackwardPath.Native ? _native!.Forward(input, state, training) : ByCells(path, input, state);
        result.Output.MoveToOuterDisposeScope();
        result.State.KeepFrom(scope);
        return result;
    }

    /// <summary>Nothing: the parameters are registered at construction.</summary>
    protected override void RegisterComponents()
    {
    }

    /// <summary>Disposes the parameters, the cells and the native module.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _native?.Dispose();
            _handWritten?.Dispose();
            _bindings.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <returns>A tensor of the element type and device that the net computes in.</returns>
    private Tensor CheckInput(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (!TokenInput.Is(input) || parameters().FirstOrDefault() is not { } parameter)
        {
            Check.SequenceInput(input, _layout);
            Check.Like(this, input, nameof(input));
            return input;
        }

        Check.Tokens(input, _layout, parameter);
        return parameter;
    }

    private RecurrentResult ByCells(BackwardPath path, Tensor input, RecurrentState state)
    {
        _bindings.SetTraining(training);
        if (training)
        {
            _bindings.BeginTraining();
        }

        var recording = _norms.Begin(_bindings.Cells, input.size(BatchFirst ? 1 : 0));
        var steps = BatchFirst ? input.transpose(0, 1) : input; // [T, B, I]
        var result = path == BackwardPath.HandWritten
            ? _handWritten!.Run(steps, state, training, recording)
            : Unroller.Run(_layout, _bindings.Cells, steps, state, training, recording is null ? null : index => new StepTaps(recording[index], _failures));
        return BatchFirst ? result with { Output = result.Output.transpose(0, 1) } : result; // [B, T, D·H]
    }

    private RecurrentState Zeros(long batch, ScalarType dtype, Device device) =>
        new([.. StateSizes.Select(size => zeros(NumLayers * NumDirections, batch, size, dtype: dtype, device: device))]); // [L·D, B, S]
}
