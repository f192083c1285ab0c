using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Streams;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Streams;

/// <summary>Updates every k1 steps with gradients over k2 steps.</summary>
public class TruncationTests
{
    private const int T = 23;
    private const int B = 2;

    public static TheoryData<int, int> Lengths
    {
        get
        {
            var data = new TheoryData<int, int>();
            foreach (var k1 in Enumerable.Range(1, 7))
            {
                foreach (var k2 in Enumerable.Range(1, 7))
                {
                    data.Add(k1, k2);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Updates_AnyK1AndK2_EqualTheExplicitReference(int k1, int k2)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(seed: 11);
        var (x, y) = (randn(T, B, 1, dtype: ScalarType.Float64, generator: random), rand(T, B, 1, dtype: ScalarType.Float64, generator: random));
        using var net = new VanillaRnn(1, 1, dtype: ScalarType.Float64);
        Parameter[] parameters = [net.get_parameter("weight_ih_l0")!, net.get_parameter("weight_hh_l0")!, net.get_parameter("bias_ih_l0")!];
        double[] initial = [0.7, 0.9, -0.1];
        using (no_grad())
        {
            net.get_parameter("bias_hh_l0")!.zero_();
            foreach (var (parameter, value) in parameters.Zip(initial))
            {
                parameter.fill_(value);
            }
        }

        const double learningRate = 0.02;
        var reference = new ScalarReference(initial, learningRate);
        var expected = reference.Run(Rows(x), Rows(y), k1, k2);
        using var loader = new TruncatedBpttLoader(new TensorStreams(x, y), new() { ChunkLength = k1, GradientLength = k2 });
        var number = 0;
        foreach (var chunk in loader)
        {
            net.zero_grad();
            var loss = nn.functional.mse_loss(chunk.Run(net), chunk.Target, nn.Reduction.Sum);
            Gradient.Backward(loss);
            var update = expected[number++];
            Close(update.CountedLoss, loss.item<double>());
            for (var index = 0; index < 3; index++)
            {
                Close(update.Gradient[index], parameters[index].grad!.item<double>());
                using var noTape = no_grad();
                parameters[index].sub_(parameters[index].grad!.mul(learningRate));
            }
        }

        Assert.Equal(expected.Count, number);
        Assert.Equal(reference.Weights, parameters.Select(parameter => parameter.item<double>()), (left, right) => Math.Abs(left - right) < 1e-12);
    }

    [Fact]
    public void Gradient_OfTheLinearRecurrence_IsNotTheWellKnownWrongOne()
    {
        // x_t = w·x_{t-1}, x_0 = 0.9, w = 0.2, the loss of step t is x_t: dx_t/dw = t·w^(t-1)·x_0.
        using var scope = NewDisposeScope();
        var w = tensor(0.2, dtype: ScalarType.Float64).requires_grad_();
        var nothing = zeros(3, 1, 1, dtype: ScalarType.Float64);
        using var loader = new TruncatedBpttLoader(new TensorStreams(nothing, nothing), new()
        {
            ChunkLength = 1,
            GradientLength = 3,
            InitialState = streams => new RecurrentState(full(streams, 1, 0.9, dtype: ScalarType.Float64)), // [B, 1]
        });
        var gradients = new List<double>();
        foreach (var chunk in loader)
        {
            chunk.Run((input, state) =>
            {
                var outputs = new List<Tensor>();
                for (var t = 0; t < input.shape[0]; t++)
                {
                    state = new RecurrentState(state!.Hidden.mul(w));
                    outputs.Add(state.Hidden);
                }

                return new RecurrentResult(stack(outputs, 0), state!);
            }).sum().backward();
            gradients.Add(w.grad!.item<double>());
            w.grad!.zero_();
        }

        Assert.Equal([0.9, 0.36, 0.108], gradients, (left, right) => Math.Abs(left - right) < 1e-15);
    }

    private static void Close(double expected, double actual) => Assert.InRange(actual, expected - (1e-12 * Math.Max(1, Math.Abs(expected))), expected + (1e-12 * Math.Max(1, Math.Abs(expected))));

    private static double[][] Rows(Tensor streams) // [T, B, 1]
    {
        var values = streams.data<double>().ToArray();
        return [.. Enumerable.Range(0, T).Select(t => values[(t * B)..((t + 1) * B)])];
    }
}
