using RnnZoo.Bptt;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tests.Bptt;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>A net with a random sequence, random state and random cotangents of output and final state, and its traces.</summary>
internal sealed class TracedNet : IDisposable
{
    private readonly PathPair _pair;

    public TracedNet(NetCase net, ScalarType dtype = ScalarType.Float64) => _pair = new PathPair(net, dtype);

    public nn.Module Module => _pair.Net.Module;

    public IRecurrentModule Recurrent => (IRecurrentModule)Module;

    /// <summary>The norms along one path.</summary>
    public GradientNorms Norms(BackwardPath path, bool shares = true, Func<Tensor[], Tensor>? loss = null, bool createGraph = false)
    {
        using var trace = GradientTrace.Attach(Module, new GradientTraceOptions { WeightShares = shares });
        var (_, outputs) = _pair.Run(path);
        Gradient.Backward((loss ?? _pair.Loss)(outputs), createGraph: createGraph);
        return trace.Last!;
    }

    /// <summary>Every norm by name.</summary>
    public static IEnumerable<(string Name, IReadOnlyList<double>? Values)> All(GradientNorms norms) => norms.Layers.SelectMany(layer => new[]
    {
        ($"h {layer.Layer} {layer.Direction}", layer.Hidden),
        ($"h future {layer.Layer} {layer.Direction}", layer.HiddenFromFuture),
        ($"c {layer.Layer} {layer.Direction}", layer.Cell),
        ($"c future {layer.Layer} {layer.Direction}", layer.CellFromFuture),
        ($"share {layer.Layer} {layer.Direction}", layer.WeightShares),
    });

    public static void ExpectEqual(GradientNorms expected, GradientNorms actual, double tolerance)
    {
        foreach (var ((name, a), (otherName, b)) in All(expected).Zip(All(actual)))
        {
            Assert.Equal(name, otherName);
            Assert.Equal(a?.Count, b?.Count);
            for (var t = 0; t < a?.Count; t++)
            {
                Assert.True(Math.Abs(a[t] - b![t]) <= tolerance * a[t], $"{name} at {t}: expected {a[t]:R}, got {b[t]:R}");
            }
        }

        Assert.Equal(expected.Layers.Count, actual.Layers.Count);
    }

    public void Dispose() => _pair.Dispose();
}
