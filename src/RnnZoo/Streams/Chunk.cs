using RnnZoo.Cells;
using RnnZoo.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>
/// Some steps of all streams, and the state that they start from. Every chunk must be run, by one of the
/// <see cref="Run(SequenceModel)"/> methods or by hand with <see cref="State"/> and <see cref="Carry"/>, for the state to
/// go on; asking the loader for the next chunk without that is an error.
/// </summary>
/// <remarks>
/// The chunk's own tensors belong to the loader, which disposes them when the next chunk is asked for. What running makes
/// belongs to the innermost dispose scope.
/// </remarks>
public sealed class Chunk
{
    private readonly ChunkTensors _tensors;
    private readonly ChunkRunner _runner;
    private readonly OnlineGradient? _online;

    internal Chunk(int epoch, ChunkPlan plan, double learningRateFactor, ChunkTensors tensors, ChunkRunner runner, OnlineGradient? online)
    {
        (Epoch, Plan, LearningRateFactor, _tensors, _runner, _online) = (epoch, plan, learningRateFactor, tensors, runner, online);
    }

    /// <summary>How many times the streams were walked through before.</summary>
    public int Epoch { get; }

    /// <summary>The first step of the streams that <see cref="Input"/> holds.</summary>
    public long Start => Plan.Counted;

    /// <summary>Whether the streams end with this chunk.</summary>
    public bool IsLast => Plan.NextFrom is null;

    /// <summary>[k, B, …]: the inputs of the steps whose losses count.</summary>
    public Tensor Input => _tensors.Input;

    /// <summary>[k, B, …]: the targets of the steps whose losses count.</summary>
    public Tensor Target => _tensors.Target;

    /// <summary>What to multiply the learning rate with: with random lengths the chunk's length over the usual one, else 1.</summary>
    public double LearningRateFactor { get; }

    /// <summary>
    /// For a model that is run by hand: the state to start from, cut off from all chunks before; null at the streams' start,
    /// where the model's zeros are right. Hand the final state to <see cref="Carry"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The chunk has to be run in pieces; the message says why.</exception>
    public RecurrentState? State => _runner.StateOfOnePiece();

    internal ChunkPlan Plan { get; }

    /// <summary>What the next chunk starts from; the loader's.</summary>
    internal CarriedPast? Next { get; private set; }

    internal bool HasRun { get; private set; }

    /// <summary>Runs a model of this library, token ids or features to outputs.</summary>
    /// <param name="model">The model; time comes first.</param>
    /// <returns>[k, B, O]: the outputs that <see cref="Target"/> asks for.</returns>
    /// <exception cref="ArgumentException">The model takes the batch first.</exception>
    /// <exception cref="NotSupportedException">The loader's gradients are online, which the net does not allow; the message says why.</exception>
    public Tensor Run(SequenceModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        ChunkRunner.CheckForwards(model.Recurrent);
        return Run(model.call, _online is { } online ? OnlineSensitivity.Of(online, model.Recurrent, model.Encode) : null);
    }

    /// <summary>Runs a recurrent module of this library.</summary>
    /// <param name="module">The module; time comes first, and the sequence is read forwards alone.</param>
    /// <returns>[k, B, H]: h of the last layer at the steps that <see cref="Target"/> asks for.</returns>
    /// <exception cref="ArgumentException">The module takes the batch first, or reads both ways.</exception>
    /// <exception cref="NotSupportedException">The loader's gradients are online, which the net does not allow; the message says why.</exception>
    public Tensor Run(IRecurrentModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        ChunkRunner.CheckForwards(module);
        return Run(module.Run, _online is { } online ? OnlineSensitivity.Of(online, module) : null);
    }

    /// <summary>Runs a net whose state is one tensor, such as nn.RNN and nn.GRU.</summary>
    /// <param name="net">(input [·, B, …], h or null) → (output [·, B, …], h).</param>
    /// <returns>[k, B, …]: the outputs that <see cref="Target"/> asks for.</returns>
    public Tensor Run(Func<Tensor, Tensor?, (Tensor Output, Tensor Hidden)> net)
    {
        ArgumentNullException.ThrowIfNull(net);
        return Run((input, state) =>
        {
            var (output, hidden) = net(input, RecurrentState.One(state));
            return new RecurrentResult(output, new RecurrentState(hidden));
        });
    }

    /// <summary>Runs a net whose state is two tensors, such as nn.LSTM.</summary>
    /// <param name="net">(input [·, B, …], (h, c) or null) → (output [·, B, …], h, c).</param>
    /// <returns>[k, B, …]: the outputs that <see cref="Target"/> asks for.</returns>
    public Tensor Run(Func<Tensor, (Tensor, Tensor)?, (Tensor Output, Tensor Hidden, Tensor Cell)> net)
    {
        ArgumentNullException.ThrowIfNull(net);
        return Run((input, state) =>
        {
            var (output, hidden, cell) = net(input, RecurrentState.Two(state));
            return new RecurrentResult(output, new RecurrentState(hidden, cell));
        });
    }

