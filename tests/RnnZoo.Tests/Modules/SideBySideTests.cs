using System.Reflection;
using System.Runtime.InteropServices;
using RnnZoo.Bptt;
using RnnZoo.Gradients;
using RnnZoo.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace RnnZoo.Tests.Modules;

/// <summary>nn.LSTM beside Lstm: a test for each row of the table in docs/importing.md, whose name it has.</summary>
public sealed class SideBySideTests : IDisposable
{
    private readonly TorchSharp.DisposeScope _scope;
    private readonly TorchSharp.Modules.LSTM _theirs;
    private readonly Lstm _ours;
    private readonly Tensor _x;

    public SideBySideTests()
    {
        manual_seed(3);
        _theirs = nn.LSTM(5, 6, numLayers: 2, bidirectional: true, dtype: ScalarType.Float64);
        _ours = new Lstm(5, 6, numLayers: 2, bidirectional: true, dtype: ScalarType.Float64);
        _ours.load_state_dict(_theirs.state_dict());
        _scope = NewDisposeScope(); // begun before, it would take the parameters of nn.LSTM
        _x = randn(7, 3, 5, dtype: ScalarType.Float64);
    }

    public void Dispose()
    {
        _ours.Dispose();
        _theirs.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void TheTable_HasARowForEachTest()
    {
        var page = File.ReadAllLines(Path.Combine(Repository.Root, "docs/importing.md"));
        string[] rows = [.. page.SkipWhile(line => !line.StartsWith("| | `nn.LSTM`", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|')).Select(line => line.Split('|')[1].Trim())];
        var tests = typeof(SideBySideTests).GetMethods().Where(method => method.GetCustomAttribute<FactAttribute>() is not null && method.Name != nameof(TheTable_HasARowForEachTest));
        Assert.Equal(tests.Select(method => method.Name.Replace('_', ' ').ToLowerInvariant()).Order(), rows.Order());
    }

    [Fact]
    public void Arguments()
    {
        static string[] Of(IEnumerable<ParameterInfo> parameters) => [.. parameters.Select(parameter => $"{parameter.ParameterType.Name} {parameter.Name} = {parameter.DefaultValue}")];
        var theirs = typeof(nn).GetMethods().Single(method => method.Name == nameof(nn.LSTM));
        Assert.Equal(Of(theirs.GetParameters()), Of(typeof(Lstm).GetConstructors().Single().GetParameters()));
    }

    [Fact]
    public void Input()
    {
        Assert.ThrowsAny<ExternalException>(() => _theirs.call(_x.select(1, 0)));
        Expect.Close(_theirs.call(_x.narrow(1, 0, 1)).Item1.squeeze(1), _ours.call(_x.select(1, 0)).Item1, 1e-13, "[T, I]");
        var ids = randint(5, new long[] { 7, 3 }); // [T, B]
        Expect.Close(_theirs.call(nn.functional.one_hot(ids, 5).to(ScalarType.Float64)).Item1, _ours.call(ids).Item1, 1e-13, "[T, B] ids");
        Assert.Equal([7, 0, 12], _theirs.call(zeros(7, 0, 5, dtype: ScalarType.Float64)).Item1.shape);
        Assert.Equal([7, 0, 12], _ours.call(zeros(7, 0, 5, dtype: ScalarType.Float64)).Item1.shape);
    }

    [Fact]
    public void Result()
    {
        var (expected, actual) = (_theirs.call(_x), _ours.call(_x));
        Expect.Close(expected.Item1, actual.Item1, 1e-13, "output");
        Expect.Close(expected.Item2, actual.Item2, 1e-13, "h_n");
        Expect.Close(expected.Item3, actual.Item3, 1e-13, "c_n");
    }

    [Fact]
    public void Errors()
    {
        Assert.ThrowsAny<ExternalException>(() => _theirs.call(zeros(7, 3, 4, dtype: ScalarType.Float64)));
        Expect.Message<ArgumentException>("input: expected [T, B, I] with I = 5, got [7, 3, 4].", () => _ours.call(zeros(7, 3, 4, dtype: ScalarType.Float64)));
        Assert.ThrowsAny<ExternalException>(() => _theirs.call(_x.to(ScalarType.Float32)));
        Expect.Message<ArgumentException>("input: expected dtype Float64 as the module's parameters, got Float32; convert either with .to(dtype).", () => _ours.call(_x.to(ScalarType.Float32)));
    }

    [Fact]
    public void State()
    {
        var zero = zeros(4, 3, 6, dtype: ScalarType.Float64);
        Expect.Close(_theirs.call(_x).Item1, _theirs.call(_x, (zero, zero)).Item1, 0, "zeros, theirs");
        Expect.Close(_ours.call(_x).Item1, _ours.call(_x, (zero, zero)).Item1, 0, "zeros, ours");
        Assert.ThrowsAny<NullReferenceException>(() => _theirs.call(_x, (zero, null!)));
        Expect.Message<ArgumentException>("h0_c0: expected two tensors (h0, c0), got h0 and null; pass both, or null for zeros.", () => _ours.call(_x, (zero, null!)));
        Assert.ThrowsAny<ExternalException>(() => _theirs.call(_x, (zero.narrow(1, 0, 2), zero)));
        Expect.Message<ArgumentException>("h0: expected [L·D, B, H] = [4, 3, 6], got [4, 2, 6].", () => _ours.call(_x, (zero.narrow(1, 0, 2), zero)));
    }

    [Fact]
    public void State_Without_Detach()
    {
        Carry((x, state) => _theirs.call(x, state));
        Carry((x, state) => _ours.call(x, state));

        void Carry(Func<Tensor, (Tensor, Tensor)?, (Tensor, Tensor, Tensor)> net)
        {
            var (output, h, c) = net(_x, null);
            output.sum().backward();
            var second = net(_x, (h, c)).Item1.sum();
            Assert.Contains("a second time", Assert.ThrowsAny<ExternalException>(() => second.backward()).Message);
        }
    }

    [Fact]
    public void Load_State_Dict()
    {
        var state = _theirs.state_dict();
        state["bias_ih_l0"] = ones(1, dtype: ScalarType.Float64);
        _theirs.load_state_dict(state);
        Assert.Equal(24, _theirs.state_dict()["bias_ih_l0"].sum().item<double>());
        Expect.Message<ArgumentException>("bias_ih_l0: expected shape [24], got [1]; the state dict comes from a module of other sizes.", () => _ours.load_state_dict(state));
    }

    [Fact]
    public void Several_Lengths()
    {
        var lengths = tensor(new long[] { 2, 7, 4 });
        var packed = pack_padded_sequence(_x, lengths, enforce_sorted: false);
        var expected = _theirs.call(packed);
        var actual = _ours.call(packed);
        var padded = _ours.call(_x, lengths);
        Expect.Close(expected.Item1.data, actual.Item1.data, 1e-13, "packed");
        Expect.Close(pad_packed_sequence(expected.Item1).Item1, padded.Item1, 1e-13, "padded");
        Expect.Close(expected.Item2, padded.Item2, 1e-13, "h_n");
        Expect.Close(expected.Item3, actual.Item3, 1e-13, "c_n");
    }

    [Fact]
    public void Forward_Hooks()
    {
        var (theirs, ours) = (0, 0);
        _theirs.register_forward_hook((_, _, _, result) => Counted(result, ref theirs));
        _ours.register_forward_hook((_, _, _, result) => Counted(result, ref ours));
        var packed = pack_padded_sequence(_x, tensor(new long[] { 7, 4, 4 }));
        _theirs.call(_x);
        _theirs.forward(_x);
        _theirs.call(packed);
        Assert.Equal(1, theirs);
        _ours.call(_x);
        _ours.forward(_x);
        _ours.call(packed);
        Assert.Equal(1, ours);
        _ours.call(_x, tensor(new long[] { 7, 4, 4 }));
        Assert.Equal(2, ours);

        static T Counted<T>(T result, ref int count)
        {
            count++;
            return result;
        }
    }

    [Fact]
    public void Gradient_Hooks()
    {
        Assert.DoesNotContain(typeof(Tensor).GetMethods(), method => method.Name.Contains("hook", StringComparison.OrdinalIgnoreCase));
        using var trace = GradientTrace.Attach(_ours, step => step.Gradient * 0);
        var output = _ours.call(_x).Item1;
        using var hook = output.RegisterHook(gradient => gradient * 2);
        using var tap = new GradientTap(gradient => gradient + 1);
        Gradient.Backward(tap.call(output).sum());
        Assert.Equal(0, _ours.get_parameter("weight_hh_l0")!.grad!.abs().max().item<double>());
    }

    [Fact]
    public void Element_Types()
    {
        foreach (var type in new[] { ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64 })
        {
            var x = _x.to(type);
            using var theirs = nn.LSTM(5, 6, dtype: type);
            using var ours = new Lstm(5, 6, dtype: type);
            Assert.Equal(type, theirs.call(x).Item1.dtype);
            ours.load_state_dict(theirs.state_dict());
            var output = ours.call(x).Item1;
            output.sum().backward();
            Expect.Close(theirs.call(x).Item1, output, type is ScalarType.Float16 or ScalarType.BFloat16 ? 0 : 1e-6, $"{type}");
            Assert.Equal(type is ScalarType.Float32 or ScalarType.Float64 ? BackwardPath.HandWritten : BackwardPath.Native, ours.EffectiveBackward);
        }
    }

    [Fact]
    public void Output_Changed_In_Place()
    {
        var x = _x.to(ScalarType.Float32);
        using var theirs = nn.LSTM(5, 6);
        using var ours = new Lstm(5, 6);
        var output = theirs.call(x).Item1;
        output.relu_();
        Assert.ThrowsAny<ExternalException>(() => output.sum().backward());
        ours.call(x).Item1.relu_().sum().backward();
    }

    [Fact]
    public void Double_Backward()
    {
        var expected = Second(x => _theirs.call(x).Item1);
        Expect.Close(expected, Second(x => _ours.call(x).Item1), 1e-12, "by hand");
        _ours.Backward = BackwardPath.Autograd;
        Expect.Close(expected, Second(x => _ours.call(x).Item1), 1e-12, "autograd");

        Tensor Second(Func<Tensor, Tensor> net)
        {
            var x = _x.clone().requires_grad_();
            var first = autograd.grad([net(x).square().sum()], [x], create_graph: true, retain_graph: true)[0];
            return autograd.grad([first.square().sum()], [x])[0];
        }
    }

    [Fact]
    public void Threads()
    {
        Together(() => _theirs.call(_x).Item1.data<double>().ToArray());
        Together(() => _ours.call(_x).Item1.data<double>().ToArray());

        static void Together(Func<double[]> run)
        {
            double[] Once()
            {
                using var scope = NewDisposeScope();
                using var noTape = no_grad();
                return run();
            }

            var expected = Once();
            var results = new double[4][];
            Thread[] threads = [.. results.Select((_, index) => new Thread(() => results[index] = Once()))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            Assert.All(results, result => Assert.All(expected.Zip(result), pair => Assert.Equal(pair.First, pair.Second, 1e-13)));
        }
    }
}
