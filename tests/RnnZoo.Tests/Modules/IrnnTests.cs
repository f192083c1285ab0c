using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Modules;

/// <summary>The IRNN: a vanilla net with ReLU that begins as the identity.</summary>
public sealed class IrnnTests
{
    [Fact]
    public void Net_BeginsAsTheScaledIdentity()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var net = VanillaRnn.Irnn(50, 200, numLayers: 2, scale: 0.5, dtype: ScalarType.Float64);
        Assert.Equal(Activation.Relu, net.Activation);
        foreach (var layer in new[] { "l0", "l1" })
        {
            Expect.Close(eye(200, dtype: ScalarType.Float64).mul(0.5), net.get_parameter("weight_hh_" + layer)!, 0, layer);
            Assert.Equal(0, net.get_parameter("bias_ih_" + layer)!.abs().max().item<double>());
            Assert.Equal(0, net.get_parameter("bias_hh_" + layer)!.abs().max().item<double>());
            var input = net.get_parameter("weight_ih_" + layer)!;
            Assert.InRange(input.square().mean().sqrt().item<double>(), 0.95e-3, 1.05e-3);
            Assert.InRange(input.mean().item<double>(), -1e-4, 1e-4);
        }
    }

    [Fact]
    public void Name_MakesTheSameNet()
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create("irnn", 10, 11, 9);
        Assert.Equal(Activation.Relu, Assert.IsType<VanillaRnn>(model.Recurrent).Activation);
        Expect.Close(eye(11), ((VanillaRnn)model.Recurrent).get_parameter("weight_hh_l0")!, 0, "weight_hh");
    }

    [Fact]
    public void OtherCells_AreRefused()
    {
        using var tanh = new VanillaRnnCell(2, 3);
        using var lstm = new LstmCell(2, 3);
        Expect.Message<ArgumentException>("irnn: expected a VanillaRnnCell with ReLU, got one with Tanh.", () => Initialisers.Irnn().Apply(tanh));
        Expect.Message<ArgumentException>("irnn: expected a VanillaRnnCell with ReLU, got LstmCell.", () => Initialisers.Irnn().Apply(lstm));
        Expect.Message<ArgumentException>("henaff: expected an OrthogonalCell, got LstmCell, whose recurrent weights are not made of angles.", () => Initialisers.Henaff().Apply(lstm));
    }
}
