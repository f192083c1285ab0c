using System.Globalization;
using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>Every wrong argument gets a message that names it, what was expected and what came.</summary>
public sealed class ArgumentTests
{
    [Fact]
    public void Constructor_WrongSizes_AreNamed()
    {
        Expect.Message<ArgumentException>("inputSize: expected a size above 0, got 0.", () => new Lstm(0, 3));
        Expect.Message<ArgumentException>("hiddenSize: expected a size above 0, got -1.", () => new Gru(2, -1));
        Expect.Message<ArgumentException>("numLayers: expected a size above 0, got 0.", () => new VanillaRnn(2, 3, 0));
        Expect.Message<ArgumentException>("dropout: expected a probability from 0 to 1, got 1.5.", () => new Lstm(2, 3, dropout: 1.5));
        Expect.Message<ArgumentException>("dropout: expected a probability from 0 to 1, got NaN.", () => new Gru(2, 3, dropout: double.NaN));
        Expect.Message<ArgumentException>("nonLinearity: expected one of ReLU, Tanh, got 9.", () => new VanillaRnn(2, 3, nonLinearity: (nn.NonLinearities)9));
        Expect.Message<ArgumentException>("activation: expected one of Tanh, Relu, Linear, got 9.", () => new VanillaRnn(2, 3, 1, (Activation)9));
        Expect.Message<ArgumentException>("hiddenSize: expected a size above 0, got 0.", () => new LstmCell(2, 0));
        Expect.Message<ArgumentException>("activation: expected one of Tanh, Relu, Linear, got 7.", () => new VanillaRnnCell(2, 3, (Activation)7));
        Expect.Message<ArgumentException>("nonLinearity: expected one of ReLU, Tanh, got 9.", () => new VanillaRnnCell(2, 3, (nn.NonLinearities)9));
        Assert.Throws<ArgumentNullException>(() => new Recurrent(2, null!));
    }

