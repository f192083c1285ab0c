using System.Runtime.InteropServices;
using RnnZoo.Cells;
using RnnZoo.Tests.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Cells;

/// <summary>Cells by themselves, as nn.RNNCell, nn.LSTMCell and nn.GRUCell.</summary>
public sealed class CellTests
{
    private const long B = 3;
    private const long I = 5;
    private const long H = 11;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void LstmCell_EqualsNative(bool bias)
    {
        using var scope = NewDisposeScope();
        using var native = Seeded(() => nn.LSTMCell(I, H, bias, dtype: ScalarType.Float64));
        using var ours = Seeded(() => new LstmCell(I, H, bias, dtype: ScalarType.Float64));
        Expect.Close(native.state_dict(), ours.state_dict(), 1e-7, "initial values");
        ours.load_state_dict(native.state_dict());
        var (x, h, c) = (Random(B, I), Random(B, H), Random(B, H));
        var expected = native.call(x, (h, c));
        var actual = ours.call(x, (h, c));
        Expect.Close(expected.Item1, actual.Item1, 1e-12, "h");
        Expect.Close(expected.Item2, actual.Item2, 1e-12, "c");
        var zero = zeros_like(h);
        Expect.Close(native.call(x, (zero, zero)).Item1, ours.call(x).Item1, 1e-12, "h from zeros");
    }

    [Fact]
    public void NativeLstmCell_WithoutAState_IsRefusedByLibtorch()
    {
        using var scope = NewDisposeScope();
        using var native = nn.LSTMCell(I, H);
        var x = randn(B, I);
        Assert.Contains("hidden0 batch size 0", Assert.Throws<ExternalException>(() => native.call(x)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void GruCell_EqualsNative(bool bias)
    {
        using var scope = NewDisposeScope();
        using var native = Seeded(() => nn.GRUCell(I, H, bias, dtype: ScalarType.Float64));
        using var ours = Seeded(() => new GruCell(I, H, bias, dtype: ScalarType.Float64));
        Expect.Close(native.state_dict(), ours.state_dict(), 1e-7, "initial values");
        ours.load_state_dict(native.state_dict());
        var (x, h) = (Random(B, I), Random(B, H));
        Expect.Close(native.call(x, h), ours.call(x, h), 1e-12, "h");
        Expect.Close(native.forward(x), ours.call(x), 1e-12, "h from zeros");
    }

    [Theory]
    [InlineData(true, nn.NonLinearities.Tanh, Activation.Tanh)]
    [InlineData(false, nn.NonLinearities.ReLU, Activation.Relu)]
    public void ElmanCell_EqualsNative(bool bias, nn.NonLinearities nonLinearity, Activation activation)
    {
        using var scope = NewDisposeScope();
        using var native = Seeded(() => nn.RNNCell(I, H, nonLinearity, bias, dtype: ScalarType.Float64));
        using var ours = Seeded(() => new ElmanCell(I, H, activation, bias, dtype: ScalarType.Float64));
        Expect.Close(native.state_dict(), ours.state_dict(), 1e-7, "initial values");
        ours.load_state_dict(native.state_dict());
        var (x, h) = (Random(B, I), Random(B, H));
        Expect.Close(native.call(x, h), ours.call(x, h), 1e-12, "h");
        Expect.Close(native.forward(x), ours.call(x), 1e-12, "h from zeros");
    }

    [Fact]
    public void Cell_AsAChild_RegistersItsParametersOnce()
    {
        using var parent = new Parent();
        Assert.Equal(
            ["cell.weight_ih", "cell.weight_hh", "cell.bias_ih", "cell.bias_hh"],
            parent.state_dict().Keys);
    }

    [Fact]
    public void Cell_Converted_StepsInTheNewType()
    {
        using var scope = NewDisposeScope();
        using var parent = new Parent();
        parent.to(ScalarType.Float64);
        Assert.All(parent.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
        var h = parent.forward(Random(B, I));
        h.sum().backward();
        Assert.All(parent.parameters(), parameter => Assert.NotNull(parameter.grad));
    }

    [Fact]
    public void Cell_MadeInAScope_KeepsItsParameters()
    {
        LstmCell cell;
        using (NewDisposeScope())
        {
            cell = new LstmCell(I, H);
        }

        using (cell)
        using (NewDisposeScope())
        {
            Assert.Equal([B, H], cell.call(zeros(B, I)).Item1.shape);
        }
    }

    [Fact]
    public void Weight_SetToAnotherShape_Throws()
    {
        using var scope = NewDisposeScope();
        using var cell = new GruCell(I, H);
        Expect.Message<ArgumentException>(
            "weight_hh: expected shape [33, 11], got [11, 33].",
            () => cell.weight_hh = new TorchSharp.Modules.Parameter(zeros(11, 33)));
    }

    private static Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);

    private static T Seeded<T>(Func<T> make)
    {
        manual_seed(7);
        return make();
    }

    private sealed class Parent : nn.Module<Tensor, Tensor>
    {
        private readonly LstmCell cell = new(I, H);

        public Parent() : base(nameof(Parent)) => RegisterComponents();

        public override Tensor forward(Tensor x) => cell.call(x).Item1;
    }
}
