using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>
/// Full backpropagation through time in little memory: the stream is run once without tape, the state kept at the borders
/// of segments; then, from the last segment to the first, each is run again with a tape and its gradient is handed to the
/// one before. The gradients are those of full backpropagation, for about one third more time (Gruslys et al.,
/// "Memory-Efficient Backpropagation Through Time", 2016).
/// <code>
/// optimizer.zero_grad();
/// var result = ExactBptt.Backward(model, streams, (output, target) => cross_entropy(output.flatten(0, 1), target.flatten(), reduction: Reduction.Sum));
/// optimizer.step();
/// </code>
/// </summary>
/// <remarks>
/// <para>Gradients are added to the parameters' as <c>backward()</c> adds them. The loss is a sum over steps: it is called
/// for each segment with the outputs and targets of that segment alone; divide by the number of steps for a mean.</para>
/// <para>Where documents start, states are reset as by <see cref="TruncatedBpttLoader"/>. Dropout draws the same numbers
/// again from torch's default CPU generator; a net with a generator of its own must not draw.</para>
/// </remarks>
public static class ExactBptt
{
    /// <summary>Finds the gradients of a model.</summary>
    /// <param name="model">The model; time comes first.</param>
    /// <param name="streams">The sequences.</param>
    /// <param name="lossSum">(output [s, B, O], target [s, B, …]) → the sum of the losses of these steps, [].</param>
    /// <param name="options">How much memory to take; about the least if null.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the model takes the batch first or reads both ways.</exception>
    public static ExactBpttResult Backward(SequenceModel model, StreamSource streams, Func<Tensor, Tensor, Tensor> lossSum, ExactBpttOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(streams);
        ChunkRunner.CheckForwards(model.Recurrent);
        options ??= new ExactBpttOptions();
        return Backward(model.call, streams, lossSum, options with { BytesPerStep = options.BytesPerStep ?? StepMemory.Of(model, streams.Streams) });
    }

    /// <summary>Finds the gradients of a recurrent module.</summary>
    /// <param name="module">The module; time comes first.</param>
    /// <param name="streams">The sequences.</param>
    /// <param name="lossSum">(output [s, B, H], target [s, B, …]) → the sum of the losses of these steps, [].</param>
    /// <param name="options">How much memory to take; about the least if null.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the module takes the batch first or reads both ways.</exception>
    public static ExactBpttResult Backward(IRecurrentModule module, StreamSource streams, Func<Tensor, Tensor, Tensor> lossSum, ExactBpttOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(streams);
        ChunkRunner.CheckForwards(module);
        options ??= new ExactBpttOptions();
        return Backward(module.Run, streams, lossSum, options with { BytesPerStep = options.BytesPerStep ?? StepMemory.Of(module, streams.Streams) });
    }

    /// <summary>Finds the gradients of Σ output · dOutput, for a loss whose gradient is known.</summary>
    /// <param name="module">The module; time comes first.</param>
    /// <param name="input">[T, B, I]; if it needs a gradient, it gets one.</param>
    /// <param name="dOutput">[T, B, H]: ∂L/∂output.</param>
    /// <param name="options">How much memory to take; about the least if null.</param>
    /// <exception cref="ArgumentException">A shape or an option does not fit; the message names it.</exception>
    public static ExactBpttResult Backward(IRecurrentModule module, Tensor input, Tensor dOutput, ExactBpttOptions? options = null) =>
        Backward(module, new TensorStreams(input, dOutput), (output, cotangent) => output.mul(cotangent).sum(), options);

    /// <summary>Finds the gradients of any net.</summary>
    /// <param name="net">(input [s, B, …], state or null for the net's zeros) → output [s, B, …] and the final state. It is
    /// called twice for every segment and must give the same numbers both times.</param>
    /// <param name="streams">The sequences.</param>
    /// <param name="lossSum">(output [s, B, …], target [s, B, …]) → the sum of the losses of these steps, [].</param>
    /// <param name="options">How much memory to take. Without a budget and without <see cref="ExactBpttOptions.BytesPerStep"/>, segments have √T steps.</param>
    /// <exception cref="ArgumentException">An option is out of its range, the budget is too small, or the loss is not one number.</exception>
    /// <exception cref="InvalidOperationException">What the net returned does not fit, or gradients are switched off.</exception>
    /// <exception cref="BackwardFailedException">A backward pass failed.</exception>
    public static ExactBpttResult Backward(Func<Tensor, RecurrentState?, RecurrentResult> net, StreamSource streams, Func<Tensor, Tensor, Tensor> lossSum, ExactBpttOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(net);
        ArgumentNullException.ThrowIfNull(streams);
        ArgumentNullException.ThrowIfNull(lossSum);
        options ??= new ExactBpttOptions();
        options.Validate();
        if (!is_grad_enabled())
        {
            throw new InvalidOperationException("ExactBptt.Backward: expected gradients to be switched on, got no_grad() on this thread.");
        }

        return new SegmentedPass(net, streams, lossSum, options).Run();
    }
}

