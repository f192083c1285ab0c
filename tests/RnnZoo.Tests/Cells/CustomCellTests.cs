using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Cells;

/// <summary>A user's own cell in the driver.</summary>
public sealed class CustomCellTests
{
    private const long T = 5;
    private const long B = 2;
    private const long I = 3;
    private const long H = 7;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void Gradient_OfEveryParameter_EqualsFiniteDifferences(long layers, bool bidirectional)
    {
        using var scope = NewDisposeScope();
        using var net = Make(layers, bidirectional);
        var x = Random(T, B, I);
        var rows = layers * (bidirectional ? 2 : 1);
        var state = new RecurrentState(Random(rows, B, H).requires_grad_(), Random(rows, B, LeakyCell.Trace).requires_grad_());
        Tensor[] cotangents = [Random(T, B, H * (bidirectional ? 2 : 1)), Random(rows, B, H), Random(rows, B, LeakyCell.Trace)];

        Loss().backward();
        foreach (var (name, value) in net.named_parameters().Select(item => (item.Item1, (Tensor)item.Item2)).Append(("h0", state.Hidden)).Append(("s0", state[1])))
        {
            Expect.Close(FiniteDifferences(value), value.grad!, 1e-7, name);
        }

        Tensor Loss()
        {
            var (output, final) = net.call(x, state);
            return output.mul(cotangents[0]).sum().add(final[0].mul(cotangents[1]).sum()).add(final[1].mul(cotangents[2]).sum());
        }

        Tensor FiniteDifferences(Tensor value)
        {
            const double step = 1e-6;
            using var noGrad = no_grad();
            var flat = value.view(-1);
            var result = zeros_like(flat);
            for (var index = 0L; index < flat.shape[0]; index++)
            {
                using var inner = NewDisposeScope();
                var element = flat.select(0, index);
                element.add_(step);
                var above = Loss().item<double>();
                element.sub_(2 * step);
                var below = Loss().item<double>();
                element.add_(step);
                result.select(0, index).fill_((above - below) / (2 * step));
            }

            return result.view(value.shape);
        }
    }

    [Fact]
    public void Keys_AreTheCellsOwnNamesWithLayerAndDirection()
    {
        using var net = Make(2, true);
        string[] names = ["input", "recurrent", "trace", "mix.weight", "decay", "closed"];
        Assert.Equal(
            (from suffix in new[] { "_l0", "_l0_reverse", "_l1", "_l1_reverse" } from name in names select name + suffix).Order(),
            net.state_dict().Keys.Order());
        Assert.Equal(16, net.parameters().Count());
        Assert.Equal(8, net.buffers().Count());
    }

    [Fact]
    public void Converted_ThenTrained_ChangesEveryParameter()
    {
        using var scope = NewDisposeScope();
        using var net = new Recurrent(I, (_, _, size) => new LeakyCell(size, H, ScalarType.Float32), numLayers: 2);
        net.to(ScalarType.Float64);
        Assert.All(net.state_dict(), item => Assert.Equal(item.Key.StartsWith("closed", StringComparison.Ordinal) ? ScalarType.Bool : ScalarType.Float64, item.Value.dtype));
        var before = net.named_parameters().ToDictionary(item => item.Item1, item => item.Item2.detach().clone());
        using var optimizer = optim.SGD(net.parameters(), 0.1);
        net.call(Random(T, B, I)).Output.sum().backward();
        optimizer.step();
        Assert.All(net.named_parameters(), item => Assert.NotEqual(0, item.Item2.sub(before[item.Item1]).abs().max().item<double>()));
    }

    [Fact]
    public void SaveAndLoad_RestoresOutputs()
    {
        using var scope = NewDisposeScope();
        using var first = Make(2, true);
        using var second = Make(2, true);
        var file = Path.GetTempFileName();
        try
        {
            first.save(file);
            second.load(file);
        }
        finally
        {
            File.Delete(file);
        }

        var x = Random(T, B, I);
        Expect.Close(first.call(x).Output, second.call(x).Output, 0, "output");
    }

    [Fact]
    public void MadeInAScope_KeepsItsParameters()
    {
        Recurrent net;
        using (NewDisposeScope())
        {
            net = Make(1, false);
        }

        using (net)
        using (NewDisposeScope())
        {
            Assert.Equal([T, B, H], net.call(Random(T, B, I)).Output.shape);
        }
    }

