using RnnZoo.Cells;
using RnnZoo.Kernels;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Gradients;

/// <summary>
/// A run of one direction of one layer, ready to give J_t = ∂s_t/∂s_{t-1} at every step, and ∂s_T/∂s_k as products:
/// <code>
/// using var trajectory = JacobianTrajectory.Of(lstm, x);
/// var j = trajectory.At(7);                     // [B, 2H, 2H]: ∂s_7/∂s_6
/// var product = trajectory.Product(from: 0);    // ∂s_T/∂s_0, for the first sequence of the batch
/// Console.WriteLine(product.LogNorm());         // ln ‖∂s_T/∂s_0‖
/// </code>
/// </summary>
/// <remarks>
/// <para>Steps count along the walk of the direction, from 1 to T; s_0 is the initial state. For a backward direction step 1
/// reads the last input.</para>
/// <para>The Jacobians are those of the layer's own recurrence: what it reads from the layer below counts as given. The
/// Jacobian of a whole stack is block-triangular with these on its diagonal. Dropout is not applied.</para>
/// <para>The inputs and states are held until <see cref="Dispose"/>, outside of all dispose scopes; the weights are read when
/// a Jacobian is asked for, so do not change them in between.</para>
/// </remarks>
public sealed class JacobianTrajectory : IDisposable
{
    private const long PieceLength = 1024;

    private readonly StepJacobian _jacobian;
    private readonly Tensor _inputs; // [T, B, I], in the order of the walk
    private readonly Tensor[] _before; // parts × [T, B, S_part]: the state before each step
    private bool _disposed;

    private JacobianTrajectory(StepJacobian jacobian, Tensor inputs, Tensor[] before)
    {
        _jacobian = jacobian;
        _inputs = inputs;
        _before = before;
        (Steps, Batch) = (inputs.shape[0], inputs.shape[1]);
    }

    /// <summary>T.</summary>
    public long Steps { get; }

    /// <summary>B.</summary>
    public long Batch { get; }

    /// <summary>S: H, or 2H for the joint state [h, c] of an LSTM.</summary>
    public long StateSize => _jacobian.StateSize;

    /// <summary>The cell whose steps these are.</summary>
    public RecurrentCell Cell => _jacobian.Cell;

    /// <summary>Runs a module and keeps what the Jacobians of one of its layers need.</summary>
    /// <param name="module">A module; a user's own cells get their Jacobians by autograd.</param>
    /// <param name="input">[T, B, I], or [B, T, I] where batch comes first.</param>
    /// <param name="state">The initial state, parts [L·D, B, S_part]; zeros if null.</param>
    /// <param name="layer">Which layer.</param>
    /// <param name="direction">0 for forwards, 1 for backwards.</param>
    /// <param name="cancellation">Ends the run with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">A shape, element type or device does not fit, or there is no such layer; the message names it.</exception>
    public static JacobianTrajectory Of(IRecurrentModule module, Tensor input, RecurrentState? state = null, int layer = 0, int direction = 0, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(module);
        var cell = module.CellAt(layer, direction);
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var (steps, initial) = Prepare(module, input, state);
        var inputs = InputOf(module, steps, initial, layer, cancellation); // [T, B, I]
        var walked = direction == 1 ? inputs.flip(0) : inputs; // [T, B, I]
        var start = StateAt(initial, (layer * module.NumDirections) + direction);
        var before = Walk(cell, walked, start, (state, _) => state, cancellation); // parts × [T, B, S_part]
        var kept = walked.clone().DetachFromDisposeScope();
        return new JacobianTrajectory(StepJacobian.For(cell), kept, Array.ConvertAll(before, part => part.DetachFromDisposeScope()));
    }

    /// <summary>J_t = ∂s_t/∂s_{t-1} for every sequence of the batch.</summary>
    /// <param name="step">t, from 1 to T.</param>
    /// <returns>[B, S, S]; a new tensor that belongs to the caller's dispose scope.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such step.</exception>
    public Tensor At(long step) => Range(CheckStep(step), step, 0, Batch, [Batch, StateSize, StateSize]);

    /// <summary>J_t of one sequence of the batch.</summary>
    /// <param name="step">t, from 1 to T.</param>
    /// <param name="sequence">Which sequence of the batch.</param>
    /// <returns>[S, S]; a new tensor that belongs to the caller's dispose scope.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such step or sequence.</exception>
    public Tensor At(long step, long sequence) => Range(CheckStep(step), step, CheckSequence(sequence), 1, [StateSize, StateSize]);

    /// <summary>J_first to J_last of one sequence of the batch.</summary>
    /// <param name="first">From 1 to T.</param>
    /// <param name="last">From the first to T.</param>
    /// <param name="sequence">Which sequence of the batch.</param>
    /// <returns>[last - first + 1, S, S]; a new tensor that belongs to the caller's dispose scope.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such step or sequence.</exception>
    internal Tensor Between(long first, long last, long sequence = 0) =>
        Range(first, last, CheckSequence(sequence), 1, [last - first + 1, StateSize, StateSize]);

