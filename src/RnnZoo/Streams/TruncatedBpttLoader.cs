using System.Collections;
using System.Text.Json.Serialization;
using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>
/// Walks through streams in chunks for truncated backpropagation through time. The loader carries the state from chunk to
/// chunk and cuts it off from the tape, so that numbers flow on and gradients do not:
/// <code>
/// using var loader = new TruncatedBpttLoader(new TokenStreams(tokens, streams: 32), new() { ChunkLength = 35 });
/// foreach (var chunk in loader) // one epoch
/// {
///     using var scope = torch.NewDisposeScope();
///     var output = chunk.Run(model); // [k, B, V]
///     var loss = torch.nn.functional.cross_entropy(output.flatten(0, 1), chunk.Target.flatten());
///     optimizer.zero_grad(); Gradient.Backward(loss); optimizer.step();
/// }
/// </code>
/// </summary>
/// <remarks>
/// <para>Every k1 steps (<see cref="TruncatedBpttOptions.ChunkLength"/>) give one chunk; the losses of its steps count once,
/// and their gradients reach back k2 steps (<see cref="TruncatedBpttOptions.GradientLength"/>) before its end (Williams and
/// Peng, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network Trajectories", 1990).</para>
/// <para>The state is detached at each boundary by <c>CarriedState.Keep</c>.</para>
/// <para>Where a document starts, inside a chunk too, the state of that stream alone is reset at exactly that step: nothing
/// is remembered across documents, and no gradient flows.</para>
/// <para>Not thread-safe. Memory does not depend on the streams' length.</para>
/// </remarks>
public sealed class TruncatedBpttLoader : IEnumerable<Chunk>, IDisposable
{
    private readonly StreamSource _source;
    private readonly CarriedState _carried;
    private CarriedPast? _past;
    private SplitMix64 _random;
    private long _step;
    private Chunk? _open;
    private ulong _randomAfterOpen;
    private bool _walking;
    private bool _disposed;

    /// <summary>Starts at the streams' beginning.</summary>
    /// <param name="source">The streams; they stay the caller's.</param>
    /// <param name="options">How to cut; chunks of 35 steps if null.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or does not fit the streams; the message names it.</exception>
    public TruncatedBpttLoader(StreamSource source, TruncatedBpttOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        Options = options ?? new TruncatedBpttOptions();
        Options.Validate(source);
        _source = source;
        _carried = new CarriedState(source.Streams, Options.InitialState);
        _random = new SplitMix64((ulong)(Options.RandomLength?.Seed ?? Options.UnbiasedSeed));
    }

    /// <summary>How the streams are cut.</summary>
    public TruncatedBpttOptions Options { get; }

    /// <summary>How many times the streams were walked through to their end.</summary>
    public int Epoch { get; private set; }

    /// <summary>How many chunks an epoch has; null where lengths are drawn.</summary>
    public long? ChunksPerEpoch => Options.DrawsLengths ? null
        : Options.DropLast ? _source.Steps / Options.ChunkLength
        : (_source.Steps + Options.ChunkLength - 1) / Options.ChunkLength;

    /// <summary>
    /// Where the loader stands: after the chunk under way if that was run, else before it. Everything needed to go on with
    /// the same numbers is in it; its state is a copy.
    /// </summary>
    public LoaderPosition Position()
    {
        var (epoch, step, from, random, past) = _open is { HasRun: true }
            ? After(_open)
            : (Epoch, _step, _open?.Plan.From ?? CurrentPlan(out _).From, _random.State, _past);
        return new LoaderPosition(epoch, step, from, random, past?.State.Map(part => part.clone()), _source.Streams, _source.Steps, Options.ChunkLength, Options.GradientLength)
        {
            Sensitivity = Options.Online is null || past is null ? null : [.. past.Sensitivity.Select(tensor => tensor.clone())],
        };
    }

