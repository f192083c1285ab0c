using System.Text.Json;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using RnnZoo.Verification;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Verification;

/// <summary>What a verification compares, reports and leaves behind.</summary>
public sealed class GradientCheckTests
{
    private static readonly GradientCheckOptions Small = new() { Steps = 3, Batch = 2 };

    [Fact]
    public void Lstm_IsComparedWithEveryOtherWay_TensorByTensor()
    {
        using var net = new Lstm(3, 5, bidirectional: true, dtype: ScalarType.Float64);
        var report = GradientCheck.Run(net, Small);
        Assert.True(report.Passed, report.ToJson());
        string[] gradients = ["input", "h0", "c0", .. net.named_parameters().Select(item => item.Item1)];
        Assert.Equal(gradients.Order(), Tensors("finite-differences"));
        Assert.Equal([.. gradients.Concat(["output", "hn", "cn"]).Order()], Tensors("autograd"));
        Assert.Equal(Tensors("autograd"), Tensors("native"));
        Assert.All(report.Checks, check => Assert.Equal(("lstm", "1 layer, bidirectional", "float64"), (check.Cell, check.Net, check.DType)));
        Assert.Equal(report.Checks.Count, 2 * report.Checks.Count(check => check.Path == "handwritten"));
        Assert.Equal(report.Checks.Count, 2 * report.Checks.Count(check => check.Path == "equations"));
        Assert.False(net.HandWritten!.EquationsOnly);

        string[] Tensors(string against) => [.. report.Checks.Where(check => check.Path == "handwritten" && check.Against == against).Select(check => check.Tensor).Order()];
    }

    [Fact]
    public void Float32_IsComparedWithAutogradAndNative()
    {
        using var net = new Gru(3, 5, numLayers: 2, batchFirst: true, bias: false);
        var report = GradientCheck.Run(net);
        Assert.True(report.Passed, report.ToJson());
        Assert.Equal(["autograd", "native"], report.Checks.Select(check => check.Against).Distinct().Order());
        Assert.All(report.Checks, check => Assert.Equal(("float32", "2 layers, no bias, batch first"), (check.DType, check.Net)));
        Assert.Contains(report.Checks, check => check.MaxRelative > 0);
    }

    [Fact]
    public void OwnCell_IsComparedWithFiniteDifferences()
    {
        using var net = new Recurrent(3, (_, _, size) => new LeakyCell(size, 5), numLayers: 2);
        var report = GradientCheck.Run(net, Small);
        Assert.True(report.Passed, report.ToJson());
        Assert.All(report.Checks, check => Assert.Equal(("LeakyCell", "autograd", "finite-differences"), (check.Cell, check.Path, check.Against)));
        Assert.Contains(report.Checks, check => check.Tensor == "mix.weight_l1");
        Assert.Contains(report.Checks, check => check.Tensor == "c0");
    }

    [Fact]
    public void OwnCellWithAWrongGradient_IsCaught()
    {
        using var net = new Recurrent(3, (_, _, size) => new DetachingCell(size, 5));
        var report = GradientCheck.Run(net, Small);
        Assert.False(report.Passed);
        Assert.Contains(report.Failures, check => check.Tensor == "h0");
    }

    [Fact]
    public void NothingToCompareWith_IsAnError()
    {
        using var float32 = new Recurrent(3, (_, _, size) => new LeakyCell(size, 5, ScalarType.Float32));
        Assert.StartsWith("module: expected one that can be compared with something", Assert.Throws<ArgumentException>(() => GradientCheck.Run(float32)).Message, StringComparison.Ordinal);
        using var own = new Recurrent(3, (_, _, size) => new LeakyCell(size, 5));
        Assert.Throws<ArgumentException>(() => GradientCheck.Run(own, Small with { FiniteDifferences = false }));
        Assert.False(new GradientReport([]).Passed);
        Assert.False(GradientReport.Join([]).Passed);
    }

    [Fact]
    public void ActiveDropoutAndWrongOptions_AreNamed()
    {
        using var net = new Gru(3, 5, numLayers: 2, dropout: 0.5, dtype: ScalarType.Float64);
        Expect.Message<ArgumentException>("module: expected one without active dropout, which draws other numbers each time; call eval() first.", () => GradientCheck.Run(net));
        net.eval();
        Assert.True(GradientCheck.Run(net, Small with { FiniteDifferences = false }).Passed);
        Expect.Message<ArgumentException>("Steps, Batch: expected at least 1 of each, got 0 and 3.", () => GradientCheck.Run(net, new GradientCheckOptions { Steps = 0 }));
        Assert.Throws<ArgumentException>(() => GradientCheck.Run(net, new GradientCheckOptions { RelativeFloat64 = double.NaN }));
    }

