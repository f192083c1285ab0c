using System.Runtime.CompilerServices;
using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Kernels;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace RnnZoo.Modules;

/// <summary>
/// The driver behind <see cref="VanillaRnn"/>, <see cref="Lstm"/>, <see cref="Gru"/> and <see cref="Recurrent"/>: cells
/// over T steps, L layers and D directions, with dropout between the layers.
/// </summary>
/// <remarks>
/// <para>Parameters are registered flat under PyTorch's keys: the cell's own name, <c>_l{layer}</c>, and <c>_reverse</c>
/// for the backward direction. They are freed from dispose scopes at construction, so a module may be made inside a
/// scope, and they live until the module is disposed.</para>
/// <para>In training with dropout above 0 the paths draw different random numbers.</para>
/// </remarks>
/// <typeparam name="TState">The state as the drop-in takes it.</typeparam>
/// <typeparam name="TResult">The result as the drop-in returns it.</typeparam>
[Display.TypeFormatterSource(typeof(Display.TableFormatters))]
public abstract partial class RecurrentModule<TState, TResult> : nn.Module<Tensor, TState, TResult>, IRecurrentModule, Display.ITable
{
    private readonly RecurrentLayout _layout;
    private readonly CellBindings _bindings;
    private readonly NativeRecurrence? _native;
    private readonly HandWrittenRecurrence? _handWritten;
    private readonly NormObservers _norms = new();
    private readonly BackwardFailures _failures;
    private readonly NoiseOptions _noise;
    private readonly LengthsPast _lengths = new();
    private BackwardPath _backward;
    private bool _disposed;

    private protected RecurrentModule(string name, RecurrentLayout layout, IReadOnlyList<RecurrentCell> cells, NativeRecurrence? native)
        : base(name)
    {
        _layout = layout;
        _native = native;
        _bindings = new CellBindings(layout, cells);
        _noise = new NoiseOptions(name, cells);
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

    /// <summary>
    /// The probability with which an element of h_{t-1} is hidden from the recurrent product in training; it is drawn once a
    /// call, for all its steps (variational dropout; Y. Gal and Z. Ghahramani, 2016). A chunk, or a segment of exact BPTT, is a call.
    /// </summary>
    /// <exception cref="ArgumentException">It is outside [0, 1].</exception>
    /// <exception cref="NotSupportedException">Above 0, and the path is Native, or the net has no recurrent product of its own, or is of a user's cells.</exception>
    public double RecurrentDropout
    {
        get => _noise.RecurrentDropout;
        set => _noise.RecurrentDropout = CheckNoNative(value, nameof(RecurrentDropout));
    }

    /// <summary>
    /// The probability with which an element of h keeps its value of the step before, in training; in evaluation h is the
    /// mean of the old and the new one with this weight (D. Krueger et al., "Zoneout", 2017).
    /// </summary>
    /// <exception cref="ArgumentException">It is outside [0, 1].</exception>
    /// <exception cref="NotSupportedException">Above 0, and the path is Native.</exception>
    public double Zoneout
    {
        get => _noise.Zoneout;
        set => _noise.Zoneout = CheckNoNative(value, nameof(Zoneout));
    }

    /// <summary>The same for c, which h then does not see kept; the paper has 0.5 for c and 0.05 for h.</summary>
    /// <exception cref="ArgumentException">It is outside [0, 1].</exception>
    /// <exception cref="NotSupportedException">Above 0, and the path is Native, or the state has no c.</exception>
    public double CellZoneout
    {
        get => _noise.CellZoneout;
        set => _noise.CellZoneout = CheckNoNative(value, nameof(CellZoneout));
    }

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
            if (Check.Known(value, nameof(Backward)) == BackwardPath.Native && _norms.NeedSteps)
            {
                throw new NotSupportedException($"Backward: expected Auto, Autograd or HandWritten while gradients of {GetName()} are traced, got Native, which shows no gradient of a step; detach the trace first.");
            }

            if (value == BackwardPath.Native && _noise.Any)
            {
                throw new NotSupportedException($"Backward: expected Auto, Autograd or HandWritten while {GetName()} has recurrent dropout or zoneout, got Native, which has neither.");
            }

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
        BackwardPath.Auto when _handWritten is { } path && (path.HasKernels || _norms.NeedSteps) => BackwardPath.HandWritten,
        BackwardPath.Auto => _native is null || _norms.NeedSteps || _noise.Any ? BackwardPath.Autograd : BackwardPath.Native,
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

    NormObservers? IRecurrentModule.Norms => _norms;

    NoiseOptions? IRecurrentModule.Noise => _noise;

    HandWrittenRecurrence? IRecurrentModule.HandWritten => _handWritten;

    StateNoise IRecurrentModule.DrawNoise(BatchSizes sizes, RecurrentState state) => _noise.Draw(training, sizes, state);

    /// <summary>The hand-written path, for tests that plant errors in it.</summary>
    internal HandWrittenRecurrence? HandWritten => _handWritten;

    /// <inheritdoc/>
    /// <exception cref="BackwardFailedException">A backward pass of this module failed since the last call.</exception>
    public void ThrowIfFailed() => _failures.ThrowIfFailed();

    /// <inheritdoc/>
    [OverloadResolutionPriority(1)] // so that null is a state
    public abstract RecurrentResult Run(Tensor input, RecurrentState? state = null);

    /// <inheritdoc/>
    public abstract RecurrentResult Run(Tensor input, Tensor lengths, RecurrentState? state = null);

    /// <inheritdoc cref="IRecurrentModule.Stepper"/>
    public Stepper Stepper(int batch = 1) => new(this, model: null, batch);

    /// <inheritdoc cref="IRecurrentModule.Clone"/>
    public abstract RecurrentModule<TState, TResult> Clone();

    IRecurrentModule IRecurrentModule.Clone() => Clone();

    /// <summary>Runs a sequence, hooks included, which see its input and state.</summary>
    private protected TResult Call(Tensor input, TState state, Tensor? lengths)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _lengths.With(lengths, () => call(input, state));
    }

