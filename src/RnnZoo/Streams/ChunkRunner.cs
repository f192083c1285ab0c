using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>
/// Which steps a chunk is about. Its own steps are [Start, End); it is run from <see cref="From"/>, which lies before Start
/// where gradients reach further back than the chunk.
/// </summary>
/// <param name="From">The first step that is run.</param>
/// <param name="Start">The first step whose loss is counted or reported.</param>
/// <param name="GradientStart">The first step that gradients reach.</param>
/// <param name="End">The step after the last.</param>
/// <param name="NextFrom">The step that the next chunk is run from, at which the state is kept; null after the last chunk.</param>
internal readonly record struct ChunkPlan(long From, long Start, long GradientStart, long End, long? NextFrom)
{
    /// <summary>The first step whose loss is counted.</summary>
    public long Counted => Math.Max(Start, GradientStart);

    public static ChunkPlan At(long start, long length, long nextLength, long steps, TruncatedBpttOptions options)
    {
        var end = Math.Min(start + length, steps);
        var gradientStart = Reach(start, end, options);
        var isLast = end == steps || (options.DropLast && end + nextLength > steps);
        long? next = isLast ? null : Math.Min(end, Reach(end, Math.Min(end + nextLength, steps), options));
        return new ChunkPlan(Math.Min(start, gradientStart), start, gradientStart, end, next);
    }

    /// <summary>Steps that are run once, whose final state is kept.</summary>
    public static ChunkPlan Segment(long start, long end) => new(start, start, start, end, end);

    private static long Reach(long start, long end, TruncatedBpttOptions options) =>
        options.GradientLength is { } length ? Math.Max(0, end - length) : start;
}

/// <summary>What running a chunk gives.</summary>
/// <param name="Output">[k, B, …]: the outputs whose losses count.</param>
/// <param name="Next">What the next chunk starts from, free of dispose scopes: the detached state, and what it owes to the parameters.</param>
/// <param name="Final">The state after the last step, as the net returned it.</param>
internal readonly record struct ChunkRun(Tensor Output, CarriedPast? Next, RecurrentState Final);

/// <summary>Places inside a chunk at which gradients are weighed on their way back: each so many steps after a first one.</summary>
/// <param name="Start">The chunk's first step.</param>
/// <param name="Every">How many steps lie between two places.</param>
/// <param name="Factor">What gradients are multiplied with there.</param>
internal readonly record struct GradientCrossings(long Start, int Every, double Factor)
{
    /// <summary>Whether a step begins behind such a place.</summary>
    public bool AreAt(long step) => step > Start && (step - Start) % Every == 0;

    /// <summary>The same numbers, whose gradients are multiplied.</summary>
    public Tensor Weigh(Tensor state)
    {
        var factor = Factor;
        return TapFunction.Run(state, gradient => gradient.mul(Scalars.Of(factor)), new BackwardFailures(nameof(GradientCrossings)));
    }
}

/// <summary>
/// Runs a net over a chunk: in one piece where it can, else cut where a document starts, where gradients begin or are weighed
/// and where the state has to be kept. The input begins at plan.From, and so does the detached start, null at the streams' start.
/// </summary>
internal sealed class ChunkRunner(ChunkPlan plan, Tensor input, IReadOnlyList<DocumentStart> documents, CarriedPast? start, CarriedState carried, GradientCrossings? crossings = null)
{
    /// <param name="net">(input, state or null) → output and final state.</param>
    /// <param name="online">Carries what the net's state owes to its parameters; null for nothing.</param>
    public ChunkRun Run(Func<Tensor, RecurrentState?, RecurrentResult> net, OnlineSensitivity? online = null)
    {
        CarriedPast? next = null;
        try
        {
            return Run(net, online, ref next);
        }
        catch
        {
            next?.Dispose();
            throw;
        }
    }

    /// <summary>Checks that a net can go through a stream piece by piece.</summary>
    /// <exception cref="ArgumentException">The net takes the batch first, or reads both ways.</exception>
    public static void CheckForwards(IRecurrentModule module)
    {
        if (module.BatchFirst)
        {
            throw new ArgumentException("model: expected one with time first, got batchFirst: true; streams are [T, B, …].");
        }

        if (module.NumDirections != 1)
        {
            throw new ArgumentException("model: expected one that reads forwards, got a bidirectional one, whose backward direction would have to start at the streams' end.");
        }
    }