    /// <summary>∂s_to/∂s_from = J_to … J_{from+1}, kept factored: it neither over- nor underflows.</summary>
    /// <param name="from">k, from 0 on.</param>
    /// <param name="to">Above k; T if null.</param>
    /// <param name="sequence">Which sequence of the batch.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such step or sequence.</exception>
    /// <remarks>The product reads this trajectory whenever it is asked for something: use it before <see cref="Dispose"/>.</remarks>
    public JacobianProduct Product(long from, long? to = null, long sequence = 0)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var end = to ?? Steps;
        Check.Between(end, nameof(to), 1, Steps);
        Check.Between(from, nameof(from), 0, end - 1);
        CheckSequence(sequence);
        return new JacobianProduct((int)StateSize, (int)(end - from), factor => At(from + 1 + factor, sequence));
    }

    /// <summary>Disposes the inputs and states.</summary>
    public void Dispose()
    {
        _disposed = true;
        _inputs.Dispose();
        foreach (var part in _before)
        {
            part.Dispose();
        }
    }

    private Tensor Range(long first, long last, long sequence, long count, long[] shape)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Check.Between(first, nameof(first), 1, Steps);
        Check.Between(last, nameof(last), first, Steps);
        using var scope = NewDisposeScope();
        Tensor Rows(Tensor kept) => kept.narrow(0, first - 1, last - first + 1).narrow(1, sequence, count).flatten(0, 1);
        var jacobians = _jacobian.At(Rows(_inputs), new RecurrentState(Array.ConvertAll(_before, Rows))); // [N, S, S]
        return jacobians.view(shape).MoveToOuterDisposeScope();
    }

    private long CheckStep(long step)
    {
        Check.Between(step, nameof(step), 1, Steps);
        return step;
    }

    private long CheckSequence(long sequence)
    {
        Check.Between(sequence, nameof(sequence), 0, Batch - 1);
        return sequence;
    }

    // What walks a module step by step leaves dispose scope and no_grad to its caller.

    /// <summary>Checked arguments: the input as [T, B, I], and a state.</summary>
    private static (Tensor Steps, RecurrentState State) Prepare(IRecurrentModule module, Tensor input, RecurrentState? state)
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
            layout.CheckState(state, module.StateSizes, layout.BatchOf(input), input);
        }

        state ??= module.ZeroState(layout.BatchOf(input));
        if (module.DrawNoise(BatchSizes.Even(1, layout.BatchOf(input)), StateAt(state, 0)) is { IsNone: false })
        {
            throw new NotSupportedException("module: expected a net whose step is its cell's, got one with zoneout, or recurrent dropout in training; set them to 0, or the module to evaluation.");
        }

        return (module.BatchFirst ? input.transpose(0, 1) : input, state);
    }

    /// <summary>One layer and direction of a module's state: parts [B, S_part].</summary>
    private static RecurrentState StateAt(RecurrentState state, int index) => state.Map(part => part[index]);

    /// <summary>What a layer reads: the input, or what the layers below make of it.</summary>
    /// <returns>[T, B, I] or [T, B, D·H].</returns>
    private static Tensor InputOf(IRecurrentModule module, Tensor steps, RecurrentState state, int layer, CancellationToken cancellation)
    {
        for (var below = 0; below < layer; below++)
        {
            var outputs = new Tensor[module.NumDirections]; // D × [T, B, H]
            for (var direction = 0; direction < outputs.Length; direction++)
            {
                var start = StateAt(state, (below * module.NumDirections) + direction);
                outputs[direction] = Output(module.CellAt(below, direction), steps, start, reversed: direction == 1, cancellation);
            }

            steps = cat(outputs, 2); // [T, B, D·H]
        }

        return steps;
    }

    private static Tensor Output(RecurrentCell cell, Tensor inputs, RecurrentState start, bool reversed, CancellationToken cancellation)
    {
        var output = Walk(cell, reversed ? inputs.flip(0) : inputs, start, (_, after) => [after.Hidden], cancellation)[0]; // [T, B, H]
        return reversed ? output.flip(0) : output; // [T, B, H]
    }

    // What is kept of each step, by the state before and after it, as parts [T, B, S_part]; piece by piece, so that a long run is
    // never a million tensors.
    private static Tensor[] Walk(RecurrentCell cell, Tensor inputs, RecurrentState state, Func<RecurrentState, RecurrentState, IEnumerable<Tensor>> keep, CancellationToken cancellation)
    {
        var weights = (cell as EquationCell)?.Weights();
        var pieces = new List<Tensor[]>();
        for (var first = 0L; first < inputs.shape[0]; first += PieceLength)
        {
            using var scope = NewDisposeScope();
            var projected = cell.ProjectInput(inputs.narrow(0, first, Math.Min(PieceLength, inputs.shape[0] - first))).unbind(0); // [B, P] each
            var kept = new Tensor[projected.Length][]; // [B, S_part] each
            for (var step = 0; step < projected.Length; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var own = NewDisposeScope();
                var after = (weights is null ? cell.StepProjected(projected[step], state) : ((EquationCell)cell).ForwardStep(projected[step], state, weights).After).KeepFrom(own);
                kept[step] = [.. keep(state, after)];
                state = after;
            }

            pieces.Add([.. Enumerable.Range(0, kept[0].Length).Select(part => stack(kept.Select(parts => parts[part]), 0).MoveToOuterDisposeScope())]);
            state = state.Map(part => part.clone()).MoveToOuterDisposeScope();
        }

        return [.. Enumerable.Range(0, pieces[0].Length).Select(part => pieces.Count == 1 ? pieces[0][part] : cat([.. pieces.Select(piece => piece[part])], 0))]; // [T, B, S_part]
    }
}