    /// <summary>What <see cref="Clone"/> returns, by what makes an untrained module: (layout, whether there are biases) → module.</summary>
    private protected T Copied<T>(Func<RecurrentLayout, bool, T> make) where T : RecurrentModule<TState, TResult>
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var copy = ModuleCopy.Of((T)this, () => make(_layout, _bindings.Cells[0] is EquationCell { bias_ih: not null }));
        copy.Backward = _backward;
        copy._noise.Take(_noise);
        return copy;
    }

    /// <summary>Checks, runs the chosen path, and leaves only the results in the caller's dispose scope.</summary>
    private protected RecurrentResult Forward(Tensor input, RecurrentState? state)
    {
        Begin();
        var lengths = _lengths.Take();
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        TokenInput.CheckType(input);
        var isUnbatched = input.Dimensions == (TokenInput.Is(input) ? 1 : 2);
        if (isUnbatched)
        {
            _layout.CheckUnbatched(input, state, StateSizes, lengths);
            (input, state) = (input.unsqueeze(BatchAxis), state?.Map(part => part.unsqueeze(1))); // [T, 1, I] or [T, 1], parts [L·D, 1, S]
        }

        var like = CheckInput(input);
        var result = Run(input, CheckedState(state, _layout.BatchOf(input), like), lengths, like);
        if (isUnbatched)
        {
            result = new RecurrentResult(result.Output.squeeze(BatchAxis), result.State.Map(part => part.squeeze(1))); // [T, D·H], parts [L·D, S]
        }

        result.Output.MoveToOuterDisposeScope();
        result.State.KeepFrom(scope);
        return result;
    }

    /// <summary>The same for packed sequences.</summary>
    private protected (PackedSequence Output, RecurrentState State) Forward(PackedSequence input, RecurrentState? state)
    {
        Begin();
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        var packed = PackedBatch.Of(input);
        _layout.CheckPacked(input.data);
        Check.Like(this, input.data, nameof(input));
        state = CheckedState(state, packed.Sizes.Batch, input.data);
        if (EffectiveBackward == BackwardPath.Native)
        {
            var (output, final) = _native!.Forward(input, state, training);
            return (output.MoveToOuterDisposeScope(), final.KeepFrom(scope));
        }

        var result = packed.Unsorted(ByCells(EffectiveBackward, input.data, packed.Sizes, packed.Sorted(state), packed.Sizes.Steps));
        return (packed.Pack(result.Output, _failures).MoveToOuterDisposeScope(), result.State.KeepFrom(scope));
    }

    /// <summary>The module for a notebook: what it is, and its parameters.</summary>
    /// <returns>A table as HTML.</returns>
    public string ToHtml() => ModuleTable.Of(this, ModuleTable.Describe(this));

    /// <returns>A tensor of the element type and device that the net computes in.</returns>
    private Tensor CheckInput(Tensor input)
    {
        if (!TokenInput.Is(input) || parameters().FirstOrDefault() is not { } parameter)
        {
            _layout.CheckInput(input);
            Check.Like(this, input, nameof(input));
            return input;
        }

        _layout.CheckTokens(input, parameter);
        return parameter;
    }

    private int BatchAxis => BatchFirst ? 0 : 1;

    private void Begin()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ThrowIfFailed();
        _bindings.Verify(this, _native);
    }

    /// <summary>Sets training or evaluation, of the cells too.</summary>
    public override void train(bool on = true)
    {
        base.train(on);
        _bindings.SetTraining(on);
    }

    /// <summary>Applies a function to this module, and to users' cells and what is in them.</summary>
    /// <returns>This module.</returns>
    public override nn.Module apply(Action<nn.Module> fn)
    {
        foreach (var cell in _bindings.Cells.Where(cell => cell is not EquationCell))
        {
            cell.apply(fn);
        }

        return base.apply(fn);
    }

    private RecurrentState CheckedState(RecurrentState? state, long batch, Tensor like)
    {
        if (state is null)
        {
            return Zeros(batch, like.dtype, like.device);
        }

        _layout.CheckState(state, StateSizes, batch, like);
        return state;
    }

    private RecurrentResult Run(Tensor input, RecurrentState state, Tensor? lengths, Tensor like)
    {
        // Native modules differ in whether they take an empty batch; the cells always do.
        var path = EffectiveBackward == BackwardPath.Native && _layout.BatchOf(input) == 0 ? BackwardPath.Autograd : EffectiveBackward;
        if (path != BackwardPath.HandWritten && TokenInput.Is(input))
        {
            input = TokenInput.OneHot(input, InputSize, like.dtype); // [T, B, I]
        }

        var steps = input.size(BatchFirst ? 1 : 0);
        var packed = lengths is null ? null : PackedBatch.Of(lengths, steps, _layout.BatchOf(input), BatchFirst);
        if (packed is null)
        {
            if (path == BackwardPath.Native)
            {
                return _native!.Forward(input, state, training);
            }

            var result = ByCells(path, BatchFirst ? input.transpose(0, 1) : input, null, state, steps); // input [T, B, I]
            return BatchFirst ? result with { Output = result.Output.transpose(0, 1) } : result; // [B, T, D·H]
        }

        if (path == BackwardPath.Native)
        {
            var (output, final) = _native!.Forward(pack_padded_sequence(input, lengths!.cpu(), BatchFirst, enforce_sorted: false), state, training);
            return new RecurrentResult(pad_packed_sequence(output, BatchFirst, total_length: steps).Item1, final);
        }

        var rows = packed.Unsorted(ByCells(path, packed.Rows(input, _failures), packed.Sizes, packed.Sorted(state), steps));
        return rows with { Output = packed.Padded(rows.Output, _failures) };
    }

    private RecurrentResult ByCells(BackwardPath path, Tensor input, BatchSizes? sizes, RecurrentState state, long steps)
    {
        _bindings.SetTraining(training);
        if (training)
        {
            _bindings.BeginTraining();
        }

        var recording = _norms.Begin(_bindings.Cells, NumDirections, steps);
        return path == BackwardPath.HandWritten
            ? _handWritten!.Run(input, sizes, state, training, Draw, recording)
            : Unroller.Run(_layout, _bindings.Cells, input, sizes, state, training, Draw, recording is null ? null : index => new StepTaps(recording[index], _failures));

        StateNoise Draw(RecurrentState start) => _noise.Any ? _noise.Draw(training, sizes ?? BatchSizes.Even(input.size(0), input.size(1)), start) : StateNoise.None;
    }

    private double CheckNoNative(double value, string name) => value == 0 || _backward != BackwardPath.Native
        ? value
        : throw new NotSupportedException(FormattableString.Invariant($"{name}: expected 0 while Backward is Native, which has none, got {value}; set Backward to Auto first."));

    private RecurrentState Zeros(long batch, ScalarType dtype, Device device) =>
        new([.. StateSizes.Select(size => zeros(NumLayers * NumDirections, batch, size, dtype: dtype, device: device))]); // [L·D, B, S]
}