    /// <summary>The state for a caller who runs the chunk by hand.</summary>
    public RecurrentState? StateOfOnePiece()
    {
        RequireOnePiece();
        return StateAt(plan.From, start?.State);
    }

    /// <summary>What a caller who ran the chunk by hand hands on.</summary>
    public CarriedPast? CarryOfOnePiece(RecurrentState final)
    {
        RequireOnePiece();
        return plan.NextFrom is null ? null : new CarriedPast(carried.Keep(final, start?.State), []);
    }

    private ChunkRun Run(Func<Tensor, RecurrentState?, RecurrentResult> net, OnlineSensitivity? online, ref CarriedPast? next)
    {
        var borders = Borders();
        var (state, owed) = (start?.State, online is null ? null : start?.Sensitivity);
        var outputs = new List<Tensor>();
        for (var piece = 0; piece + 1 < borders.Count; piece++)
        {
            var (first, end) = (borders[piece], borders[piece + 1]);
            using var noTape = first < plan.GradientStart ? no_grad() : null;
            (state, owed) = (StateAt(first, state), owed is null ? null : carried.Reset(owed, RowsThatStart(first)));
            var steps = end - first == input.shape[0] ? input : input.narrow(0, first - plan.From, end - first); // [·, B, …]
            var before = state;
            state = piece == 0 && owed is not null ? online!.Attach(state!, owed) : state; // later pieces are on the same tape
            (var output, state) = RunPiece(net, steps, state);
            outputs.Add(output);
            owed = plan.NextFrom is null ? null : online?.Advance(steps, before, owed);
            if (end == plan.NextFrom)
            {
                next = new CarriedPast(carried.Keep(state, start?.State), [.. owed?.Select(tensor => tensor.DetachFromDisposeScope()) ?? []]);
            }
        }

        return Select(outputs, next, state!);
    }

    private static RecurrentResult RunPiece(Func<Tensor, RecurrentState?, RecurrentResult> net, Tensor steps, RecurrentState? state)
    {
        var (length, result) = (steps.shape[0], net(steps, state)); // [·, B, …]
        if (result.Output is null || result.State is null || result.Output.Dimensions < 1 || result.Output.shape[0] != length)
        {
            var got = result.Output is null || result.State is null ? "null" : Check.Show(result.Output.shape);
            throw new InvalidOperationException($"net: expected an output [T, B, …] with T = {length}, and a state, got {got}.");
        }

        return result;
    }

    private RecurrentState? StateAt(long step, RecurrentState? state)
    {
        if (step == 0)
        {
            return carried.Initial();
        }

        state = crossings is { } weigh && weigh.AreAt(step) ? state!.Map(weigh.Weigh) : state!;
        return carried.Reset(state, RowsThatStart(step));
    }

    // Steps at which a piece starts, and the end.
    private List<long> Borders()
    {
        var borders = new List<long> { plan.From, plan.End };
        Add(plan.GradientStart);
        Add(plan.NextFrom ?? plan.End);
        foreach (var document in documents)
        {
            Add(document.Step);
        }

        for (var step = plan.Start + crossings?.Every; step < plan.End; step += crossings?.Every)
        {
            Add(step.Value);
        }

        borders.Sort();
        return borders;

        void Add(long step)
        {
            if (step > plan.From && step < plan.End && !borders.Contains(step))
            {
                borders.Add(step);
            }
        }
    }

    private IEnumerable<int> RowsThatStart(long step) => documents.Where(document => document.Step == step).Select(document => document.Stream);

    // What comes before the steps that count was run for their state alone.
    private ChunkRun Select(List<Tensor> outputs, CarriedPast? next, RecurrentState final)
    {
        var all = outputs.Count == 1 ? outputs[0] : cat(outputs, 0); // [·, B, …]
        var before = plan.Counted - plan.From;
        return new ChunkRun(before == 0 ? all : all.narrow(0, before, all.shape[0] - before), next, final); // [k, B, …]
    }

    private void RequireOnePiece()
    {
        if (Borders().Count > 2 || plan.Start != plan.Counted || plan.From != plan.Start)
        {
            throw new InvalidOperationException($"the chunk of steps {plan.Start} to {plan.End - 1} has to be run in pieces, for {(documents.Any(document => document.Step > plan.From) ? $"a document starts inside it, at step {documents.First(document => document.Step > plan.From).Step}" : crossings is null ? "gradients reach back another length than the chunk's" : "its gradients are weighed where they might have been cut")}; give the net to chunk.Run.");
        }
    }
}
