using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Streams;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Streams;

/// <summary>Documents inside streams: nothing is remembered across their starts.</summary>
public class DocumentTests
{
    private const int T = 23;
    private const int B = 3;

    // Inside chunks, on a chunk's border, two streams at once, two in one chunk, the last step.
    private static readonly DocumentStart[] Starts = [new(2, 0), new(4, 1), new(10, 1), new(10, 2), new(12, 1), new(22, 0)];

    public static TheoryData<int, int?> Lengths => new() { { 5, null }, { 5, 3 }, { 5, 8 }, { 3, 11 }, { 1, 4 }, { 23, null } };

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Outputs_EqualThoseOfEachDocumentAlone(int k1, int? k2)
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 7, 2, dtype: ScalarType.Float64);
        var (input, target) = SampleStreams.Random(T, B, 5, 2);
        using var loader = new TruncatedBpttLoader(new TensorStreams(input, target, Flags()), new() { ChunkLength = k1, GradientLength = k2 });

        var expected = DocumentByDocument(net, input);
        foreach (var chunk in loader)
        {
            var output = chunk.Run(net);
            Expect.Close(expected.narrow(0, chunk.Start, output.shape[0]), output, 1e-12, $"outputs from step {chunk.Start}");
        }

        Assert.Equal(1, loader.Epoch);
    }

    [Fact]
    public void Gradients_OfOneChunk_EqualThoseOfEachDocumentAlone()
    {
        using var scope = NewDisposeScope();
        using var net = new Lstm(5, 7, 2, dtype: ScalarType.Float64);
        var (input, target) = SampleStreams.Random(T, B, 5, 7);
        input.requires_grad_();
        Gradient.Backward(DocumentByDocument(net, input).mul(target).sum());
        var expected = SampleStreams.TakeGradients(net);
        var expectedInput = input.grad!.clone();
        input.grad!.zero_();

        using var loader = new TruncatedBpttLoader(new TensorStreams(input, target, Flags()), new() { ChunkLength = T });
        foreach (var chunk in loader)
        {
            Gradient.Backward(chunk.Run(net).mul(chunk.Target).sum());
        }

        Expect.Close(expected, SampleStreams.TakeGradients(net), 1e-12, "parameters");
        Expect.Close(expectedInput, input.grad!, 1e-12, "input");
    }

    [Fact]
    public void Reset_TouchesOnlyTheRowsOfTheStream()
    {
        using var scope = NewDisposeScope();
        var (input, target) = SampleStreams.Random(T, B, 5, 2);
        using var loader = new TruncatedBpttLoader(new TensorStreams(input, target, Flags()), new() { ChunkLength = 5 });
        var given = new List<(long Step, double[] H, double[] C)>();
        foreach (var chunk in loader)
        {
            var step = chunk.Start;
            chunk.Run((x, state) =>
            {
                given.Add((step, state?.Hidden.data<double>().ToArray() ?? [], state?.Cell.data<double>().ToArray() ?? []));
                step += x.shape[0];
                var filled = new RecurrentState(full(1, B, 2, (double)step, dtype: ScalarType.Float64), full(1, B, 1, -(double)step, dtype: ScalarType.Float64));
                return new RecurrentResult(x, filled);
            });
        }

        Assert.Equal([0, 2, 4, 5, 10, 12, 15, 20, 22], given.Select(item => item.Step));
        foreach (var (step, h, c) in given.Skip(1))
        {
            bool Fresh(int stream) => Starts.Contains(new DocumentStart(step, stream));
            Assert.Equal(Enumerable.Range(0, B).SelectMany(stream => Enumerable.Repeat(Fresh(stream) ? 0.0 : step, 2)), h);
            Assert.Equal(Enumerable.Range(0, B).Select(stream => Fresh(stream) ? 0.0 : -step), c);
        }
    }

    [Fact]
    public void Reset_ToALearnedState_GivesItTheGradientsOfAllDocuments()
    {
        using var scope = NewDisposeScope();
        using var net = new Gru(5, 7, dtype: ScalarType.Float64);
        var learned = randn(1, 1, 7, dtype: ScalarType.Float64).requires_grad_();
        var (input, target) = SampleStreams.Random(T, B, 5, 7);
        Gradient.Backward(DocumentByDocument(net, input, learned).mul(target).sum());
        var expected = learned.grad!.clone();
        learned.grad!.zero_();

        using var loader = new TruncatedBpttLoader(new TensorStreams(input, target, Flags()), new()
        {
            ChunkLength = T,
            InitialState = streams => new RecurrentState(learned.expand(1, streams, 7)),
        });
        foreach (var chunk in loader)
        {
            Gradient.Backward(chunk.Run(net).mul(chunk.Target).sum());
        }

        Expect.Close(expected, learned.grad!, 1e-12, "learned state");
    }

    [Fact]
    public void StateByHand_WhereADocumentStartsInside_SaysToUseRun()
    {
        using var scope = NewDisposeScope();
        var (input, target) = SampleStreams.Random(T, B, 5, 2);
        using var loader = new TruncatedBpttLoader(new TensorStreams(input, target, Flags()), new() { ChunkLength = 5 });
        var chunk = loader.First();
        Expect.Message<InvalidOperationException>("the chunk of steps 0 to 4 has to be run in pieces, for a document starts inside it, at step 2; give the net to chunk.Run.", () => _ = chunk.State);
    }

    [Fact]
    public void StateByHand_WhereADocumentStartsAtTheChunk_IsReset()
    {
        using var scope = NewDisposeScope();
        var flags = zeros(10, 2, dtype: ScalarType.Bool);
        flags[5, 1] = tensor(true);
        using var loader = new TruncatedBpttLoader(new TensorStreams(zeros(10, 2, 1), zeros(10, 2, 1), flags), new() { ChunkLength = 5 });
        foreach (var chunk in loader)
        {
            if (chunk.IsLast)
            {
                Assert.Equal([3f, 3f, 0f, 0f], chunk.State!.Hidden.data<float>().ToArray());
            }

            chunk.Carry(full(2, 2, 3f));
        }
    }

    private static Tensor Flags()
    {
        var flags = new bool[T * B];
        foreach (var (step, stream) in Starts)
        {
            flags[(step * B) + stream] = true;
        }

        return tensor(flags).view(T, B);
    }

    // Every document run by itself, from zeros or from a given state, and put back in its place.
    private static Tensor DocumentByDocument(IRecurrentModule net, Tensor input, Tensor? initial = null)
    {
        var columns = new List<Tensor>();
        for (var stream = 0; stream < B; stream++)
        {
            long[] borders = [0, .. Starts.Where(start => start.Stream == stream).Select(start => start.Step), T];
            columns.Add(cat([.. borders.Zip(borders.Skip(1), (first, end) =>
                net.Run(input.narrow(0, first, end - first).narrow(1, stream, 1), initial is null ? null : new RecurrentState(initial)).Output)], 0)); // [T, 1, H]
        }

        return cat(columns, 1); // [T, B, H]
    }
}
