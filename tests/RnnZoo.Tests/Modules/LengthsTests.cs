using RnnZoo.Gradients;
using RnnZoo.Kernels;
using RnnZoo.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace RnnZoo.Tests.Modules;

/// <summary>
/// Sequences of several lengths in one batch, on every net and path, against each sequence run alone by autograd, and against
/// the modules of torch.nn on packed sequences. The padding is NaN: whatever it reaches shows it.
/// </summary>
public sealed class LengthsTests
{
    private const long I = 3;
    private static readonly long[][] Batches = [[7, 3, 5, 1], [1, 6, 2, 2, 6], [4, 4, 4], [1, 1], [1], [9, 1, 1], [30, 5, 17, 17]];

    public static TheoryData<string, int, bool, bool> Layouts()
    {
        var data = new TheoryData<string, int, bool, bool>();
        foreach (var net in TestNets.Names)
        {
            data.Add(net, 1, false, false);
            data.Add(net, 1, true, true);
            data.Add(net, 2, true, false);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void EveryPath_EqualsEachSequenceAlone(string net, int layers, bool bidirectional, bool batchFirst)
    {
        foreach (var lengths in Batches)
        {
            foreach (var hidden in net == "layernorm-lstm" ? new[] { 8, 11 } : [1, 8, 11]) // one number, normalised, is rounding alone
            {
                using var scope = NewDisposeScope();
                var module = TestNets.Make(net, new NetOptions(I, hidden, layers) { Bidirectional = bidirectional, BatchFirst = batchFirst });
                using var owner = (nn.Module)module;
                foreach (var withState in new[] { true, false })
                {
                    var problem = new LengthsProblem(module, lengths, padTo: lengths.Max() + (withState ? 2 : 0), withState);
                    module.Backward = BackwardPath.Autograd;
                    var expected = problem.OneByOne();
                    var what = $"{net} {string.Join(",", lengths)} H = {hidden}";
                    Expect.Close(expected, problem.Together(), 1e-12, $"{what}, autograd");
                    if (module.Supports(BackwardPath.Native))
                    {
                        module.Backward = BackwardPath.Native;
                        Expect.Close(expected, problem.Together(), 1e-12, $"{what}, native");
                    }

                    module.Backward = BackwardPath.HandWritten;
                    Expect.Close(expected, problem.Together(), 1e-12, $"{what}, by hand");
                    Expect.Close(expected, problem.Packed(), 1e-12, $"{what}, packed");
                    module.HandWritten!.EquationsOnly = true;
                    Expect.Close(expected, problem.Together(), 1e-12, $"{what}, equations");
                    module.HandWritten!.EquationsOnly = false;
                }
            }
        }
    }

    [Theory]
    [InlineData("vanilla", 1)]
    [InlineData("vanilla", 3)]
    [InlineData("lstm", 2)]
    [InlineData("gru", 2)]
    [InlineData("mingru", 2)]
    [InlineData("orthogonal", 2)]
    public void Kernels_ManyRowsOnThreads_EqualEquations(string net, int threads)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(5);
        var before = get_num_threads();
        try
        {
            set_num_threads(threads);
            foreach (var bidirectional in new[] { false, true })
            {
                var module = RecurrentNets.Named(net).Make(new NetOptions(I, 40, 1) { Bidirectional = bidirectional, DType = ScalarType.Float64 });
                using var owner = (nn.Module)module;
                module.Backward = BackwardPath.HandWritten;
                var problem = new LengthsProblem(module, randint(1, 60, [37], generator: random).data<long>().ToArray(), padTo: 64, withState: true);
                var byKernels = problem.Together();
                module.HandWritten!.EquationsOnly = true;
                Expect.Close(problem.Together(), byKernels, 1e-11, net);
            }
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Theory]
    [InlineData("RNN", 1, false)]
    [InlineData("RELU", 2, true)]
    [InlineData("LSTM", 1, false)]
    [InlineData("LSTM", 2, true)]
    [InlineData("GRU", 1, true)]
    [InlineData("GRU", 3, false)]
    public void PackedSequences_EqualNative(string name, int layers, bool bidirectional)
    {
        foreach (var sorted in new[] { true, false })
        {
            foreach (var lengths in Batches)
            {
                using var scope = NewDisposeScope();
                long[] ordered = sorted ? [.. lengths.OrderDescending()] : lengths;
                var net = new NetCase(name, layers, bidirectional, I: I, H: 6);
                using var native = net.Native();
                foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten, BackwardPath.Native })
                {
                    using var ours = net.Ours(path);
                    ours.Module.load_state_dict(native.Module.state_dict());
                    Expect.Close(Run(native.Module, net, ordered, sorted), Run(ours.Module, net, ordered, sorted), 1e-12, $"{net} {string.Join(",", ordered)} {path}");
                }
            }
        }
    }