    [Fact]
    public void Evaluation_ReachesWhatIsInsideACell()
    {
        using var scope = NewDisposeScope();
        using var net = new Recurrent(I, (_, _, size) => new DroppingCell(size, H));
        var x = ones(T, B, I);
        Assert.NotEqual(0, net.call(x).Output.eq(0).sum().item<long>());
        net.eval();
        Assert.False(net.CellAt(0).training); // at once: a Jacobian asks the cell alone
        var applied = new List<string>();
        net.apply(module => applied.Add(module.GetName()));
        Assert.Contains(nameof(DroppingCell), applied);
        Assert.Contains("Dropout", applied);
        Assert.Equal(0, net.call(x).Output.eq(0).sum().item<long>());
        net.train();
        Assert.NotEqual(0, net.call(x).Output.eq(0).sum().item<long>());
    }

    [Fact]
    public void NativePath_IsRefused()
    {
        using var net = Make(1, false);
        Expect.Message<NotSupportedException>(
            "Backward: Recurrent has no native path, for libtorch has no such module; use Auto or Autograd.",
            () => net.Backward = BackwardPath.Native);
    }

    [Fact]
    public void WrongCells_AreNamed()
    {
        Expect.Message<ArgumentException>(
            "cell: expected InputSize = 7 in layer 1, got 3; use the size that the factory is given.",
            () => new Recurrent(I, (_, _, _) => new LeakyCell(I, H), numLayers: 2));
        Expect.Message<ArgumentException>(
            "cell: expected StateSizes = [7, 2], h of size 7 first, in every layer and direction, got [8, 2] with HiddenSize = 8.",
            () => new Recurrent(I, (layer, _, size) => new LeakyCell(size, H + layer), numLayers: 2));
        using var same = new LeakyCell(I, H);
        Expect.Message<ArgumentException>(
            "cell: expected a new cell for each layer and direction, got the same one twice; make it inside the factory.",
            () => new Recurrent(I, (_, _, _) => same, bidirectional: true));
        Expect.Message<ArgumentException>(
            "cell: expected a cell for layer 0, direction 0, got null.",
            () => new Recurrent(I, (_, _, _) => null!));
    }

    [Fact]
    public void Step_ThatReturnsAWrongShape_IsNamed()
    {
        using var scope = NewDisposeScope();
        using var net = new Recurrent(I, (_, _, size) => new WrongCell(size, H));
        Expect.Message<InvalidOperationException>(
            "WrongCell.Step: expected a state of shapes [2, 7], got [2, 3].",
            () => net.call(zeros(T, B, I)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void Step_ThatReturnsOtherRowsLater_IsNamed(int more)
    {
        using var scope = NewDisposeScope();
        using var net = new Recurrent(I, (_, _, size) => new FittingCell(size, H) { WrongStep = 3, More = more });
        Expect.Message<InvalidOperationException>(
            $"FittingCell.Step: expected a state of shapes [2, 7], got [{2 + more}, 7].",
            () => net.call(zeros(5, 3, I), tensor([5L, 2L, 5L])));
    }

    private static Recurrent Make(long layers, bool bidirectional) =>
        new(I, (_, _, size) => new LeakyCell(size, H), layers, bidirectional: bidirectional);

    private static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);

    private sealed class WrongCell(long inputSize, long hiddenSize) : RecurrentCell(nameof(WrongCell), inputSize, hiddenSize)
    {
        public override RecurrentState Step(Tensor x, RecurrentState state) => new(x);
    }

    private sealed class FittingCell(long inputSize, long hiddenSize) : RecurrentCell(nameof(FittingCell), inputSize, hiddenSize)
    {
        private int _step;

        public int WrongStep { get; init; }

        public int More { get; init; }

        public override RecurrentState Step(Tensor x, RecurrentState state) =>
            new(zeros(x.shape[0] + (_step++ == WrongStep ? More : 0), HiddenSize));
    }

    private sealed class DroppingCell : RecurrentCell
    {
        private readonly nn.Module<Tensor, Tensor> dropout = nn.Dropout(0.5);

        public DroppingCell(long inputSize, long hiddenSize) : base(nameof(DroppingCell), inputSize, hiddenSize) => RegisterComponents();

        public override RecurrentState Step(Tensor x, RecurrentState state) => new(dropout.call(ones_like(state.Hidden)));
    }
}