    [Fact]
    public void Numbers_ReadTheSameInEveryCulture()
    {
        var culture = CultureInfo.CurrentCulture;
        try
        {
            var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            comma.NumberFormat.NumberDecimalSeparator = ",";
            CultureInfo.CurrentCulture = comma;
            using var net = new Lstm(2, 3) { Backward = BackwardPath.Native };
            Expect.Message<ArgumentException>("dropout: expected a probability from 0 to 1, got 1.5.", () => new Lstm(2, 3, dropout: 1.5));
            Expect.Message<ArgumentException>("beta: expected a finite number, got NaN.", () => new JanetCell(2, 3, double.NaN));
            Expect.Message<ArgumentException>("recurrentBound: expected a number above 0, or null for no bound, got -1.5.", () => new IndRnnCell(2, 3, -1.5));
            Expect.Message<ArgumentException>("maxSteps: expected a number of steps above 2, got 1.5.", () => Initialisers.Chrono(1.5));
            Expect.Message<ArgumentException>("gain: expected a number above 0, got -1.5.", () => Initialisers.Xavier(-1.5));
            Expect.Message<NotSupportedException>("Zoneout: expected 0 while Backward is Native, which has none, got 0.5; set Backward to Auto first.", () => net.Zoneout = 0.5);
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.Native)]
    [InlineData(BackwardPath.HandWritten)]
    public void Input_Wrong_IsNamed(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11) { Backward = path };
        using var batchFirst = new Gru(5, 11, batchFirst: true) { Backward = path };
        Expect.Message<ArgumentException>("input: expected [T, B, I] with I = 5, got [7, 3, 4].", () => net.call(zeros(7, 3, 4)));
        Expect.Message<ArgumentException>(
            "input: expected [T, B, I], or [T, I] for a single sequence, with I = 5 and T above 0, got [7, 4].",
            () => net.call(zeros(7, 4)));
        Expect.Message<ArgumentException>(
            "input: expected [B, T, I], or [T, I] for a single sequence, with I = 5 and T above 0, got [0, 5].",
            () => batchFirst.call(zeros(0, 5)));
        Expect.Message<ArgumentException>("input: expected [T, B, I] with T above 0, got [0, 3, 5].", () => net.call(zeros(0, 3, 5)));
        Expect.Message<ArgumentException>("input: expected [B, T, I] with T above 0, got [3, 0, 5].", () => batchFirst.call(zeros(3, 0, 5)));
        Expect.Message<ArgumentException>(
            "input: expected dtype Float32 as the module's parameters, got Float64; convert either with .to(dtype).",
            () => net.call(zeros(7, 3, 5, dtype: ScalarType.Float64)));
        Expect.Message<ArgumentException>(
            "input: expected dtype Float32 as the module's parameters, got Int64; convert either with .to(dtype).",
            () => net.call(zeros(7, 3, 5, dtype: ScalarType.Int64)));
        Assert.Throws<ArgumentNullException>(() => net.call(null!));
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.Native)]
    [InlineData(BackwardPath.HandWritten)]
    public void State_Wrong_IsNamed(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 11, numLayers: 2, bidirectional: true) { Backward = path };
        var (x, good) = (zeros(7, 3, 5), zeros(4, 3, 11));
        Expect.Message<ArgumentException>("h0: expected [L·D, B, H] = [4, 3, 11], got [2, 3, 11].", () => net.call(x, (zeros(2, 3, 11), good)));
        Expect.Message<ArgumentException>("c0: expected [L·D, B, H] = [4, 3, 11], got [4, 1, 11].", () => net.call(x, (good, zeros(4, 1, 11))));
        Expect.Message<ArgumentException>("h0: expected [L·D, B, H] = [4, 3, 11], got [3, 11].", () => net.call(x, (zeros(3, 11), good)));
        Expect.Message<ArgumentException>(
            "c0: expected dtype Float32 as the input's, got Float64; convert it with .to(dtype).",
            () => net.call(x, (good, zeros(4, 3, 11, dtype: ScalarType.Float64))));
        Expect.Message<ArgumentException>(
            "h0_c0: expected two tensors (h0, c0), got h0 and null; pass both, or null for zeros.",
            () => net.call(x, (good, null!)));
        Expect.Message<ArgumentException>("state: expected 2 parts (h, c), got 1.", () => net.Run(x, new RecurrentState(good)));
        using var gru = new Gru(5, 11) { Backward = path };
        Expect.Message<ArgumentException>("state: expected 1 part (h), got 2.", () => gru.Run(x, new RecurrentState(good, good)));
        Expect.Message<ArgumentException>("h0: expected [L·D, B, H] = [1, 3, 11], got [4, 3, 11].", () => gru.call(x, good));
    }

    [Fact]
    public void BatchFirst_StateKeepsLayersFirst()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 11, numLayers: 2, batchFirst: true);
        Expect.Message<ArgumentException>("h0: expected [L·D, B, H] = [2, 3, 11], got [3, 2, 11].", () => net.call(zeros(3, 7, 5), zeros(3, 2, 11)));
    }

    [Fact]
    public void CellArguments_Wrong_AreNamed()
    {
        using var scope = NewDisposeScope();
        using var cell = new LstmCell(5, 11);
        Expect.Message<ArgumentException>("input: expected [B, I] or [I] with I = 5, got [3, 4].", () => cell.call(zeros(3, 4)));
        Expect.Message<ArgumentException>("input: expected [B, I] or [I] with I = 5, got [4].", () => cell.forward(zeros(4)));
        Expect.Message<ArgumentException>("input: expected [B, I] or [I] with I = 5, got [].", () => cell.call(tensor(1f)));
        Expect.Message<ArgumentException>(
            "input: expected [B, I] or [I] with I = 5, got [7, 3, 5]; a cell makes one step, so give it one step of the sequence, or the whole to a module.",
            () => cell.call(zeros(7, 3, 5)));
        Expect.Message<ArgumentException>("h0: expected [B, H] = [3, 11], got [2, 11].", () => cell.call(zeros(3, 5), (zeros(2, 11), zeros(3, 11))));
        Expect.Message<ArgumentException>("c0: expected [B, H] = [3, 11], got [3, 12].", () => cell.call(zeros(3, 5), (zeros(3, 11), zeros(3, 12))));
        Expect.Message<ArgumentException>("h0: expected [H] = [11], got [1, 11].", () => cell.call(zeros(5), (zeros(1, 11), zeros(11))));
        Expect.Message<ArgumentException>(
            "h0_c0: expected two tensors (h0, c0), got null and c0; pass both, or null for zeros.",
            () => cell.call(zeros(3, 5), (null!, zeros(3, 11))));
        Expect.Message<ArgumentException>("state: expected 2 part(s) (h, c), got 1.", () => cell.call(zeros(3, 5), new RecurrentState(zeros(3, 11))));
        Expect.Message<ArgumentException>(
            "input: expected dtype Float32 as the module's parameters, got Float64; convert either with .to(dtype).",
            () => cell.call(zeros(3, 5, dtype: ScalarType.Float64)));
        Expect.Message<ArgumentException>(
            "h0: expected dtype Float32 as the input's, got Float64; convert it with .to(dtype).",
            () => cell.call(zeros(3, 5), (zeros(3, 11, dtype: ScalarType.Float64), zeros(3, 11))));
    }

    [Fact]
    public void Backward_Unknown_IsNamed()
    {
        using var net = new Lstm(5, 11);
        Expect.Message<ArgumentException>("Backward: expected one of Auto, Autograd, HandWritten, Native, got 77.", () => net.Backward = (BackwardPath)77);
        Expect.Message<ArgumentException>("layer, direction: expected layer below 1 and direction below 1, got 0 and 1.", () => net.CellAt(0, 1));
    }

    [Fact]
    public void RecurrentState_Empty_IsNamed()
    {
        Expect.Message<ArgumentException>(
            "parts: expected one tensor or more and no null, got 0 with 0 null; pass h first, then c for an LSTM.",
            () => new RecurrentState());
        using var h = zeros(2, 3);
        Expect.Message<InvalidOperationException>(
            "Cell: this state has one part, h; only an LSTM's state has c as well.",
            () => _ = new RecurrentState(h).Cell);
    }

    [Theory]
    [InlineData(BackwardPath.Autograd)]
    [InlineData(BackwardPath.Native)]
    [InlineData(BackwardPath.HandWritten)]
    public void Disposed_Throws(BackwardPath path)
    {
        using var scope = NewDisposeScope();
        var net = new Gru(5, 11) { Backward = path };
        net.Dispose();
        net.Dispose();
        Assert.Throws<ObjectDisposedException>(() => net.forward(zeros(7, 3, 5)));
    }
}