    /// <summary>
    /// Runs any net. It is called once, or several times where a document starts inside the chunk or gradients reach back
    /// another length than the chunk's: then for one piece after the other, with the state as it has to be there.
    /// </summary>
    /// <param name="net">(input [·, B, …], state or null for the net's zeros) → output [·, B, …] and the final state. A state
    /// of several tensors is a <see cref="RecurrentState"/> of them.</param>
    /// <returns>[k, B, …]: the outputs that <see cref="Target"/> asks for.</returns>
    /// <exception cref="InvalidOperationException">What the net returned does not fit, or the loader's gradients are online.</exception>
    /// <exception cref="ObjectDisposedException">The loader has gone on to another chunk.</exception>
    /// <remarks>Running a chunk again starts from the same state; the last run's final state goes on.</remarks>
    public Tensor Run(Func<Tensor, RecurrentState?, RecurrentResult> net)
    {
        ArgumentNullException.ThrowIfNull(net);
        RequireNoOnline();
        return Run(net, online: null);
    }

    /// <summary>For a model that was run by hand from <see cref="State"/>: hands the final state on. It is detached here.</summary>
    /// <param name="state">h, or h and c, or whatever parts the state has.</param>
    /// <exception cref="ArgumentException">The parts are not those of the state before.</exception>
    /// <exception cref="InvalidOperationException">The chunk has to be run in pieces, or the loader's gradients are online; the message says why.</exception>
    /// <exception cref="ObjectDisposedException">The loader has gone on to another chunk.</exception>
    public void Carry(params Tensor[] state)
    {
        ObjectDisposedException.ThrowIf(_tensors.IsClosed, this);
        RequireNoOnline();
        Keep(_runner.CarryOfOnePiece(new RecurrentState(state)));
    }

    /// <summary>Gives up the chunk's tensors, and the state that it would have handed on, unless that was taken.</summary>
    internal void Close(bool keepNext)
    {
        _tensors.Close();
        if (!keepNext)
        {
            Next?.Dispose();
        }

        Next = null;
    }

    private Tensor Run(Func<Tensor, RecurrentState?, RecurrentResult> net, OnlineSensitivity? online)
    {
        ObjectDisposedException.ThrowIf(_tensors.IsClosed, this);
        var run = _runner.Run(net, online);
        Keep(run.Next);
        return run.Output;
    }

    private void RequireNoOnline()
    {
        if (_online is not null)
        {
            throw new InvalidOperationException("Online: expected a model or a recurrent module of this library in chunk.Run, whose equations say what its state owes to its parameters, got a net that is run by hand or by a function.");
        }
    }

    private void Keep(CarriedPast? next)
    {
        Next?.Dispose();
        (Next, HasRun) = (next, true);
    }
}

/// <summary>The tensors of one chunk, free of dispose scopes until they are closed.</summary>
internal sealed class ChunkTensors
{
    private readonly List<Tensor> _owned = [];

    private ChunkTensors(Tensor all, Tensor input, Tensor target) => (All, Input, Target) = (all, input, target);

    /// <summary>[·, B, …]: the inputs of every step that is run.</summary>
    public Tensor All { get; }

    public Tensor Input { get; }

    public Tensor Target { get; }

    public bool IsClosed { get; private set; }

    public static ChunkTensors Read(StreamSource source, ChunkPlan plan)
    {
        using var scope = NewDisposeScope();
        var slice = Checked(source, source.Read(plan.From, plan.End - plan.From), plan);
        var (counted, length) = (plan.Counted - plan.From, plan.End - plan.Counted);
        var tensors = counted == 0
            ? new ChunkTensors(slice.Input, slice.Input, slice.Target)
            : new ChunkTensors(slice.Input, slice.Input.narrow(0, counted, length), slice.Target.narrow(0, counted, length));
        tensors.Own(scope);
        return tensors;
    }

    public void Close()
    {
        IsClosed = true;
        _owned.ForEach(tensor => tensor.Dispose());
        _owned.Clear();
    }

    // What a source hands out without having made it, it keeps.
    private void Own(DisposeScope scope)
    {
        foreach (var tensor in new[] { All, Input, Target })
        {
            if (scope.Contains(tensor))
            {
                scope.Detach(tensor);
                _owned.Add(tensor);
            }
        }
    }

    private static StreamSlice Checked(StreamSource source, StreamSlice slice, ChunkPlan plan)
    {
        foreach (var (name, tensor) in new[] { (nameof(slice.Input), slice.Input), (nameof(slice.Target), slice.Target) })
        {
            var shape = tensor?.shape;
            if (shape is not { Length: >= 2 } || shape[0] != plan.End - plan.From || shape[1] != source.Streams)
            {
                var got = shape is null ? "null" : Check.Show(shape);
                throw new InvalidOperationException($"{source.GetType().Name}.Read: {name}: expected [T, B, …] with T = {plan.End - plan.From} and B = {source.Streams}, got {got}.");
            }
        }

        return slice;
    }
}
