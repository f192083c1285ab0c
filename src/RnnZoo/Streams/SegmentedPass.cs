using RnnZoo.Bptt;
using RnnZoo.Cells;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>One run of <see cref="ExactBptt"/>.</summary>
internal sealed class SegmentedPass(Func<Tensor, RecurrentState?, RecurrentResult> net, StreamSource streams, Func<Tensor, Tensor, Tensor> lossSum, ExactBpttOptions options)
{
    private readonly record struct Border(RecurrentState? State, Tensor Random);

    private readonly record struct Part(double Loss, RecurrentState? Final, Tensor?[]? DStart);

    private readonly StateRules _rules = new(streams.Streams, options.InitialState, options.StateBatchAxis);
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
                objective = dFinal[part] is { } gradient ? objective.add(run.Final[part].mul(gradient).sum()) : objective;
            }

            if (objective.requires_grad)
            {
                Gradient.Backward(objective);
            }

            var dStart = start?.Select(part => part.grad?.MoveToOuterDisposeScope()).ToArray();
            return new Part(loss.ToDouble(), isLast ? run.Final.Detach().MoveToOuterDisposeScope() : null, dStart);
        });
    }

    private TResult RunSegment<TResult>(ChunkPlan segment, RecurrentState? start, Func<ChunkRun, Tensor, TResult> use)
    {
        var documents = new List<DocumentStart>();
        streams.FindDocumentStarts(segment.From, segment.End - segment.From, documents);
        var tensors = ChunkTensors.Read(streams, segment);
        try
        {
            var run = new ChunkRunner(segment, tensors.All, documents, start, _rules).Run(net);
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
