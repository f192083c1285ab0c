using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Streams;
using RnnZoo.Tests.Modules;
using RnnZoo.Tests.Plots;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Streams;

public class LoaderTests
{
    private const long T = 23;
    private const int B = 3;

    public static TheoryData<string, BackwardPath, int> Nets => new()
    {
        { "vanilla", BackwardPath.HandWritten, 1 },
        { "lstm", BackwardPath.HandWritten, 2 },
        { "gru", BackwardPath.HandWritten, 1 },
        { "layernorm-lstm", BackwardPath.HandWritten, 2 },
        { "mingru", BackwardPath.HandWritten, 2 },
        { "vanilla", BackwardPath.Autograd, 2 },
        { "lstm", BackwardPath.Autograd, 1 },
        { "layernorm-lstm", BackwardPath.Autograd, 1 },
        { "mingru", BackwardPath.Autograd, 1 },
        { "lstm", BackwardPath.Native, 2 },
        { "gru", BackwardPath.Native, 1 },
    };

    [Theory]
    [MemberData(nameof(Nets))]
    public void Chunks_OutputsJoined_EqualTheUnbrokenRun(string cell, BackwardPath path, int layers)
    {
        using var scope = NewDisposeScope();
        using var model = SampleStreams.Model(cell, 5, 7, 2, layers, path);
        var (input, target) = SampleStreams.Random(T, B, 5, 2);
        using var loader = new TruncatedBpttLoader(new TensorStreams(input, target), new() { ChunkLength = 5 });

        var outputs = loader.Select(chunk => chunk.Run(model)).ToList();

        Assert.Equal([5, 5, 5, 5, 3], outputs.Select(output => output.shape[0]));
        Expect.Close(model.call(input).Output, cat(outputs, 0), 1e-12, "outputs");
        Assert.Equal(1, loader.Epoch);
    }

    [Theory]
    [MemberData(nameof(Nets))]
    public void Chunks_AsLongAsTheStream_GiveTheGradientOfFullBptt(string cell, BackwardPath path, int layers)
    {
        using var scope = NewDisposeScope();
        using var model = SampleStreams.Model(cell, 5, 7, 2, layers, path);
        var (input, target) = SampleStreams.Random(T, B, 5, 2);
        Gradient.Backward(nn.functional.mse_loss(model.call(input).Output, target, nn.Reduction.Sum));
        var expected = SampleStreams.TakeGradients(model);

        foreach (var (length, gradientLength) in new[] { ((int)T, (int?)null), ((int)T, 40), (4, (int)T), (4, 1000) })
        {
            using var loader = new TruncatedBpttLoader(new TensorStreams(input, target), new() { ChunkLength = length, GradientLength = gradientLength });
            foreach (var chunk in loader)
            {
                Gradient.Backward(nn.functional.mse_loss(chunk.Run(model), chunk.Target, nn.Reduction.Sum));
            }

            Expect.Close(expected, SampleStreams.TakeGradients(model), 1e-12, $"k1 = {length}, k2 = {gradientLength}");
        }
    }

    [Fact]
    public void Chunk_GradientToTheStateBeforeTheCut_DoesNotExist()
    {
        using var scope = NewDisposeScope();
        using var model = SampleStreams.Model("lstm", 5, 7, 2);
        var (input, target) = SampleStreams.Random(T, B, 5, 2);
        input.requires_grad_();
        using var loader = new TruncatedBpttLoader(new TensorStreams(input, target), new() { ChunkLength = 5 });
        var chunks = 0;
        foreach (var chunk in loader)
        {
            chunk.Run((x, state) =>
            {
                Assert.True(state is null ? chunks == 0 : state.All(part => part is { requires_grad: false, is_leaf: true }));
                var result = model.call(x, state);
                Assert.All(result.State, part => Assert.True(part.requires_grad));
                return result;
            }).sum().backward();
            var reached = input.grad!.abs().sum(dim: 2).sum(dim: 1).data<double>().ToArray();
            input.grad!.zero_();
            Assert.All(Enumerable.Range(0, (int)T), step => Assert.Equal(step / 5 == chunks, reached[step] != 0));
            chunks++;
        }

        Assert.Equal(5, chunks);
    }