    /// <summary>Goes to a position that was saved before, of a loader with the same streams and options.</summary>
    /// <param name="position">The position.</param>
    /// <exception cref="ArgumentException">It comes from other streams or options.</exception>
    /// <exception cref="InvalidOperationException">A walk through the streams is under way.</exception>
    public void Resume(LoaderPosition position)
    {
        ArgumentNullException.ThrowIfNull(position);
        ObjectDisposedException.ThrowIf(_disposed, this);
        RequireNoWalk();
        var (ours, theirs) = (Signature(_source.Streams, _source.Steps, Options.ChunkLength, Options.GradientLength), Signature(position.Streams, position.Steps, position.ChunkLength, position.GradientLength));
        if (ours != theirs)
        {
            throw new ArgumentException($"position: expected one of {ours}, got one of {theirs}.");
        }

        if (position.Epoch < 0 || position.Step < 0 || position.Step >= _source.Steps || position.From < 0 || position.From > position.Step || (position.State is null) != (position.From == 0))
        {
            throw new ArgumentException($"position: expected a step from 0 to {_source.Steps - 1} and a state unless it is run from step 0, got epoch {position.Epoch}, step {position.Step}, run from {position.From}, {(position.State is null ? "no state" : "a state")}.");
        }

        if ((position.Sensitivity is null) != (Options.Online is null || position.State is null))
        {
            throw new ArgumentException($"position: expected Sensitivity where gradients are online and there is a state, and null elsewhere, got {(position.Sensitivity is null ? "null" : "some")} with Online = {Options.Online?.ToString() ?? "null"}.");
        }

        RequireSamePlan(position);
        using var scope = NewDisposeScope();
        var past = position.State is not { } state ? null : new CarriedPast(
            state.Map(part => part.detach().clone()).DetachFromDisposeScope(),
            [.. position.Sensitivity?.Select(tensor => tensor.detach().clone().DetachFromDisposeScope()) ?? []]);
        _past?.Dispose();
        (Epoch, _step, _random, _past) = (position.Epoch, position.Step, new SplitMix64(position.Random), past);
    }

    /// <summary>Walks from where the loader stands to the streams' end: one epoch, or what is left of it.</summary>
    /// <exception cref="InvalidOperationException">Another walk is under way; or, on the way, a chunk was not run.</exception>
    public IEnumerator<Chunk> GetEnumerator()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        RequireNoWalk();
        return Walk();
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Frees the state that is carried.</summary>
    public void Dispose()
    {
        _disposed = true;
        _open?.Close(keepNext: false);
        _open = null;
        _past?.Dispose();
        _past = null;
    }

    private IEnumerator<Chunk> Walk()
    {
        RequireNoWalk();
        _walking = true;
        try
        {
            for (var isLast = false; !isLast;)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                var chunk = Open();
                isLast = chunk.IsLast;
                try
                {
                    yield return chunk;
                    if (!chunk.HasRun)
                    {
                        throw new InvalidOperationException($"the chunk of steps {chunk.Plan.Start} to {chunk.Plan.End - 1} was not run, so its final state is not known: give the model to chunk.Run, or run it from chunk.State and hand its final state to chunk.Carry.");
                    }
                }
                finally
                {
                    Commit(chunk);
                }
            }
        }
        finally
        {
            _walking = false;
        }
    }

    private Chunk Open()
    {
        var plan = CurrentPlan(out _randomAfterOpen);
        var documents = new List<DocumentStart>();
        _source.FindDocumentStarts(plan.From, plan.End - plan.From, documents);
        var tensors = ChunkTensors.Read(_source, plan);
        var factor = !Options.DrawsLengths ? 1 : (double)(plan.End - plan.Start) / Options.ChunkLength;
        return _open = new Chunk(Epoch, plan, factor, tensors, new ChunkRunner(plan, tensors.All, documents, _past, _carried, Crossings(plan)), Options.Online);
    }

    private ChunkPlan CurrentPlan(out ulong randomAfter)
    {
        var random = _random;
        var length = Options.DrawLength(ref random);
        randomAfter = random.State;
        return ChunkPlan.At(_step, length, Options.DrawLength(ref random), _source.Steps, Options);
    }

    private GradientCrossings? Crossings(ChunkPlan plan) =>
        Options.UnbiasedEvery is { } every ? new GradientCrossings(plan.Start, every, Options.UnbiasedFactor) : null;

    private (int Epoch, long Step, long From, ulong Random, CarriedPast? Past) After(Chunk chunk) => chunk.IsLast
        ? (Epoch + 1, 0, 0, _randomAfterOpen, null)
        : (Epoch, chunk.Plan.End, chunk.Plan.NextFrom!.Value, _randomAfterOpen, chunk.Next);

    // A chunk that was run is left behind; one that was not, as after an exception, comes again.
    private void Commit(Chunk chunk)
    {
        _open = null;
        if (chunk.HasRun && !_disposed)
        {
            var (epoch, step, _, random, past) = After(chunk);
            if (!ReferenceEquals(past, _past))
            {
                _past?.Dispose();
            }

            (Epoch, _step, _random, _past) = (epoch, step, new SplitMix64(random), past);
        }

        chunk.Close(keepNext: chunk.HasRun && !_disposed);
    }

    private void RequireNoWalk()
    {
        if (_walking)
        {
            throw new InvalidOperationException("the loader is walked through already: it carries one state, so it takes one foreach at a time; make a second loader over the same streams.");
        }
    }

    // The state belongs to a step that also depends on options which the signature does not show.
    private void RequireSamePlan(LoaderPosition position)
    {
        var random = new SplitMix64(position.Random);
        var plan = ChunkPlan.At(position.Step, Options.DrawLength(ref random), Options.DrawLength(ref random), _source.Steps, Options);
        if (plan.From != position.From)
        {
            throw new ArgumentException($"position: expected the state of step {plan.From} for the chunk from step {position.Step} on, got that of step {position.From}; the options differ from those it was saved with.");
        }
    }

    private static string Signature(long streams, long steps, int chunkLength, int? gradientLength) =>
        $"{streams} streams of {steps} steps, k1 = {chunkLength}, k2 = {gradientLength ?? chunkLength}";
}

