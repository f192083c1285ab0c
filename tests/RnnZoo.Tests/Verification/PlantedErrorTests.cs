using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using RnnZoo.Tests.Plots;
using RnnZoo.Verification;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Verification;

/// <summary>The verifier must see every single wrong term of every backward equation.</summary>
public sealed class PlantedErrorTests
{
    private const long H = 3;
    private static readonly GradientCheckOptions AgainstPaths = new() { Steps = 3, Batch = 2, FiniteDifferences = false };
    private static readonly GradientCheckOptions Everything = new() { Steps = 3, Batch = 2 };

    [Theory]
    [InlineData("tanh", 12)]
    [InlineData("relu", 10)]
    [InlineData("linear", 10)]
    [InlineData("lstm", 27)]
    [InlineData("gru", 22)]
    [InlineData("layernorm-lstm", 40)]
    [InlineData("mingru", 13)]
    [InlineData("orthogonal", 9)]
    [InlineData("indrnn", 9)]
    [InlineData("slstm", 31)]
    [InlineData("janet", 19)]
    [InlineData("peephole-lstm", 34)]
    [InlineData("cornn", 21)]
    [InlineData("lem", 33)]
    [InlineData("minlstm", 18)]
    [InlineData(TestNets.PlainMinLstm, 14)]
    [InlineData("rg-lru", 21)]
    [InlineData("lru", 28)]
    public void EveryWrongTerm_IsCaught(string cell, int count)
    {
        using var net = new PlantableNet(cell);
        Assert.True(GradientCheck.Run(net.Module, Everything).Passed);
        var terms = net.Terms();
        Assert.Equal(count, terms.Count);
        string[] missed = [.. from term in terms
                              from mutation in Mutation.Of(term.Key, term.Value, net.Gates, H)
                              where Passes(mutation, AgainstPaths)
                              select mutation.ToString()];
        Assert.Empty(missed);

        bool Passes(Mutation mutation, GradientCheckOptions options)
        {
            net.HandWritten.Plant(mutation.Hook);
            return GradientCheck.Run(net.Module, options).Passed;
        }
    }

    public static TheoryData<string> SmoothNets() => [.. TestNets.Names.Except(["relu", "linear"])];

    [Theory]
    [MemberData(nameof(SmoothNets))]
    public void EveryWrongTerm_IsCaughtByFiniteDifferencesAlone(string cell)
    {
        using var net = new PlantableNet(cell);
        var missed = new List<string>();
        foreach (var (term, shape) in net.Terms())
        {
            foreach (var mutation in Mutation.Of(term, shape, gates: 1, H))
            {
                net.HandWritten.Plant(mutation.Hook);
                var differences = GradientCheck.Run(net.Module, Everything).Checks.Where(check => check.Against == "finite-differences").ToArray();
                Assert.NotEmpty(differences);
                if (differences.All(check => check.Passed))
                {
                    missed.Add(mutation.ToString());
                }
            }
        }

        Assert.Empty(missed);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void OneNumberThatIsNotFinite_IsCaught_AndReportedAsNull(double number)
    {
        using var net = new PlantableNet("gru");
        net.HandWritten.Plant((term, value) =>
        {
            if (term != "layer (4) dx")
            {
                return value;
            }

            var wrong = value.clone();
            wrong[3, 0].fill_(number); // t = 1, b = 1 of two sequences
            return wrong;
        });
        var report = GradientCheck.Run(net.Module, Everything);
        Assert.False(report.Passed);
        var failures = report.Failures.ToArray();
        Assert.Equal(["autograd", "finite-differences", "native"], failures.Select(check => check.Against).Order());
        Assert.All(failures, check => Assert.Equal("input", check.Tensor));
        Assert.All(failures, check => Assert.Equal([1L, 1L], check.Index.Take(2)));
        Assert.Contains("\"maxAbsolute\": null", report.ToJson(), StringComparison.Ordinal);
    }

    /// <summary>A net of one layer whose equations can be spoiled.</summary>
    private sealed class PlantableNet : IDisposable
    {
        public PlantableNet(string cell)
        {
            Module = TestNets.Make(cell, new NetOptions(5, H));
            HandWritten = Module.HandWritten!;
            Gates = ((EquationCell)Module.CellAt(0)).Gates.Count;

            // Larger than the default, so that no term is small.
            using var noTape = no_grad();
            using var generator = new Generator(5);
            using var scope = NewDisposeScope();
            foreach (var parameter in ((nn.Module)Module).parameters())
            {
                parameter.copy_(randn(parameter.shape, dtype: ScalarType.Float64, generator: generator).mul(0.7));
            }
        }

        public IRecurrentModule Module { get; }

        public HandWrittenRecurrence HandWritten { get; }

        public int Gates { get; }

        /// <summary>Every term that a backward pass uses, with its shape.</summary>
        public Dictionary<string, long[]> Terms()
        {
            var terms = new Dictionary<string, long[]>();
            HandWritten.Plant((term, value) =>
            {
                terms[term] = value.shape;
                return value;
            });
            Assert.True(GradientCheck.Run(Module, AgainstPaths).Passed);
            return terms;
        }

        public void Dispose() => ((nn.Module)Module).Dispose();
    }
}