    [Fact]
    public void Module_IsLeftAsItWas()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(3, 5, dtype: ScalarType.Float64) { Backward = BackwardPath.Native };
        net.get_parameter("bias_hh_l0")!.requires_grad = false;
        var before = net.named_parameters().ToDictionary(item => item.Item1, item => item.Item2.detach().clone());
        var live = Expect.LiveTensors;
        var report = GradientCheck.Run(net, Small);
        Assert.True(report.Passed);
        Assert.Equal(live + 1, Expect.LiveTensors); // the memory of the layer's next pass
        Assert.DoesNotContain(report.Checks, check => check.Tensor == "bias_hh_l0");
        Assert.Equal(BackwardPath.Native, net.Backward);
        foreach (var (name, parameter) in net.named_parameters())
        {
            Assert.Null(parameter.grad);
            Expect.Close(before[name], parameter, 0, name);
        }
    }

    [Fact]
    public void Json_HasTheNamedFields()
    {
        using var net = new VanillaRnn(3, 5, dtype: ScalarType.Float64);
        var report = GradientCheck.Run(net, Small);
        using var json = JsonDocument.Parse(report.ToJson());
        Assert.True(json.RootElement.GetProperty("passed").GetBoolean());
        var checks = json.RootElement.GetProperty("checks");
        Assert.Equal(report.Checks.Count, checks.GetArrayLength());
        var (first, expected) = (checks[0], report.Checks[0]);
        Assert.Equal("vanilla", first.GetProperty("cell").GetString());
        Assert.Equal("tanh, 1 layer", first.GetProperty("net").GetString());
        Assert.Equal("autograd", first.GetProperty("against").GetString());
        Assert.Equal("float64", first.GetProperty("dtype").GetString());
        Assert.Equal(expected.Tensor, first.GetProperty("tensor").GetString());
        Assert.Equal(expected.MaxAbsolute, first.GetProperty("maxAbsolute").GetDouble());
        Assert.Equal(expected.MaxRelative, first.GetProperty("maxRelative").GetDouble());
        Assert.True(first.GetProperty("passed").GetBoolean());
    }

    [Fact]
    public void Suite_PassesAndCoversEveryCell()
    {
        var nets = new List<GradientReport>();
        var report = VerificationSuite.Run(progress: nets.Add);
        Assert.True(report.Passed, string.Join("\n", report.Failures));
        Assert.Equal(RecurrentNets.All.Count * 2 * 2 * 3, nets.Count);
        Assert.Equal(RecurrentNets.Names.Order(), report.Checks.Select(check => check.Cell).Distinct().Order());
        foreach (var cell in new[] { "vanilla", "lstm", "gru" })
        {
            var found = report.Checks.Where(check => check.Cell == cell).ToArray();
            Assert.Equal(["autograd", "finite-differences", "native"], found.Select(check => check.Against).Distinct().Order());
            Assert.Contains(found, check => check.DType == "float32");
            Assert.Contains(found, check => check.Tensor == "weight_hh_l1_reverse" && check.Against == "finite-differences");
        }

        foreach (var net in RecurrentNets.All.Where(net => net.Name is not ("vanilla" or "lstm" or "gru" or "irnn")))
        {
            using var module = (nn.Module)net.Make(new NetOptions(7, 5, 2) { Bidirectional = true });
            var found = report.Checks.Where(check => check.Cell == net.Name).ToArray();
            Assert.Equal(["autograd", "finite-differences"], found.Select(check => check.Against).Distinct().Order());
            Assert.Contains(found, check => check.DType == "float32");
            Assert.Empty(module.named_parameters().Select(item => item.Item1).Except(found.Where(check => check.Against == "finite-differences").Select(check => check.Tensor)));
        }
    }

    /// <summary>A cell with a mistake that users make: the state is cut off from the tape.</summary>
    private sealed class DetachingCell : RecurrentCell
    {
        private readonly GruCell _inner;

        public DetachingCell(long inputSize, long hiddenSize) : base(nameof(DetachingCell), inputSize, hiddenSize)
        {
            _inner = new GruCell(inputSize, hiddenSize, dtype: ScalarType.Float64);
            RegisterComponents();
        }

        public override RecurrentState Step(Tensor x, RecurrentState state) => _inner.Step(x, state.Detach());
    }
}