/// <summary>How much memory <see cref="ExactBptt"/> may take, and how states start.</summary>
public sealed record ExactBpttOptions
{
    /// <summary>
    /// How many bytes the kept states and one segment's tape may take together. Null for about as little as can be, which
    /// grows with the square root of the stream's length. The more, the longer the segments; time hardly depends on it,
    /// until the whole stream fits and nothing is computed twice.
    /// </summary>
    public long? BudgetBytes { get; init; }

    /// <summary>The steps of a segment, in place of a budget.</summary>
    public long? SegmentLength { get; init; }

    /// <summary>
    /// What the tape of one step takes, in bytes, for the whole batch. For the models of this library null asks for an
    /// estimate; for other nets it must be given along with a budget.
    /// </summary>
    public long? BytesPerStep { get; init; }

    /// <summary>
    /// Makes the state for B streams that a stream or a document starts from. Gradients reach it; it is called anew wherever
    /// it is needed. Null for zeros.
    /// </summary>
    public Func<long, RecurrentState>? InitialState { get; init; }

    /// <summary>Checks every option.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    internal void Validate()
    {
        Check.That(BudgetBytes is null or >= 1, nameof(BudgetBytes), "at least 1, or null", BudgetBytes);
        Check.That(SegmentLength is null or >= 1, nameof(SegmentLength), "at least 1, or null", SegmentLength);
        Check.That(BytesPerStep is null or >= 1, nameof(BytesPerStep), "at least 1, or null", BytesPerStep);
        if (BudgetBytes is not null && SegmentLength is not null)
        {
            throw new ArgumentException($"BudgetBytes: expected null where SegmentLength says how long segments are, got {BudgetBytes} and {SegmentLength}.");
        }
    }
}

/// <summary>What <see cref="ExactBptt"/> found; the gradients themselves are in the parameters.</summary>
/// <param name="Loss">The sum of all segments' losses.</param>
/// <param name="SegmentLength">How many steps a segment had; the last one may be shorter.</param>
/// <param name="Segments">How many segments there were; with one, nothing was computed twice.</param>
/// <param name="FinalState">The state after the last step, cut off from the tape; it belongs to the caller's dispose scope.</param>
public sealed record ExactBpttResult(double Loss, long SegmentLength, int Segments, RecurrentState FinalState);

/// <summary>One run of <see cref="ExactBptt"/>.</summary>
internal sealed class SegmentedPass(Func<Tensor, RecurrentState?, RecurrentResult> net, StreamSource streams, Func<Tensor, Tensor, Tensor> lossSum, ExactBpttOptions options)
{
    private readonly record struct Border(RecurrentState? State, Tensor Random);

    private readonly record struct Part(double Loss, RecurrentState? Final, Tensor?[]? DStart);

    private readonly CarriedState _carried = new(streams.Streams, options.InitialState);
    private readonly Stack<Border> _borders = new();

    public ExactBpttResult Run()
    {
        using var scope = NewDisposeScope();
        var length = ChooseLength();
        ChunkPlan[] segments = [.. Starts(length).Select(start => ChunkPlan.Segment(start, Math.Min(start + length, streams.Steps)))];
        KeepBorders(segments);
        var last = Differentiate(segments[^1], _borders.Pop(), null, isLast: true);
        var random = get_rng_state(); // as after one pass over the whole stream
        var (loss, cotangents) = (last.Loss, last.DStart);
        foreach (var segment in segments.Reverse().Skip(1))
        {
            var border = _borders.Pop();
            set_rng_state(border.Random);
            var part = Differentiate(segment, border, cotangents, isLast: false);
            Free(cotangents);
            border.State?.Dispose();
            (loss, cotangents) = (loss + part.Loss, part.DStart);
        }

        set_rng_state(random);
        return new ExactBpttResult(loss, length, segments.Length, last.Final!.MoveToOuterDisposeScope());
    }

    private IEnumerable<long> Starts(long length)
    {
        for (var start = 0L; start < streams.Steps; start += length)
        {
            yield return start;
        }
    }

    private long ChooseLength()
    {
        if (options.SegmentLength is { } given)
        {
            return Math.Min(given, streams.Steps);
        }

        if (options.BytesPerStep is { } stepBytes)
        {
            return SegmentChoice.Length(streams.Steps, StateBytes(), stepBytes, options.BudgetBytes);
        }

        return options.BudgetBytes is null
            ? (long)Math.Ceiling(Math.Sqrt(streams.Steps))
            : throw new ArgumentException("BytesPerStep: expected what one step of the net's tape takes, which is not known of a net that is not of this library, got null; give it, or SegmentLength in place of BudgetBytes.");
    }