    [Fact]
    public void Run_TorchModules_CarryTheirOwnStates()
    {
        using var scope = NewDisposeScope();
        var (input, target) = SampleStreams.Random(T, B, 5, 2);
        using var loader = new TruncatedBpttLoader(new TensorStreams(input, target), new() { ChunkLength = 6 });
        using var lstm = nn.LSTM(5, 7, 2, dtype: ScalarType.Float64);
        using var gru = nn.GRU(5, 7, dtype: ScalarType.Float64);
        using var rnn = nn.RNN(5, 7, dtype: ScalarType.Float64);
        using var own = new Recurrent(5, (_, _, size) => new LeakyCell(size, 7), numLayers: 2);

        Expect.Close(lstm.call(input).Item1, cat(loader.Select(chunk => chunk.Run((x, state) => lstm.call(x, state))).ToList()), 1e-12, "LSTM");
        Expect.Close(gru.call(input).Item1, cat(loader.Select(chunk => chunk.Run((x, h) => gru.call(x, h!))).ToList()), 1e-12, "GRU");
        Expect.Close(rnn.call(input).Item1, cat(loader.Select(chunk => chunk.Run((x, h) => rnn.call(x, h))).ToList()), 1e-12, "RNN");
        Expect.Close(own.call(input).Output, cat(loader.Select(chunk => chunk.Run(own)).ToList()), 1e-12, "a user's cell");
    }

    [Fact]
    public void StateAndCarry_RunByHand_EqualTheUnbrokenRun()
    {
        using var scope = NewDisposeScope();
        var (input, target) = SampleStreams.Random(T, B, 5, 2);
        using var loader = new TruncatedBpttLoader(new TensorStreams(input, target), new() { ChunkLength = 6 });
        using var lstm = new Lstm(5, 7, 2, dtype: ScalarType.Float64);
        var outputs = new List<Tensor>();
        foreach (var chunk in loader)
        {
            var (output, h, c) = lstm.call(chunk.Input, chunk.State is { } state ? (state.Hidden, state.Cell) : null);
            chunk.Carry(h, c);
            outputs.Add(output);
        }

        Expect.Close(lstm.call(input).Item1, cat(outputs), 1e-12, "LSTM");
    }

    [Fact]
    public void CarriedState_IsNotChangedWithTheOutputThatItIsAViewOf()
    {
        using var scope = NewDisposeScope();
        var (input, target) = SampleStreams.Random(T, B, 5, 2);
        using var loader = new TruncatedBpttLoader(new TensorStreams(input, target), new() { ChunkLength = 6 });
        using var rnn = nn.RNN(5, 7, dtype: ScalarType.Float64);
        Tensor Outputs(Func<Tensor, Tensor> then) => cat(loader.Select(chunk => then(chunk.Run((x, h) =>
        {
            var output = rnn.call(x, h).Item1;
            return (output, output.narrow(0, output.size(0) - 1, 1));
        }))).ToList());

        Expect.Close(Outputs(output => output.relu()), Outputs(output => output.relu_()), 0, "in place");
    }

    [Fact]
    public void Foreach_ChunkThatWasNotRun_ThrowsAndComesAgain()
    {
        using var scope = NewDisposeScope();
        using var loader = new TruncatedBpttLoader(new TokenStreams(SampleStreams.Counting(70), B), new() { ChunkLength = 5 });
        var seen = new List<long>();
        var failure = Assert.Throws<InvalidOperationException>(() =>
        {
            foreach (var chunk in loader)
            {
                seen.Add(chunk.Start);
                if (chunk.Start == 0)
                {
                    chunk.Run(SampleStreams.Echo);
                }
            }
        });

        Assert.Equal("the chunk of steps 5 to 9 was not run, so its final state is not known: give the model to chunk.Run, or run it from chunk.State and hand its final state to chunk.Carry.", failure.Message);
        Assert.Equal([0, 5], seen);
        Assert.Equal(5, loader.First(chunk => chunk.Run(SampleStreams.Echo) is not null).Start);
        Assert.Equal(10, loader.First(chunk => chunk.Run(SampleStreams.Echo) is not null).Start);
    }