    [Fact]
    public void Kernels_TakeMemoryByRealSteps()
    {
        using var scope = NewDisposeScope();
        using var lstm = new Lstm(8, 64);
        var lengths = new long[32];
        Array.Fill(lengths, 10);
        lengths[5] = 2000;
        var input = zeros(2000, 32, 8);
        var sizes = BatchSizes.OfLengths([.. lengths.OrderDescending()]);
        var shape = new LayerShape(CellKind.Lstm, 2000, 32, 8, 64, Reverse: false, sizes);
        var packed = RecurrentKernel.TapeElements<float>(shape);
        var padded = RecurrentKernel.TapeElements<float>(shape with { Sizes = null });
        Assert.Equal((double)(lengths.Sum() + 32) / ((2000 + 1) * 32), (double)packed / padded, 1e-9);
        Assert.Equal(BackwardPath.HandWritten, lstm.EffectiveBackward);
        lstm.call(input, lengths: lengths).Item1.sum().backward();
    }

    [Fact]
    public void TokensAndFullLengths_EqualWhatTheyStandFor()
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(5);
        using var lstm = new Lstm(6, 9, numLayers: 2, bidirectional: true, dtype: ScalarType.Float64);
        var tokens = randint(0, 6, [7, 4], dtype: ScalarType.Int64, generator: random); // [T, B]
        var oneHot = nn.functional.one_hot(tokens, 6).to(ScalarType.Float64); // [T, B, 6]
        long[] lengths = [2, 7, 1, 4];
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten, BackwardPath.Native })
        {
            lstm.Backward = path;
            Expect.Close(lstm.call(oneHot, lengths).Item1, lstm.call(tokens, lengths: lengths).Item1, 1e-13, $"{path}");
            Expect.Close(lstm.call(oneHot).Item1, lstm.call(oneHot, lengths: new long[] { 7, 7, 7, 7 }).Item1, 0, $"{path}, full");
        }
    }

    [Theory]
    [InlineData("tanh")]
    [InlineData("lstm")]
    [InlineData("gru")]
    [InlineData("mingru")]
    [InlineData("layernorm-lstm")]
    public void Norms_JoinThoseOfEachSequenceAlone(string net)
    {
        using var scope = NewDisposeScope();
        var module = TestNets.Make(net, new NetOptions(I, 9, 2) { Bidirectional = true });
        using var owner = (nn.Module)module;
        using var trace = GradientTrace.Attach(owner, new GradientTraceOptions { WeightShares = true });
        long[] lengths = [3, 8, 1, 5];
        foreach (var path in new[] { BackwardPath.Autograd, BackwardPath.HandWritten })
        {
            module.Backward = path;
            var problem = new LengthsProblem(module, lengths, padTo: 10, withState: true);
            problem.Together();
            var together = trace.Last!;
            GradientNorms[] alone = [.. Enumerable.Range(0, lengths.Length).Select(b =>
            {
                problem.Alone(b);
                return trace.Last!;
            })];
            foreach (var layer in together.Layers)
            {
                LayerGradientNorms[] parts = [.. alone.Select(norms => norms[layer.Layer, layer.Direction])];
                Same(layer.Hidden, parts.Select(part => part.Hidden), "h");
                Same(layer.HiddenFromFuture, parts.Select(part => part.HiddenFromFuture), "h, from the future");
                if (layer.Cell is not null)
                {
                    Same(layer.Cell, parts.Select(part => part.Cell!), "c");
                    Same(layer.CellFromFuture!, parts.Select(part => part.CellFromFuture!), "c, from the future");
                }

                if (layer.WeightShares is { } shares)
                {
                    Assert.Equal(parts[1].WeightShares![7], shares[7], 1e-12); // the longest sequence alone
                    Assert.Equal([0.0, 0.0], shares.Skip(8));
                }
            }

            void Same(IReadOnlyList<double> joined, IEnumerable<IReadOnlyList<double>> parts, string what)
            {
                Assert.Equal(10, joined.Count);
                for (var t = 0; t < joined.Count; t++)
                {
                    var expected = Math.Sqrt(parts.Sum(part => t < part.Count ? part[t] * part[t] : 0));
                    Assert.True(Math.Abs(expected - joined[t]) <= 1e-12 * Math.Max(1, expected), $"{net} {path} {what}, t = {t}: expected {expected}, got {joined[t]}");
                }
            }
        }
    }

    [Fact]
    public void SequenceModel_PassesLengthsOn_PastHooks()
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create("gru", 4, 5, 3, encoding: InputEncoding.Embedding, dtype: ScalarType.Float64);
        var tokens = randint(0, 4, [6, 2], dtype: ScalarType.Int64); // [T, B]
        var calls = 0;
        var hook = model.register_forward_hook((_, _, _, result) =>
        {
            calls++;
            return result;
        });
        var (output, state) = model.call(tokens, lengths: new long[] { 2, 6 });
        var (alone, end) = model.call(tokens.narrow(0, 0, 2).narrow(1, 0, 1)); // [2, 1]
        Expect.Close(alone, output.narrow(0, 0, 2).narrow(1, 0, 1), 1e-14, "output");
        Expect.Close(end.Hidden, state.Hidden.narrow(1, 0, 1), 1e-14, "state");
        Assert.Equal(2, calls);
        hook.remove();
        Expect.Close(model.call(tokens).Output, model.forward(tokens).Output, 0, "the lengths of one call are not those of the next");
    }

    [Fact]
    public void Lengths_AreThoseOfTheirCall_WhateverAHookCalls()
    {
        using var scope = NewDisposeScope();
        using var gru = new Gru(3, 4);
        var (x, lengths) = (randn(5, 2, 3), tensor(new long[] { 2, 5 }));
        var expected = gru.call(x, lengths: lengths).Item1;
        var isInside = false;
        gru.register_forward_pre_hook((module, input, state) =>
        {
            if (!isInside)
            {
                isInside = true;
                gru.call(x);
                gru.call(x, lengths: new long[] { 1, 1 });
            }

            return null;
        });
        Expect.Close(expected, gru.call(x, lengths: lengths).Item1, 0, "past a hook that calls the net");
        Assert.True(isInside);

        var disposed = new Lstm(3, 4);
        disposed.Dispose();
        Assert.Equal(typeof(Lstm).FullName, Assert.Throws<ObjectDisposedException>(() => disposed.call(x)).ObjectName);
        Assert.Equal(typeof(Lstm).FullName, Assert.Throws<ObjectDisposedException>(() => disposed.forward(x)).ObjectName);
    }

    [Fact]
    public void Unbatched_EqualsABatchOfOne()
    {
        using var scope = NewDisposeScope();
        foreach (var name in TestNets.Names)
        {
            foreach (var batchFirst in new[] { false, true })
            {
                var module = TestNets.Make(name, new NetOptions(I, 5, 2) { Bidirectional = true, BatchFirst = batchFirst });
                using var owner = (nn.Module)module;
                var x = randn(6, I, dtype: ScalarType.Float64); // [T, I]
                var state = module.ZeroState(1).Map(part => randn_like(part));
                foreach (var path in Enum.GetValues<BackwardPath>().Where(module.Supports))
                {
                    module.Backward = path;
                    var axis = batchFirst ? 0 : 1;
                    var expected = module.Run(x.unsqueeze(axis), state);
                    var actual = module.Run(x, state.Map(part => part.squeeze(1)));
                    Expect.Close(expected.Output.squeeze(axis), actual.Output, 0, $"{name} {path}");
                    Expect.Close(expected.State.Hidden.squeeze(1), actual.State.Hidden, 0, $"{name} {path}");
                    Expect.Close(module.Run(x.unsqueeze(axis)).Output.squeeze(axis), module.Run(x).Output, 0, $"{name} {path}, no state");
                }
            }
        }
    }

    [Fact]
    public void BadLengths_AreNamed()
    {
        using var scope = NewDisposeScope();
        using var gru = new Gru(3, 4);
        var x = zeros(5, 2, 3);
        Expect.Message<ArgumentException>("lengths: expected [B] = [2] of dtype Int64, got [3] of dtype Int64.", () => gru.call(x, lengths: new long[] { 1, 2, 3 }));
        Expect.Message<ArgumentException>("lengths: expected [B] = [2] of dtype Int64, got [2] of dtype Float32.", () => gru.call(x, lengths: new float[] { 1, 2 }));
        Expect.Message<ArgumentException>("lengths: expected numbers of steps from 1 to T = 5, got 0 for sequence 1.", () => gru.call(x, lengths: new long[] { 5, 0 }));
        Expect.Message<ArgumentException>("lengths: expected numbers of steps from 1 to T = 5, got 6 for sequence 0.", () => gru.call(x, lengths: new long[] { 6, 1 }));
        Expect.Message<ArgumentException>("h0: expected [L·D, B, H], got [2] of dtype Int64; if these are lengths, say so: call(input, lengths: …).", () => gru.call(x, tensor(new long[] { 5, 1 })));
        Expect.Message<ArgumentException>("lengths: expected none for a single sequence [T, I]; narrow the input to its length.", () => gru.call(zeros(5, 3), lengths: new long[] { 4 }));
        Expect.Message<ArgumentException>("input: expected packed rows [N, I] with I = 3, got [2, 4]; pack a batch [T, B, I].", () => gru.call(pack_padded_sequence(zeros(1, 2, 4), tensor(new long[] { 1, 1 }))));
        Expect.Message<ArgumentException>("input: expected dtype Float32 as the module's parameters, got Float64; convert either with .to(dtype).", () => gru.call(pack_padded_sequence(zeros(1, 2, 3, dtype: ScalarType.Float64), tensor(new long[] { 1, 1 }))));
        Expect.Message<ArgumentException>("h0: expected [L·D, B, H] = [1, 2, 4], got [1, 3, 4].", () => gru.call(pack_padded_sequence(zeros(1, 2, 3), tensor(new long[] { 1, 1 })), zeros(1, 3, 4)));
        Expect.Message<ArgumentException>("h0: expected [L·D, H] = [1, 4], got [1, 1, 4].", () => gru.call(zeros(5, 3), zeros(1, 1, 4)));
    }

    [Fact]
    public void NothingLeaks()
    {
        using var scope = NewDisposeScope();
        using var lstm = new Lstm(3, 5, numLayers: 2, bidirectional: true);
        var x = randn(7, 3, 3);
        var lengths = tensor(new long[] { 2, 7, 4 });
        var counts = new List<long>();
        for (var pass = 0; pass < 4; pass++)
        {
            using (var inner = NewDisposeScope())
            {
                lstm.call(x, lengths).Item1.sum().backward();
                var packed = lstm.call(pack_padded_sequence(x, lengths, enforce_sorted: false));
                pad_packed_sequence(packed.Item1).Item1.sum().backward();
            }

            counts.Add(Tensor.TotalCount);
        }

        Assert.Equal(counts[1], counts[3]);
    }

    private static Dictionary<string, Tensor> Run(nn.Module module, NetCase net, long[] lengths, bool sorted)
    {
        manual_seed(3);
        module.zero_grad();
        Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float64);
        var (steps, batch, directions) = (lengths.Max(), (long)lengths.Length, net.StateRows / net.Layers);
        var x = Random(steps, batch, I).requires_grad_();
        Tensor[] state = [.. Enumerable.Range(0, net.StateParts).Select(_ => Random(net.StateRows, batch, net.H).requires_grad_())];
        var packed = pack_padded_sequence(x, tensor(lengths), enforce_sorted: sorted);
        var (output, final) = module switch
        {
            TorchSharp.Modules.RNN rnn => One(rnn.call(packed, state[0])),
            TorchSharp.Modules.GRU gru => One(gru.call(packed, state[0])),
            TorchSharp.Modules.LSTM lstm => Two(lstm.call(packed, (state[0], state[1]))),
            HiddenStateModule ours => One(ours.call(packed, state[0])),
            CellStateModule ours => Two(ours.call(packed, (state[0], state[1]))),
            _ => throw new InvalidOperationException(),
        };
        var (padded, back) = pad_packed_sequence(output);
        Assert.Equal(lengths, back.data<long>().ToArray());
        var loss = padded.mul(Random(steps, batch, directions * net.H)).sum();
        foreach (var part in final)
        {
            loss = loss.add(part.mul(Random(net.StateRows, batch, net.H)).sum());
        }

        loss.backward();
        var results = module.named_parameters().ToDictionary(item => item.Item1, item => item.Item2.grad!.clone());
        results["rows"] = output.data;
        results["output"] = padded;
        results["input gradient"] = x.grad!;
        for (var part = 0; part < final.Length; part++)
        {
            results[$"final {part}"] = final[part];
            results[$"initial gradient {part}"] = state[part].grad!;
        }

        return results;

        static (PackedSequence, Tensor[]) One((PackedSequence, Tensor) result) => (result.Item1, [result.Item2]);
        static (PackedSequence, Tensor[]) Two((PackedSequence, Tensor, Tensor) result) => (result.Item1, [result.Item2, result.Item3]);
    }
}
