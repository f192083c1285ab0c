using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>The tensors of one chunk, free of dispose scopes until they are closed.</summary>
internal sealed class ChunkTensors
{
    private const long IgnoredClass = -100; // cross_entropy's default

    private readonly List<Tensor> _owned = [];

    private ChunkTensors(Tensor all, Tensor input, Tensor target) => (All, Input, Target) = (all, input, target);

    /// <summary>[·, B, …]: the inputs of every step that is run.</summary>
    public Tensor All { get; }

    public Tensor Input { get; }

    public Tensor Target { get; }

    public Tensor? Mask { get; private set; }

    public Tensor? EarlierInput { get; private set; }

    public Tensor? EarlierTarget { get; private set; }

    public bool IsClosed { get; private set; }

    /// <param name="source">The streams.</param>
    /// <param name="plan">Which steps.</param>
    /// <param name="paddedLength">How many steps to pad to; 0 for none.</param>
    public static ChunkTensors Read(StreamSource source, ChunkPlan plan, long paddedLength)
    {
        using var scope = NewDisposeScope();
        var slice = Checked(source, source.Read(plan.From, plan.End - plan.From), plan);
        var (counted, length) = (plan.Counted - plan.From, plan.End - plan.Counted);
        var padding = Math.Max(0, paddedLength - length);
        ChunkTensors tensors;
        if (padding > 0)
        {
            var input = Pad(slice.Input, padding, 0);
            tensors = new ChunkTensors(input, input, Pad(slice.Target, padding, slice.Target.is_floating_point() ? 0 : IgnoredClass))
            {
                Mask = cat([ones(length, source.Streams, dtype: ScalarType.Bool), zeros(padding, source.Streams, dtype: ScalarType.Bool)], 0).to(input.device), // [k, B]
            };
        }
        else if (counted == 0)
        {
            tensors = new ChunkTensors(slice.Input, slice.Input, slice.Target);
        }
        else
        {
            tensors = new ChunkTensors(slice.Input, slice.Input.narrow(0, counted, length), slice.Target.narrow(0, counted, length));
        }

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
        foreach (var tensor in new[] { All, Input, Target, Mask, EarlierInput, EarlierTarget })
        {
            if (tensor is not null && scope.Contains(tensor))
            {
                scope.Detach(tensor);
                _owned.Add(tensor);
            }
        }
    }

    private static Tensor Pad(Tensor value, long padding, long with)
    {
        long[] shape = [padding, .. value.shape.AsSpan(1)];
        return cat([value, full(shape, with, dtype: value.dtype, device: value.device)], 0);
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