    [Fact]
    public void Chunk_AfterTheNextOne_IsClosed()
    {
        using var scope = NewDisposeScope();
        using var loader = new TruncatedBpttLoader(new TokenStreams(SampleStreams.Counting(70), B), new() { ChunkLength = 5 });
        Chunk? before = null;
        foreach (var chunk in loader)
        {
            Assert.Throws<InvalidOperationException>(() => loader.GetEnumerator());
            Assert.Throws<InvalidOperationException>(() => loader.Resume(loader.Position()));
            if (before is not null)
            {
                Assert.True(before.Input.IsInvalid);
                Assert.Throws<ObjectDisposedException>(() => before.Run(SampleStreams.Echo));
                Assert.Throws<ObjectDisposedException>(() => before.Carry(zeros(B, 1)));
            }

            chunk.Run(SampleStreams.Echo);
            before = chunk;
        }
    }

    [Fact]
    public void DropLast_OrNot_GivesTheStepsAsAsked()
    {
        using var scope = NewDisposeScope();
        var source = new TokenStreams(SampleStreams.Counting(47), 2); // 23 steps
        List<(long Start, long Length, bool Last)> Walk(bool dropLast)
        {
            using var loader = new TruncatedBpttLoader(source, new() { ChunkLength = 5, DropLast = dropLast });
            var chunks = loader.Select(chunk => (chunk.Start, chunk.Run(SampleStreams.Echo).shape[0], chunk.IsLast)).ToList();
            Assert.Equal(loader.ChunksPerEpoch, chunks.Count);
            return chunks;
        }

        Assert.Equal([(0, 5, false), (5, 5, false), (10, 5, false), (15, 5, false), (20, 3, true)], Walk(false));
        Assert.Equal([(0, 5, false), (5, 5, false), (10, 5, false), (15, 5, true)], Walk(true));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Memory_EachChunk_LeavesNothing(bool byHand)
    {
        var start = Expect.LiveTensors;
        using (var model = SequenceModel.Create("lstm", 70, 7, 70, encoding: InputEncoding.OneHot))
        using (var adam = optim.Adam(model.parameters()))
        using (var loader = new TruncatedBpttLoader(new TokenStreams(SampleStreams.Counting(70), B), new() { ChunkLength = 5, GradientLength = byHand ? null : 7 }))
        {
            var live = new List<long>();
            for (var epoch = 0; epoch < 4; epoch++)
            {
                foreach (var chunk in loader)
                {
                    using (NewDisposeScope())
                    {
                        RecurrentResult result = default;
                        var output = byHand ? (result = model.call(chunk.Input, chunk.State)).Output : chunk.Run(model);
                        if (byHand)
                        {
                            chunk.Carry([.. result.State]);
                        }

                        adam.zero_grad();
                        Gradient.Backward(nn.functional.cross_entropy(output.flatten(0, 1), chunk.Target.flatten()));
                        adam.step();
                    }

                    live.Add(Expect.LiveTensors);
                }
            }

            // Epochs of 5 chunks; their first starts from no state, their last hands none on. The net keeps memory from the first.
            Assert.Equal(20, live.Count);
            Assert.Equal(live[5..10], live[10..15]);
            Assert.Equal(live[5..10], live[15..20]);
            Assert.Single(live[6..9].Distinct());
        }

        Assert.Equal(start, Expect.LiveTensors);
    }
}
