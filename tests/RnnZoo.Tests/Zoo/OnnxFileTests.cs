using Microsoft.ML.OnnxRuntime;
using Onnx;
using RnnZoo.Cells;
using RnnZoo.Cli;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using RnnZoo.Zoo;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Zoo;

public sealed class OnnxFileTests : IClassFixture<TrainedTinyModels>, IDisposable
{
    private const long I = 5, H = 7, V = 11, O = 3;

    private readonly TrainedTinyModels _trained;
    private readonly int _threads = get_num_threads();

    public OnnxFileTests(TrainedTinyModels trained)
    {
        _trained = trained;
        set_num_threads(1); // for nets as small as these
    }

    public void Dispose() => set_num_threads(_threads);

    public static TheoryData<string> Nets() => [.. TestNets.Names.Union(RecurrentNets.Names)];

    [Theory]
    [MemberData(nameof(Nets))]
    public void Save_EveryNetInEveryShape_RunsAsOurs(string name)
    {
        foreach (var options in
            from layers in new[] { 1, 2 }
            from bidirectional in new[] { false, true }
            from bias in new[] { false, true }
            from batchFirst in new[] { false, true }
            from dtype in new[] { ScalarType.Float32, ScalarType.Float64 }
            select new NetOptions(I, H, layers) { Bidirectional = bidirectional, Bias = bias, BatchFirst = batchFirst, DType = dtype })
        {
            manual_seed(1);
            using var net = (nn.Module)TestNets.Make(name, options);
            RunsAsOurs((IRecurrentModule)net, (T: 13, B: 3), (1, 3), (13, 1), (1, 1), (100, 2));
        }
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void Save_ThousandSteps_AreAsExactAsOurs(string name)
    {
        manual_seed(1);
        using var net = (nn.Module)TestNets.Make(name, new NetOptions(I, 31) { DType = ScalarType.Float32 });

        RunsAsOurs((IRecurrentModule)net, slack: 1e-6, times: 4, (T: 1000, B: 3));
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void Save_ChunksWithTheStateCarriedOn_AreTheWhole(string name)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var net = (nn.Module)TestNets.Make(name, new NetOptions(I, H, 2));
        OnnxFile.Save((IRecurrentModule)net, folder.File("net.onnx"));
        using var file = new OnnxRuntimeNet(folder.File("net.onnx"));
        var x = randn(23, 3, I, dtype: ScalarType.Float64); // [T, B, I]

        var first = file.call(x.narrow(0, 0, 10), null);
        var second = file.call(x.narrow(0, 10, 13), first.State);

        var whole = file.call(x, null);
        Expect.Close(whole.Output, cat([first.Output, second.Output], 0), 1e-12, "output");
        Close(whole.State, second.State, 1e-12, "state");
    }

    [Fact]
    public void Save_NetThatATestRegisters_RunsAsOurs()
    {
        using var registration = RecurrentNets.Register(HalfRnn.Net);
        using var net = (nn.Module)RecurrentNets.Named("half").Make(new NetOptions(I, H, 2) { Bidirectional = true });

        RunsAsOurs((IRecurrentModule)net, (T: 13, B: 3));
    }

    [Fact]
    public void Save_CellsOfTwoKindsInOneNet_RunsAsOurs()
    {
        using var net = new Recurrent(I, (layer, direction, size) => layer == direction ? new LstmCell(size, H) : new LayerNormLstmCell(size, H), numLayers: 2, bidirectional: true);

        RunsAsOurs(net, (T: 13, B: 3));
    }

    [Theory]
    [InlineData("lstm", 0.3, 0)]
    [InlineData("lstm", 0, 0.6)]
    [InlineData("lstm", 0.3, 0.6)]
    [InlineData("gru", 0.3, 0)]
    [InlineData("orthogonal", 0.3, 0)]
    public void Save_Zoneout_BlendsAsInEvaluation(string name, double zoneout, double cellZoneout)
    {
        using var net = (nn.Module)TestNets.Make(name, new NetOptions(I, H, 2) { Bidirectional = true, DType = ScalarType.Float32 });
        dynamic options = net;
        (options.Zoneout, options.CellZoneout) = (zoneout, cellZoneout);
        net.eval();

        RunsAsOurs((IRecurrentModule)net, (T: 13, B: 3));
    }

    [Theory]
    [InlineData("lstm", InputEncoding.Features, ScalarType.Float32, false)]
    [InlineData("lstm", InputEncoding.OneHot, ScalarType.Float32, false)]
    [InlineData("lstm", InputEncoding.OneHot, ScalarType.Float32, true)]
    [InlineData("layernorm-lstm", InputEncoding.OneHot, ScalarType.Float32, false)]
    [InlineData("gru", InputEncoding.OneHot, ScalarType.Float64, false)]
    [InlineData("gru", InputEncoding.Embedding, ScalarType.Float32, true)]
    [InlineData("mingru", InputEncoding.Embedding, ScalarType.Float64, false)]
    public void Save_Model_RunsAsOurs(string name, InputEncoding encoding, ScalarType dtype, bool batchFirst)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        var inputs = encoding == InputEncoding.OneHot ? V : I;
        var net = RecurrentNets.Named(name).Make(new NetOptions(inputs, H, 2) { Bidirectional = batchFirst, BatchFirst = batchFirst, DType = dtype });
        using var model = new SequenceModel(net, O, encoding, encoding == InputEncoding.Embedding ? V : null);
        OnnxFile.Save(model, folder.File("model.onnx"));
        using var file = new OnnxRuntimeNet(folder.File("model.onnx"));
        long[] axes = batchFirst ? [3, 13] : [13, 3];
        var input = encoding == InputEncoding.Features ? randn([.. axes, I], dtype: dtype) : randint(V, axes, dtype: ScalarType.Int64);

        var (want, got) = (model.call(input), file.call(input, null));

        var tolerance = dtype == ScalarType.Float32 ? 1e-5 : 1e-10;
        Expect.Close(want.Output, got.Output, tolerance, "output");
        Close(want.State, got.State, tolerance, "state");
    }

