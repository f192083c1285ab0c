using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>A net with a random sequence, state and cotangents, to be run along several paths.</summary>
internal sealed class PathPair : IDisposable
{
    private readonly Tensor _input;
    private readonly Tensor[] _state;

    public PathPair(NetCase net, ScalarType dtype)
    {
        Net = net.Ours(BackwardPath.Autograd, dtype);
        _input = (net.BatchFirst ? LayerCase.Random(3, 7, net.I) : LayerCase.Random(7, 3, net.I)).to(dtype);
        _state = Array.ConvertAll(net.RandomState(3), part => part.to(dtype));
        Cotangents = [randn([.. _input.shape[..2], net.H * (net.Bidirectional ? 2 : 1)], dtype: dtype), .. _state.Select(part => randn_like(part))];
    }

    public RunnableNet Net { get; }

    public Tensor[] Cotangents { get; }

    private IRecurrentModule Module => (IRecurrentModule)Net.Module;

    public Tensor Loss(Tensor[] outputs) => outputs.Zip(Cotangents, (output, cotangent) => output.mul(cotangent).sum()).Aggregate((a, b) => a.add(b));

    public (Tensor[] Outputs, Dictionary<string, Tensor> Gradients) HandWritten() => Both(BackwardPath.HandWritten);

    public (Tensor[] Outputs, Dictionary<string, Tensor> Gradients) Autograd() => Both(BackwardPath.Autograd);

    public (Tensor[] Leaves, Tensor[] Outputs) Run(BackwardPath path)
    {
        Module.Backward = path;
        Tensor[] leaves = [_input.clone().requires_grad_(), .. _state.Select(part => part.clone().requires_grad_())];
        return (leaves, Net.Run(leaves[0], leaves[1..]));
    }

    public Dictionary<string, Tensor> Gradients(BackwardPath path, Func<Tensor[], Tensor> loss)
    {
        Net.Module.zero_grad();
        var (leaves, outputs) = Run(path);
        loss(outputs).backward();
        return Gradients(leaves);
    }

    /// <summary>What is in <c>grad</c>, by name; missing ones as zeros.</summary>
    public Dictionary<string, Tensor> Gradients(Tensor[] leaves)
    {
        return Named(leaves).ToDictionary(item => item.Key, item => item.Value.grad?.clone() ?? zeros_like(item.Value));
    }

    /// <summary>Everything that is differentiated, by name.</summary>
    public Dictionary<string, Tensor> Named(Tensor[] leaves)
    {
        (string Name, Tensor Value)[] all = [.. new[] { "input", "h0", "c0" }.Zip(leaves), .. Net.Module.named_parameters().Select(item => (item.Item1, (Tensor)item.Item2))];
        return all.ToDictionary(item => item.Name, item => item.Value);
    }

    /// <summary>A random tensor like each of <see cref="Named"/>.</summary>
    public Dictionary<string, Tensor> Directions() => Named([_input, .. _state]).ToDictionary(item => item.Key, item => randn_like(item.Value));

    public void Dispose() => Net.Dispose();

    private (Tensor[] Outputs, Dictionary<string, Tensor> Gradients) Both(BackwardPath path)
    {
        Module.Backward = path;
        return Net.RunAndDifferentiate(_input, _state, Cotangents);
    }
}
