using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>Drop-ins against the modules of torch.nn: outputs and every gradient, with random cotangents.</summary>
public sealed class NativeEqualityTests
{
    private const long T = 7;
    private const long B = 3;

    public static TheoryData<NetCase> Cases()
    {
        var data = new TheoryData<NetCase>();
        foreach (var net in new[] { "RNN", "RELU", "LSTM", "GRU" })
        {
            foreach (var layers in new[] { 1, 2, 3 })
            {
                foreach (var bits in Enumerable.Range(0, 8))
                {
                    data.Add(new NetCase(net, layers, (bits & 1) != 0, (bits & 2) == 0, (bits & 4) != 0));
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void OutputsAndGradients_WithInitialState_EqualNative(NetCase net) => CompareBothPaths(net, withState: true);

    [Theory]
    [InlineData("RNN")]
    [InlineData("RELU")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void OutputsAndGradients_WithoutInitialState_EqualNative(string net) =>
        CompareBothPaths(new NetCase(net, Layers: 2, Bidirectional: true), withState: false);

    [Theory]
    [InlineData("RNN")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void Autograd_OneStep_EqualsNative(string net) => CompareBothPaths(new NetCase(net, Layers: 2, Bidirectional: true), withState: true, steps: 1);

    [Theory]
    [InlineData("RNN")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void EmptyBatch_GivesEmptyOutputsAndZeroGradients(string name)
    {
        using var scope = NewDisposeScope();
        var net = new NetCase(name, Layers: 2, Bidirectional: true);
        long[][] shapes = [[T, 0, 2 * net.H], .. Enumerable.Repeat(new[] { net.StateRows, 0, net.H }, net.StateParts)];
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.Native })
        {
            using var ours = net.Ours(path);
            var input = zeros(T, 0, net.I, dtype: ScalarType.Float64);
            var (outputs, gradients) = ours.RunAndDifferentiate(input, [], [.. shapes.Select(shape => zeros(shape, dtype: ScalarType.Float64))]);
            Assert.Equal(shapes, outputs.Select(output => output.shape));
            Assert.All(gradients.Where(item => item.Key != "input"), item => Assert.Equal(0, item.Value.abs().max().item<double>()));
        }
    }

    private static void CompareBothPaths(NetCase net, bool withState, long steps = T)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(17);
        Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: random);

        using var native = net.Native();
        var input = net.BatchFirst ? Random(B, steps, net.I) : Random(steps, B, net.I);
        Tensor[] states = withState ? [.. Enumerable.Range(0, net.StateParts).Select(_ => Random(net.StateRows, B, net.H))] : [];
        Tensor[] cotangents = [.. native.Run(input, states).Select(output => Random(output.shape))];
        var (outputs, gradients) = native.RunAndDifferentiate(input, states, cotangents);
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.Native })
        {
            using var ours = net.Ours(path);
            ours.Module.load_state_dict(native.Module.state_dict());
            var (ourOutputs, ourGradients) = ours.RunAndDifferentiate(input, states, cotangents);
            for (var part = 0; part < outputs.Length; part++)
            {
                Expect.Close(outputs[part], ourOutputs[part], 1e-12, $"{net} {path}: output {part}");
            }

            Expect.Close(gradients, ourGradients, 1e-12, $"{net} {path}");
        }
    }
}
