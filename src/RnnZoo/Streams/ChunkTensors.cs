using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>The tensors of one chunk, free of dispose scopes until they are closed.</summary>
internal sealed class ChunkTensors
{
    private readonly List<Tensor> _owned = [];

    private ChunkTensors(Tensor all, Tensor input, Tensor target) => (All, Input, Target) = (all, input, target);

    /// <summary>[·, B, …]: the inputs of every step that is run.</summary>
    public Tensor All { get; }

    public Tensor Input { get; }

    public Tensor Target { get; }

    public Tensor? EarlierInput { get; private set; }

    public Tensor? EarlierTarget { get; private set; }

    public bool IsClosed { get; private set; }

    /// <param name="source">The streams.</param>
    /// <param name="plan">Which steps.</param>
    public static ChunkTensors Read(StreamSource source, ChunkPlan plan)
    {
        using var scope = NewDisposeScope();
        var slice = Checked(source, source.Read(plan.From, plan.End - plan.From), plan);
        var (counted, length) = (plan.Counted - plan.From, plan.End - plan.Counted);
        var tensors = counted == 0
            ? new ChunkTensors(slice.Input, slice.Input, slice.Target)
            : new ChunkTensors(slice.Input, slice.Input.narrow(0, counted, length), slice.Target.narrow(0, counted, length));
        if (plan.GradientStart > plan.Start)
        {
            tensors.EarlierInput = slice.Input.narrow(0, 0, counted); // [·, B, …]
            tensors.EarlierTarget = slice.Target.narrow(0, 0, counted); // [·, B, …]
        }

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
        foreach (var tensor in new[] { All, Input, Target, EarlierInput, EarlierTarget })
        {
            if (tensor is not null && scope.Contains(tensor))
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
                var got = shape is null ? "null" : $"[{string.Join(", ", shape)}]";
                throw new InvalidOperationException($"{source.GetType().Name}.Read: {name}: expected [T, B, …] with T = {plan.End - plan.From} and B = {source.Streams}, got {got}.");
            }
        }

        return slice;
    }
}