    [Theory]
    [InlineData(InputEncoding.OneHot, "lstm", V)]
    [InlineData(InputEncoding.OneHot, "lstm", -1)]
    [InlineData(InputEncoding.OneHot, "mingru", -1)]
    [InlineData(InputEncoding.Embedding, "lstm", V)]
    [InlineData(InputEncoding.Embedding, "lstm", -1)]
    public void Save_TokenOutOfRange_IsRefusedByTheRuntime(InputEncoding encoding, string name, long token)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create(name, V, H, O, encoding: encoding);
        OnnxFile.Save(model, folder.File("model.onnx"));
        using var file = new OnnxRuntimeNet(folder.File("model.onnx"));

        file.call(tensor([0L, V - 1]).view(2, 1), null);

        Assert.Throws<OnnxRuntimeException>(() => file.call(tensor([0L, token]).view(2, 1), null));
    }

    [Fact]
    public void Save_KindOfCell_DecidesOnTheOperators()
    {
        Assert.Equal([("LSTM", 2)], Loops(TestNets.Make("lstm", Float())));
        Assert.Equal([("GRU", 2)], Loops(TestNets.Make("gru", Float())));
        Assert.Equal([("RNN", 2)], Loops(TestNets.Make("linear", Float())));
        Assert.Equal([("Scan", 4)], Loops(TestNets.Make("mingru", Float())));
        Assert.Equal([("Scan", 4)], Loops(TestNets.Make("lstm", Float() with { DType = ScalarType.Float64 })));

        static NetOptions Float() => new(I, H, 2) { Bidirectional = true, DType = ScalarType.Float32 };

        static IEnumerable<(string, int)> Loops(IRecurrentModule net)
        {
            using var module = (nn.Module)net;
            return Read(path => OnnxFile.Save(net, path)).Graph.Node.Where(node => node.OpType is "LSTM" or "GRU" or "RNN" or "Scan").CountBy(node => node.OpType).Select(pair => (pair.Key, pair.Value));
        }
    }

    [Fact]
    public void Save_Net_SaysWhatItIsAndWhatItTakes()
    {
        using var net = new Lstm(I, H, numLayers: 2, batchFirst: true, bidirectional: true);

        var file = Read(path => OnnxFile.Save(net, path, "mine"));

        Assert.Equal((8, "RnnZoo", "mine"), (file.IrVersion, file.ProducerName, file.Graph.Name));
        Assert.Equal(OnnxFile.Opset, Assert.Single(file.OpsetImport).Version);
        Assert.Equal(["input [B, T, 5]", "h0 [4, B, 7]", "c0 [4, B, 7]"], file.Graph.Input.Select(Shown));
        Assert.Equal(["output [B, T, 14]", "hn [4, B, 7]", "cn [4, B, 7]"], file.Graph.Output.Select(Shown));
        Assert.Equal([("name", "mine"), ("rnnzoo", file.ProducerVersion)], file.MetadataProps.Select(item => (item.Key, item.Value)));
        Assert.Matches(@"^\d+\.\d+\.\d+$", file.ProducerVersion);

        static string Shown(ValueInfoProto value) =>
            $"{value.Name} [{string.Join(", ", value.Type.TensorType.Shape.Dim.Select(axis => axis.DimParam.Length > 0 ? axis.DimParam : $"{axis.DimValue}"))}]";
    }

    [Fact]
    public void Save_TrainedModel_SaysOfWhatRecipeAndWeightsItIs_AndItsVocabulary()
    {
        using var text = new ModelCatalogue(_trained.Models).Find(TinyModels.Text).Load();
        using var copy = new ModelCatalogue(_trained.Models).Find(TinyModels.Copy).Load();

        var said = Read(path => OnnxFile.Save(text, path)).MetadataProps.ToDictionary(item => item.Key, item => item.Value);
        var ofTask = Read(path => OnnxFile.Save(copy, path)).MetadataProps.ToDictionary(item => item.Key, item => item.Value);

        Assert.Equal((TinyModels.Text, text.Summary), (said["name"], said["summary"]));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text.Recipe.ToJson()))), said["recipe.sha256"]);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(text.Entry.File("weights.safetensors")))), said["weights.sha256"]);
        Assert.Equal("characters", said["vocabulary.kind"]);
        Assert.Equal(text.Characters!.Vocabulary.Characters, said["vocabulary.characters"].EnumerateRunes());
        Assert.Equal(["name", "recipe.sha256", "rnnzoo", "summary", "weights.sha256"], ofTask.Keys.Order());
    }

    [Theory]
    [InlineData("lstm")]
    [InlineData("orthogonal")]
    public void Save_SameNetTwice_IsTheSameFile_AndLeavesNoTensor(string name)
    {
        using var folder = new TemporaryFolder();
        using var model = SequenceModel.Create(name, V, H, O, numLayers: 2, encoding: InputEncoding.OneHot);
        var before = Expect.LiveTensors;

        OnnxFile.Save(model, folder.File("first.onnx"));
        OnnxFile.Save(model, folder.File("second.onnx"));

        Assert.Equal(before, Expect.LiveTensors);
        Assert.Equal(File.ReadAllBytes(folder.File("first.onnx")), File.ReadAllBytes(folder.File("second.onnx")));
    }

    [Fact]
    public void Save_CellOfAUser_IsRefusedByName()
    {
        using var net = new Recurrent(I, (_, _, size) => new LeakyCell(size, H));

        Expect.Message<NotSupportedException>(
            "net: expected cells whose equations this library has, got LeakyCell, whose step is code alone; use a net of RecurrentNets, or add the cell's equations as docs/adding-a-net.md does.",
            () => OnnxFile.Save(net, "net.onnx"));
    }

    [Fact]
    public void Save_NoiseInTraining_IsRefusedUntilEval()
    {
        using var folder = new TemporaryFolder();
        using var between = new Gru(I, H, numLayers: 2, dropout: 0.5);
        using var alone = new Gru(I, H) { RecurrentDropout = 0.5 };
        using var zoneout = new Lstm(I, H) { CellZoneout = 0.5 };
        foreach (var net in new nn.Module[] { between, alone, zoneout })
        {
            Expect.Message<InvalidOperationException>(
                "net: expected evaluation mode, got training mode with dropout or zoneout, which a file does not draw; call eval() first.",
                () => OnnxFile.Save((IRecurrentModule)net, folder.File("net.onnx")));
            net.eval();
            OnnxFile.Save((IRecurrentModule)net, folder.File("net.onnx"));
        }
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void Save_HalfPrecision_IsRefused(ScalarType dtype)
    {
        using var net = new Gru(I, H, dtype: dtype);

        Expect.Message<ArgumentException>($"net: expected parameters of Float32 or Float64, got {dtype}; convert it first, by to(ScalarType.Float32).", () => OnnxFile.Save(net, "net.onnx"));
    }

    [Fact]
    public void Save_PlaceThatCannotBeWritten_IsAnErrorThatNamesIt_AndLeavesNoHalf()
    {
        using var folder = new TemporaryFolder();
        using var net = new Gru(I, H);
        var nowhere = folder.File(Path.Combine("none", "net.onnx"));

        Expect.Message<IOException>($"{folder.Path}: expected the name of a file, got a folder; name a file in it.", () => OnnxFile.Save(net, folder.Path));
        Assert.StartsWith($"{nowhere}: expected a file that can be written, in a folder that exists: ", Assert.Throws<IOException>(() => OnnxFile.Save(net, nowhere)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => OnnxFile.Save(net, ""));
        Expect.Message<ArgumentException>("name: expected a name, or null for the kind of the net, got ''.", () => OnnxFile.Save(net, folder.File("net.onnx"), ""));

        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Constant_MoreThanAFileCanHold_IsRefusedBeforeItIsCopied()
    {
        using var scope = NewDisposeScope();
        var graph = new OnnxGraph(ScalarType.Float32);

        var refused = Assert.Throws<ArgumentException>(() => graph.Constant("w", zeros(1).expand(30_000, 30_000))); // 3.6 GB that nothing holds

        Assert.Equal("net: expected at most 2130706431 bytes of weights, as many as an ONNX file can hold, got 3600000000 or more; save it with SaveSafeTensors instead.", refused.Message);
    }

    private static ModelProto Read(Action<string> save)
    {
        using var folder = new TemporaryFolder();
        save(folder.File("net.onnx"));
        return ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder.File("net.onnx")));
    }

    private static void RunsAsOurs(IRecurrentModule net, params (long T, long B)[] sizes) => RunsAsOurs(net, slack: 1e-5, times: RecurrentNets.NameOf(net) == "layernorm-lstm" ? 32 : 4, sizes);

    /// <summary>
    /// From zero and from a state that the net comes to: equal to ours in float64; in float32 near what the same net is in float64, where
    /// some times our own error is allowed too, for there are nets that amplify roundings, whoever makes them.
    /// </summary>
    private static void RunsAsOurs(IRecurrentModule net, double slack, double times, params (long T, long B)[] sizes)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        OnnxFile.Save(net, folder.File("net.onnx"));
        using var file = new OnnxRuntimeNet(folder.File("net.onnx"));
        using var copy = (nn.Module)net.Clone();
        var exact = (IRecurrentModule)copy.to(ScalarType.Float64);
        var dtype = ((nn.Module)net).parameters().First().dtype;
        foreach (var (steps, batch) in sizes)
        {
            var x = randn(net.BatchFirst ? [batch, steps, net.InputSize] : [steps, batch, net.InputSize], dtype: dtype);
            foreach (var state in new[] { null, net.Run(randn_like(x)).State })
            {
                var want = Parts(exact.Run(x.to(ScalarType.Float64), state?.Map(part => part.to(ScalarType.Float64))));
                var (ours, theirs) = (Parts(net.Run(x, state)), Parts(file.call(x, state)));
                Assert.Equal(want.Select(part => Check.Show(part.shape)), theirs.Select(part => Check.Show(part.shape)));
                var (ourError, error) = (want.Zip(ours, Distance).Max(), want.Zip(theirs, Distance).Max());
                var allowed = dtype == ScalarType.Float64 ? 1e-10 : slack + (times * ourError);
                Assert.True(error <= allowed, $"{steps} x {batch} {((nn.Module)net).GetName()} L{net.NumLayers} D{net.NumDirections}: off by {error:E2}, ours by {ourError:E2}");
            }
        }

        static Tensor[] Parts(RecurrentResult result) => [result.Output, .. result.State];
    }

    private static double Distance(Tensor a, Tensor b) => a.sub(b.to(a.dtype)).abs().max().item<double>();

    private static void Close(RecurrentState expected, RecurrentState actual, double tolerance, string what)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach (var (want, got) in expected.Zip(actual))
        {
            Expect.Close(want, got, tolerance, what);
        }
    }
}