    // One step tells how large a state is. It must not use up random numbers.
    private long StateBytes()
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        var random = get_rng_state();
        var bytes = RunSegment(ChunkPlan.Segment(0, 1), null, (run, _) => run.Final.Sum(part => part.NumberOfElements * part.ElementSize));
        set_rng_state(random);
        return bytes;
    }

    // The pass without tape: what every segment starts from.
    private void KeepBorders(ChunkPlan[] segments)
    {
        using var noTape = no_grad();
        _borders.Push(new Border(null, get_rng_state()));
        foreach (var segment in segments.SkipLast(1))
        {
            var before = _borders.Peek();
            RecurrentState state;
            using (NewDisposeScope())
            {
                // Copies, for a state may be a view of all outputs.
                state = RunSegment(segment, before.State, (run, _) => run.Final.Map(part => part.detach().clone())).MoveToOuterDisposeScope();
            }

            var random = get_rng_state();
            if (random.bytes.SequenceEqual(before.Random.bytes))
            {
                random.Dispose();
                random = before.Random; // nothing was drawn
            }

            _borders.Push(new Border(state, random));
        }
    }

    // The gradient of a segment's loss plus ⟨final state, its gradient from the future⟩: parameters add up, the state's goes on.
    private Part Differentiate(ChunkPlan segment, Border border, Tensor?[]? dFinal, bool isLast)
    {
        using var scope = NewDisposeScope();
        var start = border.State?.Map(part => part.is_floating_point() ? part.detach().requires_grad_() : part);
        return RunSegment(segment, start, (run, target) =>
        {
            var loss = lossSum(run.Output, target);
            if (loss is null || loss.NumberOfElements != 1)
            {
                throw new ArgumentException($"lossSum: expected one number, got {(loss is null ? "null" : $"shape {Check.Show(loss.shape)}")}; add up the losses with sum().");
            }

            var objective = loss;
            for (var part = 0; part < dFinal?.Length; part++)
            {
                objective = dFinal[part] is { } gradient ? objective.Plus(run.Final[part].mul(gradient).sum()) : objective;
            }

            if (objective.requires_grad)
            {
                Gradient.Backward(objective);
            }

            var dStart = start?.Select(part => part.grad?.MoveToOuterDisposeScope()).ToArray();
            return new Part(loss.Number(), isLast ? run.Final.Detach().MoveToOuterDisposeScope() : null, dStart);
        });
    }

    private TResult RunSegment<TResult>(ChunkPlan segment, RecurrentState? start, Func<ChunkRun, Tensor, TResult> use)
    {
        var documents = new List<DocumentStart>();
        streams.FindDocumentStarts(segment.From, segment.End - segment.From, documents);
        var tensors = ChunkTensors.Read(streams, segment);
        try
        {
            var run = new ChunkRunner(segment, tensors.All, documents, start is null ? null : new CarriedPast(start, []), _carried).Run(net);
            run.Next?.Dispose();
            return use(run, tensors.Target);
        }
        finally
        {
            tensors.Close();
        }
    }

    private static void Free(Tensor?[]? tensors)
    {
        foreach (var tensor in tensors ?? [])
        {
            tensor?.Dispose();
        }
    }
}

/// <summary>Chooses the length of segments. Memory for T steps in segments of s is (⌈T/s⌉ - 1) states and s steps of tape.</summary>
internal static class SegmentChoice
{
    /// <returns>s: the longest that fits into the budget, if there is one.</returns>
    /// <exception cref="ArgumentException">No length fits; the message says what would be needed.</exception>
    public static long Length(long steps, long stateBytes, long stepBytes, long? budget)
    {
        // s·tape + T/s·state is least at s² = T·state / tape.
        var root = Math.Sqrt((double)steps * stateBytes / stepBytes);
        var least = Math.Clamp((long)root, 1, steps);
        if (budget is not { } bytes)
        {
            // Half the calls for a quarter more memory.
            return Math.Clamp((long)(2 * root), 1, steps);
        }

        if (Bytes(least) > bytes)
        {
            throw new ArgumentException($"BudgetBytes: expected at least {Bytes(least)} for {steps} steps ({stepBytes} bytes a step, {stateBytes} a state), got {bytes}.");
        }

        if (Bytes(steps) <= bytes)
        {
            return steps;
        }

        var (fits, tooLong) = (least, steps); // beyond the least, memory grows with s but for rounding
        while (tooLong - fits > 1)
        {
            var middle = fits + ((tooLong - fits) / 2);
            (fits, tooLong) = Bytes(middle) <= bytes ? (middle, tooLong) : (fits, middle);
        }

        return fits;

        long Bytes(long length) => (length * stepBytes) + (((steps - 1) / length) * stateBytes);
    }
}
