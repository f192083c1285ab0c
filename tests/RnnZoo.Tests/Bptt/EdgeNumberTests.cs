using RnnZoo.Cells;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Bptt;

/// <summary>
/// Numbers at the edges of a type, in every argument and cotangent: the hand-written path, by its kernels and by its equations,
/// gives what autograd gives. A number that is NaN or infinite on one path is so on the other; the finite ones are equal to rounding.
/// </summary>
public sealed class EdgeNumberTests
{
    private const long T = 3, B = 2, I = 2;

    private static readonly double[] Edges = [1e16, -1e30, 1e30, 1e-30, 1e-42, 9.96921e36, double.PositiveInfinity, double.NegativeInfinity, double.NaN];

    public static TheoryData<string> Nets() => [.. RecurrentNets.Names];

    [Theory]
    [MemberData(nameof(Nets))]
    public void AnyNumber_InAnyArgument_GivesWhatAutogradGives(string name)
    {
        var problems = new List<string>();
        var normalises = name == "layernorm-lstm";
        var size = name == "cornn" ? 0.1 : 0.5; // its z is several times as large as others' states, and where tanh is flat its slope has few digits
        foreach (var dtype in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            // Every number of lanes beyond H. Of a single number layer_norm leaves rounding alone.
            for (var hidden = normalises ? 2L : 1; hidden <= 17; hidden += dtype == ScalarType.Float32 || hidden == 1 ? 1 : 3)
            {
                using var scope = NewDisposeScope();
                var module = RecurrentNets.Named(name).Make(new NetOptions(I, hidden) { DType = dtype });
                using var owner = (nn.Module)module;
                Fill(owner, (ulong)hidden, size);
                foreach (var edge in Edges)
                {
                    if (normalises && dtype == ScalarType.Float32 && double.IsFinite(edge) && Math.Abs(edge) > 1e18)
                    {
                        continue; // its square is infinite, and libtorch's layer_norm gives NaN where the equations find a number
                    }

                    for (var place = 0; place < 2 + (2 * module.StateSizes.Count); place++)
                    {
                        problems.AddRange(Differences(module, dtype, edge, place).Select(problem => $"{dtype} H = {hidden}, {edge} in {place}: {problem}"));
                    }
                }
            }
        }

        Assert.True(problems.Count == 0, $"{problems.Count} differences, such as\n{string.Join('\n', problems.Take(20))}");
    }

    private static IEnumerable<string> Differences(IRecurrentModule module, ScalarType dtype, double edge, int place)
    {
        using var scope = NewDisposeScope();
        var expected = Results(module, BackwardPath.Autograd, dtype, edge, place);
        var problems = new List<string>();
        foreach (var equations in module.HiddenSize == 5 ? new[] { false, true } : [false])
        {
            module.HandWritten!.EquationsOnly = equations;
            var actual = Results(module, BackwardPath.HandWritten, dtype, edge, place);
            module.HandWritten.EquationsOnly = false;
            foreach (var (key, values) in expected)
            {
                for (var index = 0; index < values.Length; index++)
                {
                    if (!Same(actual[key][index], values[index], dtype, edge, huge: module is CoRnn ? 1e5 : 1e6, units: module is LayerNormLstm ? 300 : 100))
                    {
                        problems.Add($"{(equations ? "equations" : "kernels")}, {key}[{index}]: expected {values[index]}, got {actual[key][index]}");
                    }
                }
            }
        }

        return problems;
    }

    // One class of number; of finite ones, equal to rounding. What is huge comes of the edge, by sums in which parts of its size
    // may cancel: its rounding is the edge's. What is not must be as exact as ever, however huge the edge.
    private static bool Same(double actual, double expected, ScalarType dtype, double edge, double huge, double units)
    {
        if (!double.IsFinite(actual) || !double.IsFinite(expected))
        {
            return actual.Equals(expected);
        }

        var rounding = dtype == ScalarType.Float32 ? 6e-8 : 1.2e-16;
        var scale = Math.Abs(expected) > huge && double.IsFinite(edge) ? Math.Max(Math.Abs(edge), Math.Abs(expected)) : Math.Max(1, Math.Abs(expected));
        return Math.Abs(actual - expected) <= units * rounding * scale;
    }

    private static Dictionary<string, double[]> Results(IRecurrentModule module, BackwardPath path, ScalarType dtype, double edge, int place)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        module.Backward = path;
        var hidden = module.HiddenSize;
        Tensor[] tensors =
        [
            Normal(T, B, I), .. module.StateSizes.Select(size => size == hidden ? Normal(1, B, size) : Normal(1, B, size).abs().add(1)), // the sLSTM's n is above 0
            Normal(T, B, hidden), .. module.StateSizes.Select(size => Normal(1, B, size)),
        ];
        tensors[place].flatten()[^1] = tensor(edge, dtype: dtype);
        var parts = module.StateSizes.Count;
        Tensor[] leaves = [.. tensors[..(1 + parts)].Select(value => value.requires_grad_())];
        ((nn.Module)module).zero_grad();
        var (output, final) = module.Run(leaves[0], new RecurrentState(leaves[1..]));
        Tensor[] outputs = [output, .. final];
        autograd.backward(outputs, tensors[(1 + parts)..]);
        module.ThrowIfFailed();
        var results = new Dictionary<string, double[]>();
        foreach (var (value, index) in outputs.Select((value, index) => (value, index)))
        {
            results[$"output {index}"] = Numbers(value.detach());
        }

        foreach (var (leaf, index) in leaves.Select((leaf, index) => (leaf, index)))
        {
            results[$"gradient of argument {index}"] = Numbers(leaf.grad!);
        }

        foreach (var (key, parameter) in ((nn.Module)module).named_parameters())
        {
            results[key] = Numbers(parameter.grad!);
        }

        return results;

        Tensor Normal(params long[] shape) => randn(shape, dtype: ScalarType.Float64, generator: generator).to(dtype);
    }

    private static double[] Numbers(Tensor value) => value.to(ScalarType.Float64).flatten().data<double>().ToArray();

    private static void Fill(nn.Module module, ulong seed, double size)
    {
        using var noTape = no_grad();
        using var generator = new Generator(seed);
        foreach (var parameter in module.parameters())
        {
            parameter.copy_(randn(parameter.shape, dtype: ScalarType.Float64, generator: generator).mul(size));
        }
    }
}
