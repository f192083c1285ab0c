using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>create_graph: the gradient of Σ v · ∂L/∂a, for random v, of the hand-written path.</summary>
public sealed class SecondDerivativeTests
{
    public static TheoryData<string> Nets() => [.. NetCase.Names];

    public static TheoryData<string> SmoothNets() => [.. NetCase.Names.Except(["RELU"])];

    [Theory]
    [MemberData(nameof(Nets))]
    public void GradientOfAGradient_EqualsAutograd(string net)
    {
        foreach (var shape in new[] { new NetCase(net, H: 8), new NetCase(net, Layers: 2, Bidirectional: true, H: 3) })
        {
            using var scope = NewDisposeScope();
            using var pair = new PathPair(shape, ScalarType.Float64);
            var directions = pair.Directions();
            var expected = Second(pair, BackwardPath.Autograd, directions);
            var actual = Second(pair, BackwardPath.HandWritten, directions);
            Expect.Close(expected, actual, 1e-11, $"{shape}");
            Assert.True(actual[actual.ContainsKey("weight_hh_l0") ? "weight_hh_l0" : "weight_ih_l0"].abs().max().item<double>() > 0 || net == "RELU");
        }
    }

    [Theory]
    [MemberData(nameof(SmoothNets))]
    public void GradientOfAGradient_EqualsFiniteDifferencesOfTheGradient(string net)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        // To normalise the product of W_ih and a small x is so steep that differences are coarse; a long x is seldom small.
        var (input, hidden, tolerance) = net == "layernorm-lstm" ? (10, 4, 1e-5) : (2, 3, 1e-6);
        using var pair = new PathPair(new NetCase(net, I: input, H: hidden), ScalarType.Float64);
        var directions = pair.Directions();
        var actual = Second(pair, BackwardPath.HandWritten, directions);
        foreach (var (name, parameter) in pair.Net.Module.named_parameters())
        {
            var flat = parameter.detach().view(-1);
            var differences = zeros_like(flat);
            for (var index = 0L; index < flat.shape[0]; index++)
            {
                const double step = 1e-5;
                flat[index].add_(step);
                var above = Slope();
                flat[index].sub_(2 * step);
                var below = Slope();
                flat[index].add_(step);
                differences[index].fill_((above - below) / (2 * step));
            }

            Expect.Close(differences.view(parameter.shape), actual[name], tolerance, name);
        }

        double Slope()
        {
            using var inner = NewDisposeScope();
            return pair.Gradients(BackwardPath.HandWritten, pair.Loss).Sum(item => item.Value.mul(directions[item.Key]).sum().item<double>());
        }
    }

    private static Dictionary<string, Tensor> Second(PathPair pair, BackwardPath path, Dictionary<string, Tensor> directions)
    {
        pair.Net.Module.zero_grad();
        var (leaves, outputs) = pair.Run(path);
        var named = pair.Named(leaves);
        var first = autograd.grad([pair.Loss(outputs)], [.. named.Values], retain_graph: true, create_graph: true);
        named.Keys.Zip(first, (name, gradient) => gradient.mul(directions[name]).sum()).Aggregate((a, b) => a.add(b)).backward();
        return pair.Gradients(leaves);
    }
}