/// <summary>How a <see cref="TruncatedBpttLoader"/> cuts streams into chunks and carries the state.</summary>
public sealed record TruncatedBpttOptions
{
    /// <summary>k1: how many steps a chunk moves on; one update is made for each chunk.</summary>
    public int ChunkLength { get; init; } = 35;

    /// <summary>
    /// k2: how many steps before a chunk's end gradients reach back; the chunk's own length if null. It may be longer than
    /// the chunk, also than the stream: the steps before the chunk are then run again, with the weights as they are, from the
    /// state that was kept there. If it is shorter, the chunk's earlier steps are run without gradient.
    /// </summary>
    public int? GradientLength { get; init; }

    /// <summary>Whether the steps at the end that do not fill a chunk are left out; else they are a shorter chunk.</summary>
    public bool DropLast { get; init; }

    /// <summary>Random lengths around <see cref="ChunkLength"/>; null for none.</summary>
    public RandomChunkLength? RandomLength { get; init; }

    /// <summary>
    /// Unbiased truncation: a chunk may be cut after each so many of its steps, each time with the same chance c, by which chunks
    /// have the mean length <see cref="ChunkLength"/> = k; and a gradient that passes a place where it might have been cut is
    /// multiplied by 1/(1 - c). With the weights held fixed, the mean over the cuts of the gradient of all chunks' summed losses
    /// is then the exact gradient. From 1 to below k, c is this over k. Null for no such cuts.
    /// </summary>
    /// <remarks>
    /// <para>Source: C. Tallec and Y. Ollivier, "Unbiasing Truncated Backpropagation Through Time", 2017.</para>
    /// <para>Unbiased is not precise: what reaches back past d places has the weight (1 - c)^-d with the chance (1 - c)^d, so its
    /// variance grows as (1 - c)^-d, without a bound. It is for losses that depend on what lies within a few mean lengths.</para>
    /// <para>Memory is that of the chunk under way: k steps on average, and more than n·k with the chance of about e^-n, so of N
    /// chunks the longest has about k log N steps.</para>
    /// <para>The net is called anew for each of these pieces of a chunk, so kernels like 5 or 10 better than 1. Where a loss is
    /// the mean over a chunk's steps, multiply it, or the learning rate, with <see cref="Chunk.LearningRateFactor"/>.</para>
    /// </remarks>
    public int? UnbiasedEvery { get; init; }

    /// <summary>Where the cuts of <see cref="UnbiasedEvery"/> come from.</summary>
    public long UnbiasedSeed { get; init; }

    /// <summary>
    /// Lets gradients go on where a chunk starts, by what the state there owes to the parameters, which is carried along: memory
    /// as that of truncation, without its cut. Only a model or a recurrent module of this library can be run then. Null for none.
    /// </summary>
    public OnlineGradient? Online { get; init; }

    /// <summary>
    /// Makes the state for B streams that a stream or a document starts from, such as a learned one, which gradients reach.
    /// Null for zeros.
    /// </summary>
    public Func<long, RecurrentState>? InitialState { get; init; }

    /// <summary>Whether the chunks' lengths are drawn.</summary>
    internal bool DrawsLengths => RandomLength is not null || UnbiasedEvery is not null;

    /// <summary>What gradients are multiplied with where they might have been cut: 1/(1 - c).</summary>
    internal double UnbiasedFactor => 1 / (1 - ((double)UnbiasedEvery!.Value / ChunkLength));

    /// <summary>The length of a chunk, drawn if it is random.</summary>
    internal long DrawLength(ref SplitMix64 random) =>
        RandomLength is { } length ? length.Draw(ChunkLength, ref random)
        : UnbiasedEvery is { } every ? every * (1 + (long)(Math.Log(1 - random.NextDouble()) / -Math.Log(UnbiasedFactor))) // pieces until the first cut
        : ChunkLength;

