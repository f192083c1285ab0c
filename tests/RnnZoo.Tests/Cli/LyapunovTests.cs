using System.Text.Json;
using System.Xml.Linq;
using RnnZoo.Cli;
using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Cli;

public class LyapunovTests
{
    private const string Small = "lyapunov --hidden 6 --steps 300 --warm-up 40";

    [Fact]
    public async Task Files_OfARun_AreWholeAndAgree()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, Small + " --exponents 6 --json --output out");

        Assert.Equal((ExitCodes.Success, $"Written to {folder.File("out")}"), (run.ExitCode, run.Error.Trim()));
        Assert.Equal(run.Output, await File.ReadAllTextAsync(folder.File("out/results.json")));
        Assert.Equal("svg", XElement.Load(folder.File("out/chart.svg")).Name.LocalName);
        var json = run.Json;
        Assert.Equal(("vanilla", false, 6), (json.GetProperty("model").GetString(), json.GetProperty("trained").GetBoolean(), json.GetProperty("hidden").GetInt32()));
        var result = Assert.Single(json.GetProperty("results").EnumerateArray());
        var exponents = Numbers(result.GetProperty("exponents"));
        Assert.Equal(6, exponents.Length);
        Assert.Equal(exponents.OrderDescending(), exponents);
        Assert.Equal(exponents.Sum(), result.GetProperty("sum").GetDouble(), 1e-9);
        Assert.True(exponents[0] <= result.GetProperty("rateBound").GetDouble());
        var history = result.GetProperty("history").EnumerateArray().ToArray();
        Assert.Equal(300, history[^1].GetProperty("steps").GetInt64());
        Assert.Equal(exponents, Numbers(history[^1].GetProperty("exponents")).OrderDescending());
    }

    [Fact]
    public async Task Json_SameSeed_GivesTheSameNumbers()
    {
        using var folder = new TemporaryFolder();

        var one = await CliRun.Of(folder.Path, Small + " --cell gru --json --seed 3");
        var same = await CliRun.Of(folder.Path, Small + " --cell gru --json --seed 3");
        var other = await CliRun.Of(folder.Path, Small + " --cell gru --json --seed 4");

        Assert.Equal(one.Output, same.Output);
        Assert.NotEqual(one.Output, other.Output);
    }

    [Fact]
    public async Task Cell_OfEveryNet_BeginsAsTheNetItself()
    {
        using var folder = new TemporaryFolder();
        foreach (var net in RecurrentNets.All)
        {
            var run = await CliRun.Of(folder.Path, $"lyapunov --hidden 6 --steps 30 --warm-up 5 --cell {net.Name} --json");

            Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
            Assert.Equal((net.Name, net.Starts[0]), (run.Json.GetProperty("model").GetString(), run.Json.GetProperty("init").GetString()));
        }
    }

    [Theory]
    [InlineData("vanilla", 1)]
    [InlineData("lstm", 2)]
    [InlineData("gru", 1)]
    public async Task Cell_OfEveryKind_HasItsStateSizeAndABoundIfVanilla(string cell, int parts)
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, $"{Small} --cell {cell} --gain 1.5 --json");

        var result = run.Json.GetProperty("results")[0];
        Assert.Equal(6 * parts, result.GetProperty("stateSize").GetInt32());
        if (cell == "vanilla")
        {
            Assert.Equal(1.5, result.GetProperty("spectralNorm").GetDouble(), 1e-12);
        }
        else
        {
            Assert.Equal(JsonValueKind.Null, result.GetProperty("rateBound").ValueKind);
        }
    }

    [Fact]
    public async Task Table_OfAnOrthogonalNetWithoutInput_SaysThatNothingVanishes()
    {
        using var folder = new TemporaryFolder();

        // Without bias or input the state stays 0, where tanh' = 1: the exponents are those of W.
        var run = await CliRun.Of(folder.Path, $"{Small} --init identity --input 0 --gain 1");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        Assert.Contains("neither grow nor vanish", run.Output, StringComparison.Ordinal);
        Assert.Contains("the largest exponents (exponent so far, nats per step)", run.Output, StringComparison.Ordinal);
        var made = Assert.Single(Directory.GetDirectories(folder.File("runs")));
        Assert.EndsWith("-lyapunov", made, StringComparison.Ordinal);
        Assert.Contains($"Written to {made}: results.json, chart.svg", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vanilla")]
    [InlineData("lstm")]
    [InlineData("gru")]
    [InlineData("layernorm-lstm")]
    [InlineData("mingru")]
    [InlineData("orthogonal")]
    [InlineData("indrnn")]
    public async Task Weights_OfASavedModel_AreMeasured(string cell)
    {
        using var folder = new TemporaryFolder();
        var before = Expect.LiveTensors;
        manual_seed(61);
        using (var model = SequenceModel.Create(cell, 5, 7, 3, numLayers: 2, bidirectional: true))
        {
            model.save(folder.File("net.dat"));
        }

        var run = await CliRun.Of(folder.Path, "lyapunov --weights net.dat --steps 30 --warm-up 5 --json");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        Assert.Equal((cell, true, 7, 5), (run.Json.GetProperty("model").GetString(), run.Json.GetProperty("trained").GetBoolean(), run.Json.GetProperty("hidden").GetInt32(), run.Json.GetProperty("inputSize").GetInt32()));
        Assert.Equal([(0, 0), (0, 1), (1, 0), (1, 1)], run.Json.GetProperty("results").EnumerateArray().Select(result => (result.GetProperty("layer").GetInt32(), result.GetProperty("direction").GetInt32())));
        Assert.Equal(before, Expect.LiveTensors);
    }

    [Fact]
    public async Task Weights_InSafeTensors_GiveTheSameNumbers()
    {
        using var folder = new TemporaryFolder();
        var before = Expect.LiveTensors;
        using (var model = SequenceModel.Create("lstm", 5, 7, 3))
        {
            model.save(folder.File("net.dat"));
            model.SaveSafeTensors(folder.File("net.safetensors"));
        }

        var dat = await CliRun.Of(folder.Path, "lyapunov --weights net.dat --steps 30 --warm-up 5 --json");
        var safe = await CliRun.Of(folder.Path, "lyapunov --weights net.safetensors --steps 30 --warm-up 5 --json");

        Assert.Equal((ExitCodes.Success, ExitCodes.Success), (dat.ExitCode, safe.ExitCode));
        Assert.Equal(dat.Json.GetProperty("results").GetRawText(), safe.Json.GetProperty("results").GetRawText());
        Assert.Equal(before, Expect.LiveTensors);
    }

    [Fact]
    public async Task Weights_ThatSeveralNetsHave_AreOfTheOneThatIsSaid()
    {
        using var folder = new TemporaryFolder();
        using (var model = SequenceModel.Create("slstm", 5, 7, 3))
        {
            model.SaveSafeTensors(folder.File("net.safetensors"));
        }

        var first = await CliRun.Of(folder.Path, "lyapunov --weights net.safetensors --steps 30 --warm-up 5 --json");
        var said = await CliRun.Of(folder.Path, "lyapunov --weights net.safetensors --cell slstm --steps 30 --warm-up 5 --json");
        var wrong = await CliRun.Of(folder.Path, "lyapunov --weights net.safetensors --cell gru --steps 30 --json");

        Assert.Equal(("lstm", "slstm"), (first.Json.GetProperty("model").GetString(), said.Json.GetProperty("model").GetString()));
        Assert.StartsWith("net.safetensors: read as lstm; slstm has the same parameters, which --cell says.", first.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("read as", said.Error, StringComparison.Ordinal);
        Assert.NotEqual(first.Json.GetProperty("results").GetRawText(), said.Json.GetProperty("results").GetRawText());
        Assert.Equal(ExitCodes.Usage, wrong.ExitCode);
        Assert.EndsWith("(lstm, slstm), got 'gru'.", wrong.Error.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Weights_OfAComparison_AreMeasured()
    {
        using var folder = new TemporaryFolder();
        await CliRun.Of(folder.Path, "compare copy --hidden 8 --symbols 3 --batch 4 --steps 2 --delays 2 --output out --json");

        var run = await CliRun.Of(folder.Path, "lyapunov --weights out/lstm-delay2.safetensors --steps 20 --json");
        var two = await CliRun.Of(folder.Path, "lyapunov --weights out --steps 20");

        Assert.Equal((ExitCodes.Success, "lstm", 8), (run.ExitCode, run.Json.GetProperty("model").GetString(), run.Json.GetProperty("hidden").GetInt32()));
        Assert.Equal((ExitCodes.Failure, ""), (two.ExitCode, two.Output));
        Assert.Contains("found lstm-delay2.safetensors, vanilla-delay2.safetensors; name one of them.", two.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Weights_OfTwoNets_AskWhich_AndNameIt()
    {
        using var folder = new TemporaryFolder();
        using (var scope = NewDisposeScope())
        {
            using var encoder = new Lstm(3, 5);
            using var decoder = new Gru(4, 7);
            var all = encoder.state_dict().Select(pair => KeyValuePair.Create("enc." + pair.Key, pair.Value))
                .Concat(decoder.state_dict().Select(pair => KeyValuePair.Create("dec." + pair.Key, pair.Value)));
            SafeTensors.Save(folder.File("two.safetensors"), all);
        }

        var none = await CliRun.Of(folder.Path, "lyapunov --weights two.safetensors --steps 20 --json");
        var wrong = await CliRun.Of(folder.Path, "lyapunov --weights two.safetensors --net mid --steps 20 --json");
        var second = await CliRun.Of(folder.Path, "lyapunov --weights two.safetensors --net dec --steps 20 --json");
        var table = await CliRun.Of(folder.Path, "lyapunov --weights two.safetensors --net enc. --steps 20");

        Assert.Equal((ExitCodes.Usage, ""), (none.ExitCode, none.Output));
        Assert.EndsWith("two.safetensors to measure (enc, dec), got none.", none.Error.TrimEnd(), StringComparison.Ordinal);
        Assert.EndsWith("two.safetensors to measure (enc, dec), got 'mid'.", wrong.Error.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Success, "gru", "dec", 7), (second.ExitCode, second.Json.GetProperty("model").GetString(), second.Json.GetProperty("net").GetString(), second.Json.GetProperty("hidden").GetInt32()));
        Assert.StartsWith("lstm (enc), layer 0: ", table.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing", "expected a file or folder of weights, found none.")]
    [InlineData("text", "expected a state dict of TorchSharp's format")]
    [InlineData("page", "expected a state dict of TorchSharp's format")]
    [InlineData("cut", "expected a state dict of TorchSharp's format")]
    [InlineData("torch", "got a file of PyTorch's own (torch.save); convert it first: docs/importing.md says how.")]
    [InlineData("pickle", "got a file of PyTorch's own (torch.save); convert it first: docs/importing.md says how.")]
    [InlineData("linear", "expected a recurrent net with a parameter weight_ih_l0, found ")]
    public async Task Weights_ThatCannotBeRead_AreOneLineAndExitCode1(string what, string problem)
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("net.dat");
        if (what == "text")
        {
            await File.WriteAllTextAsync(file, "{\"not\": \"weights\"}");
        }
        else if (what is "torch" or "pickle")
        {
            await File.WriteAllBytesAsync(file, what == "torch" ? [.. "PK"u8, 3, 4, .. new byte[60]] : [0x80, 2, 0x8A, 10, .. new byte[60]]);
        }
        else if (what == "page")
        {
            await File.WriteAllTextAsync(file, string.Concat(Enumerable.Repeat("# A page about gradients\n\nand other things, 1.5 or 2. ", 20)));
        }
        else if (what == "cut")
        {
            using (var net = new Gru(3, 5))
            {
                net.save(file);
            }

            await File.WriteAllBytesAsync(file, (await File.ReadAllBytesAsync(file))[..100]);
        }
        else if (what == "linear")
        {
            using var net = nn.Linear(3, 5);
            net.save(file);
        }

        var run = await CliRun.Of(folder.Path, "lyapunov --weights net.dat --json");

        Assert.Equal((ExitCodes.Failure, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("--weights: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(problem, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.False(Directory.Exists(folder.File("runs")));
    }

    [Fact]
    public async Task Run_Cancelled_EndsWithItsOwnExitCode()
    {
        using var folder = new TemporaryFolder();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        var run = await CliRun.Of(folder.Path, Small, cancelled.Token);

        Assert.Equal((ExitCodes.Interrupted, ""), (run.ExitCode, run.Output));
    }

    [Fact]
    public async Task Run_CancelledOnTheWay_EndsAtTheNextStep()
    {
        using var folder = new TemporaryFolder();
        using var cancelled = new CancellationTokenSource(TimeSpan.FromSeconds(2));

        var run = await CliRun.Of(folder.Path, "lyapunov --hidden 8 --exponents 1 --steps 5000000", cancelled.Token);

        Assert.Equal((ExitCodes.Interrupted, ""), (run.ExitCode, run.Output)); // minutes before its end
    }

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetDouble())];
}
