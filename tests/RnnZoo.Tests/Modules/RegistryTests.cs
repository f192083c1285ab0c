using RnnZoo.Cli;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using RnnZoo.Tests.Cli;
using RnnZoo.Tests.Verification;
using RnnZoo.Verification;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>A net that only these tests have: one registration, and everything takes it.</summary>
public sealed class RegistryTests : IDisposable
{
    private readonly IDisposable _registration = RecurrentNets.Register(HalfRnn.Net);

    public void Dispose() => _registration.Dispose();

    [Fact]
    public void Registration_EndsWhenItIsDisposed_AndRefusesATakenName()
    {
        Assert.Equal("half", RecurrentNets.Names[^1]);
        var names = string.Join(", ", RecurrentNets.Names);
        Expect.Message<ArgumentException>($"net: expected a name besides {names}, got 'half'.", () => RecurrentNets.Register(HalfRnn.Net));
        _registration.Dispose();
        Assert.DoesNotContain("half", RecurrentNets.Names);
    }

    [Fact]
    public void Settings_AreTheConstantsOfTheEquations()
    {
        using var lem = SequenceModel.Create("lem", 3, 5, 2, settings: new Dictionary<string, double> { ["timeStep"] = 0.25 });
        using var usual = SequenceModel.Create("lem", 3, 5, 2);
        using var cornn = SequenceModel.Create("cornn", 3, 5, 2, settings: new Dictionary<string, double> { ["epsilon"] = 4.7, ["timeStep"] = 0.042, ["gamma"] = 2.7 });
        using var partly = SequenceModel.Create("cornn", 3, 5, 2, settings: new Dictionary<string, double> { ["gamma"] = 2.7 });
        using var janet = SequenceModel.Create("janet", 3, 5, 2, settings: new Dictionary<string, double> { ["beta"] = 0.5 });

        Assert.Equal((0.25, 1), (((Lem)lem.Recurrent).TimeStep, ((Lem)usual.Recurrent).TimeStep));
        Assert.Equal((0.042, 2.7, 4.7), Of(cornn));
        Assert.Equal((0.06, 2.7, 15), Of(partly));
        Assert.Equal(0.5, ((Janet)janet.Recurrent).Beta);
        Expect.Message<ArgumentException>("settings: expected only timeStep for 'lem', got 'gamma'.", () => SequenceModel.Create("lem", 3, 5, 2, settings: new Dictionary<string, double> { ["gamma"] = 1 }));
        Expect.Message<ArgumentException>("settings: expected none for 'gru', got 'timeStep'.", () => SequenceModel.Create("gru", 3, 5, 2, settings: new Dictionary<string, double> { ["timeStep"] = 1 }));
        Assert.StartsWith("timeStep: ", Assert.Throws<ArgumentException>(() => SequenceModel.Create("lem", 3, 5, 2, settings: new Dictionary<string, double> { ["timeStep"] = 0 })).Message, StringComparison.Ordinal);

        static (double, double, double) Of(SequenceModel model) => model.Recurrent is CoRnn net ? (net.TimeStep, net.Gamma, net.Epsilon) : default;
    }

    [Fact]
    public void Verification_CoversIt_AndCatchesEveryPlantedError()
    {
        var report = VerificationSuite.Run(nets: ["half"]);
        Assert.True(report.Passed, report.ToJson());
        Assert.All(report.Checks, check => Assert.Equal("half", check.Cell));
        Assert.Equal(["equations", "handwritten"], report.Checks.Select(check => check.Path).Distinct().Order());
        Assert.Equal(["autograd", "finite-differences"], report.Checks.Select(check => check.Against).Distinct().Order());

        using var net = new HalfRnn(5, 3, dtype: ScalarType.Float64);
        var terms = new Dictionary<string, long[]>();
        net.HandWritten!.Plant((term, value) =>
        {
            terms[term] = value.shape;
            return value;
        });
        Assert.True(GradientCheck.Run(net).Passed);
        Assert.Contains("half (4)", terms.Keys);
        foreach (var mutation in terms.SelectMany(term => Mutation.Of(term.Key, term.Value, gates: 1, hidden: 3)))
        {
            net.HandWritten.Plant(mutation.Hook);
            Assert.False(GradientCheck.Run(net).Passed, mutation.ToString());
        }
    }

    [Fact]
    public void TraceAndJacobian_AreThoseOfAutograd()
    {
        using var scope = NewDisposeScope();
        using var net = new HalfRnn(5, 7, dtype: ScalarType.Float64);
        var (x, dOutput) = (randn(6, 3, 5, dtype: ScalarType.Float64), randn(6, 3, 7, dtype: ScalarType.Float64));
        double[][] norms = [.. new[] { BackwardPath.HandWritten, BackwardPath.Autograd }.Select(path =>
        {
            net.Backward = path;
            using var trace = GradientTrace.Attach(net);
            net.call(x).Item1.mul(dOutput).sum().backward();
            return trace.Last![layer: 0].Hidden.ToArray();
        })];
        Assert.All(norms[0].Zip(norms[1]), pair => Assert.Equal(pair.First, pair.Second, 1e-12));

        var before = randn(3, 7, dtype: ScalarType.Float64);
        Expect.Close(
            StepJacobian.ByAutograd(net.CellAt(0)).At(x[0], new(before)),
            StepJacobian.For(net.CellAt(0)).At(x[0], new(before)), 1e-12, "J");
    }

    [Theory]
    [InlineData("verify --cells half --json")]
    [InlineData("compare parity --models half,lstm --lengths 5 --steps 2 --hidden 4 --json")]
    [InlineData("flow --models half --length 7 --hidden 5 --no-training --json")]
    [InlineData("lyapunov --cell half --hidden 4 --steps 30 --json")]
    public async Task EveryCommand_TakesIt(string command)
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, command);

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.Contains("\"half\"", run.Output, StringComparison.Ordinal);
    }
}
