using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Gradients;

/// <summary>h_t = w h_{t-1} + U x_t: the gradient is multiplied with w at each step back.</summary>
internal static class LinearNet
{
    public static VanillaRnn Scaled(double factor, bool bidirectional = false)
    {
        var net = new VanillaRnn(5, 11, 1, Activation.Linear, bidirectional: bidirectional, dtype: ScalarType.Float64);
        SetFactor(net, factor);
        return net;
    }

    public static void SetFactor(VanillaRnn net, double factor)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        for (var direction = 0; direction < net.NumDirections; direction++)
        {
            ((GatedCell)net.CellAt(0, direction)).weight_hh.copy_(eye(11, dtype: ScalarType.Float64).mul(factor));
        }
    }
}
