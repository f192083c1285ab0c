using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>Dropout between layers, seen through a net of ones: without recurrence its output is the dropout of its input.</summary>
public sealed class DropoutTests
{
    private const long T = 13;
    private const long B = 17;
    private const long H = 19;

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.Native)]
    [InlineData(BackwardPath.HandWritten)]
    public void Training_DropsTheShareAskedForAndScalesTheRest(BackwardPath path)
    {
        const double p = 0.3;
        using var scope = NewDisposeScope();
        using var net = Identity(p, path);
        manual_seed(5);
        var (output, _) = net.call(ones(T, B, H));
        var share = output.eq(0).to(ScalarType.Float64).mean().item<double>();
        Assert.InRange(share, p - 0.03, p + 0.03); // four standard deviations of 4199 draws
        var kept = output.masked_select(output.ne(0));
        Expect.Close(full_like(kept, 1 / (1 - p)), kept, 1e-6, "kept outputs");
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.Native)]
    [InlineData(BackwardPath.HandWritten)]
    public void Evaluation_DropsNothing(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = Identity(0.9, path);
        net.eval();
        Expect.Close(ones(T, B, H), net.call(ones(T, B, H)).Item1, 0, "output");
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.Native)]
    [InlineData(BackwardPath.HandWritten)]
    public void FinalStates_AreNotDropped(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = Identity(0.5, path);
        var (_, h) = net.call(ones(T, B, H));
        Expect.Close(ones(B, H), h.select(0, 0), 0, "h_n of the first layer");
    }

    [Fact]
    public void OneLayer_HasNoDropout()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11, dropout: 0.9) { Backward = BackwardPath.Autograd };
        var x = randn(7, 3, 5);
        Expect.Close(net.call(x).Item1, net.call(x).Item1, 0, "output");
    }

    private static VanillaRnn Identity(double dropout, BackwardPath path)
    {
        var net = new VanillaRnn(H, H, 2, nn.NonLinearities.ReLU, bias: false, dropout: dropout) { Backward = path };
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, parameter) in net.named_parameters())
        {
            parameter.copy_(name.StartsWith("weight_ih", StringComparison.Ordinal) ? eye(H) : zeros(H, H));
        }

        return net;
    }

    [Fact]
    public void OfOneLayer_DoesNotReachLibtorchsModule_WhichWouldWarn()
    {
        Assert.Equal(0, RecurrentLayout.Checked(3, 4, numLayers: 1, batchFirst: false, dropout: 0.5, bidirectional: false).NativeDropout);
        Assert.Equal(0.5, RecurrentLayout.Checked(3, 4, numLayers: 2, batchFirst: false, dropout: 0.5, bidirectional: false).NativeDropout);
        using var lstm = new Lstm(3, 4, dropout: 0.5);
        Assert.Equal(0.5, lstm.Dropout);
    }
}