    /// <summary>Checks every option against the streams.</summary>
    /// <param name="source">The streams.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    internal void Validate(StreamSource source)
    {
        Check.That(ChunkLength >= 1, nameof(ChunkLength), "at least 1", ChunkLength);
        Check.That(ChunkLength <= source.Steps, nameof(ChunkLength), $"at most the {source.Steps} steps of a stream ({source.Streams} streams), which is full backpropagation", ChunkLength);
        Check.That(GradientLength is null or >= 1, nameof(GradientLength), "at least 1, or null for the chunk's own length", GradientLength);
        Check.That(RandomLength is null || GradientLength is null, nameof(GradientLength), "null with random lengths, for gradients then reach back to the chunk's start", GradientLength);
        if (Online is { } online)
        {
            Check.Known(online, nameof(Online));
            Check.That(GradientLength is null, nameof(GradientLength), "null with online gradients, which reach back to the streams' start", GradientLength);
            Check.That(UnbiasedEvery is null, nameof(UnbiasedEvery), "null with online gradients, which are not cut", UnbiasedEvery);
        }

        if (RandomLength is { } random)
        {
            Check.That(random.HalfProbability is >= 0 and <= 1, "RandomLength.HalfProbability", "from 0 to 1", random.HalfProbability);
            Check.That(random.StandardDeviation >= 0 && double.IsFinite(random.StandardDeviation), "RandomLength.StandardDeviation", "at least 0 and finite", random.StandardDeviation);
            Check.That(random.Minimum >= 1 && random.Minimum <= ChunkLength, "RandomLength.Minimum", $"from 1 to ChunkLength = {ChunkLength}", random.Minimum);
        }

        if (UnbiasedEvery is { } every)
        {
            Check.That(RandomLength is null, nameof(RandomLength), "null with unbiased truncation, which draws its own lengths", RandomLength);
            Check.That(GradientLength is null, nameof(GradientLength), "null with unbiased truncation, for gradients then reach back to the chunk's start", GradientLength);
            Check.That(!DropLast, nameof(DropLast), "false with unbiased truncation, for which steps are left out would depend on the cuts", DropLast);
            Check.That(every >= 1 && every < ChunkLength, nameof(UnbiasedEvery), $"from 1 to below ChunkLength = {ChunkLength}, where every possible cut would be one", every);
        }
    }
}

/// <summary>
/// Chunks of random length, so that the cuts fall elsewhere in every epoch: the length is drawn from a normal distribution
/// around the chunk length, or now and then around half of it (Merity, Keskar and Socher, "Regularizing and Optimizing LSTM
/// Language Models", 2017, section 5).
/// </summary>
public sealed record RandomChunkLength
{
    /// <summary>How often the mean is half the chunk length.</summary>
    public double HalfProbability { get; init; } = 0.05;

    /// <summary>The standard deviation, in steps.</summary>
    public double StandardDeviation { get; init; } = 5;

    /// <summary>The shortest length that is drawn; only a stream's end makes shorter chunks.</summary>
    public int Minimum { get; init; } = 5;

    /// <summary>Where the lengths come from.</summary>
    public long Seed { get; init; }

    /// <summary>Draws a length.</summary>
    internal long Draw(int chunkLength, ref SplitMix64 random)
    {
        var mean = random.NextDouble() < HalfProbability ? chunkLength / 2.0 : chunkLength;
        return (long)Math.Max(Minimum, mean + (StandardDeviation * random.NextNormal()));
    }
}

/// <summary>
/// Where a <see cref="TruncatedBpttLoader"/> stands, with the state that it carries: what a checkpoint must keep to go on
/// with the same numbers. System.Text.Json writes all of it but the state, whose tensors go where weights go.
/// </summary>
/// <param name="Epoch">How many times the streams were walked through to their end.</param>
/// <param name="Step">The first step of the next chunk.</param>
/// <param name="From">The step that the kept state belongs to.</param>
/// <param name="Random">The state of the generator of random lengths.</param>
/// <param name="State">The state at <paramref name="From"/>; null at the streams' start. It belongs to the dispose scope in which the position was asked for.</param>
/// <param name="Streams">B, to recognise the streams.</param>
/// <param name="Steps">T, to recognise the streams.</param>
/// <param name="ChunkLength">k1, to recognise the options.</param>
/// <param name="GradientLength">k2, to recognise the options.</param>
public sealed record LoaderPosition(int Epoch, long Step, long From, ulong Random, [property: JsonIgnore] RecurrentState? State, long Streams, long Steps, int ChunkLength, int? GradientLength)
{
    /// <summary>What the state owes to the parameters, tensors [B, ..], of a loader with <see cref="TruncatedBpttOptions.Online"/> gradients; else null. They belong to the scope of <see cref="State"/>.</summary>
    [JsonIgnore]
    public IReadOnlyList<Tensor>? Sensitivity { get; init; }
}
