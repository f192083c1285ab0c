using System.Text.Json;
using RnnZoo.Cells;
using RnnZoo.Modules;
using RnnZoo.Streams;
using RnnZoo.Tests.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Streams;

public class ResumeTests
{
    private static readonly RandomChunkLength Lengths = new() { HalfProbability = 0.3, StandardDeviation = 2, Minimum = 2, Seed = 5 };

    public static TheoryData<string> Cases => ["plain", "k2 longer", "k2 shorter", "random", "random, dropped", "unbiased", "online"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Resume_AtAnyChunk_GivesTheSameNumbersBitForBit(string name)
    {
        var options = Options(name);
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create("lstm", 11, 5, 11, encoding: InputEncoding.OneHot);
        var source = Source();
        var (outputs, positions) = Walk(new TruncatedBpttLoader(source, options), model, epochs: 2);

        for (var taken = 0; taken < positions.Count; taken++)
        {
            using var loader = new TruncatedBpttLoader(source, options);
            loader.Resume(JsonSerializer.Deserialize<LoaderPosition>(JsonSerializer.Serialize(positions[taken]))! with { State = positions[taken].State, Sensitivity = positions[taken].Sensitivity });
            Assert.Equal(positions[taken] with { State = null, Sensitivity = null }, loader.Position() with { State = null, Sensitivity = null });
            var (rest, _) = Walk(loader, model, epochs: 2);
            Assert.Equal(outputs.Skip(taken + 1), rest);
        }
    }

    [Fact]
    public void Position_BeforeAChunkIsRun_ComesBackToIt()
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create("gru", 11, 5, 11, encoding: InputEncoding.OneHot);
        using var loader = new TruncatedBpttLoader(Source(), new() { ChunkLength = 4 });
        var positions = new List<LoaderPosition>();
        foreach (var chunk in loader)
        {
            positions.Add(loader.Position());
            chunk.Run(model);
        }

        Assert.Equal([0, 4, 8, 12], positions.Take(4).Select(position => position.Step));
        Assert.Equal((1, 0, null), (loader.Position().Epoch, loader.Position().Step, loader.Position().State));
    }

    [Fact]
    public void Run_Twice_StartsFromTheSameStateAndTheLastOneCounts()
    {
        using var scope = NewDisposeScope();
        using var model = SequenceModel.Create("gru", 11, 5, 11, encoding: InputEncoding.OneHot);
        using var other = SequenceModel.Create("gru", 11, 5, 11, encoding: InputEncoding.OneHot);
        var (expected, _) = Walk(new TruncatedBpttLoader(Source(), new() { ChunkLength = 4 }), model, epochs: 1);
        using var loader = new TruncatedBpttLoader(Source(), new() { ChunkLength = 4 });
        var number = 0;
        foreach (var chunk in loader)
        {
            chunk.Run(other);
            Assert.Equal(expected[number++], chunk.Run(model).data<float>().ToArray());
        }
    }

    [Fact]
    public void Resume_PositionOfOtherStreamsOrOptions_IsRefusedAndNothingChanges()
    {
        using var loader = new TruncatedBpttLoader(Source(), new() { ChunkLength = 5 });
        var good = loader.Position();
        using var state = new RecurrentState(zeros(1, 3, 4));

        Refused(good with { Steps = 50 }, "position: expected one of 3 streams of 45 steps, k1 = 5, k2 = 5, got one of 3 streams of 50 steps, k1 = 5, k2 = 5.");
        Refused(good with { GradientLength = 7 }, "position: expected one of 3 streams of 45 steps, k1 = 5, k2 = 5, got one of 3 streams of 45 steps, k1 = 5, k2 = 7.");
        Refused(good with { Step = 45, From = 45 }, "position: expected a step from 0 to 44 and a state unless it is run from step 0, got epoch 0, step 45, run from 45, no state.");
        Refused(good with { Step = 5, From = 5 }, "position: expected a step from 0 to 44 and a state unless it is run from step 0, got epoch 0, step 5, run from 5, no state.");
        Refused(good with { Step = 5, From = 4, State = state }, "position: expected the state of step 5 for the chunk from step 5 on, got that of step 4; the options differ from those it was saved with.");

        void Refused(LoaderPosition position, string message)
        {
            var live = Expect.LiveTensors;
            Expect.Message<ArgumentException>(message, () => loader.Resume(position));
            Assert.Equal(good, loader.Position());
            Assert.Equal(live, Expect.LiveTensors);
        }
    }

    [Fact]
    public void RandomLength_LongRun_HasTheWantedMeanAndFactors()
    {
        using var scope = NewDisposeScope();
        var source = new TokenStreams(SampleStreams.Counting(40_001), 2);
        using var loader = new TruncatedBpttLoader(source, new() { ChunkLength = 40, RandomLength = new() { HalfProbability = 0.25, StandardDeviation = 3, Minimum = 5, Seed = 3 } });
        var lengths = new List<long>();
        foreach (var chunk in loader)
        {
            using var inner = NewDisposeScope();
            var length = chunk.Run(SampleStreams.Echo).shape[0];
            Assert.Equal(length / 40.0, chunk.LearningRateFactor);
            lengths.Add(length);
        }

        Assert.Equal(20_000, lengths.Sum());
        var halves = lengths.Count(length => length < 30) / (double)lengths.Count;
        Assert.InRange(halves, 0.18, 0.32);
        Assert.InRange(lengths.Where(length => length >= 30).Average(), 38.9, 40.1); // cut to whole steps: half a step less than 40
        Assert.InRange(lengths.Where(length => length < 30).Average(), 18.7, 20.3);
    }

    private static TokenStreams Source() => new(Tokens.FromIds([.. Enumerable.Range(0, 3 * 46 + 1).Select(place => place * place % 11L)]), 3, [0, 30, 70]);

    private static TruncatedBpttOptions Options(string name) => name switch
    {
        "plain" => new() { ChunkLength = 7 },
        "k2 longer" => new() { ChunkLength = 5, GradientLength = 12 },
        "k2 shorter" => new() { ChunkLength = 7, GradientLength = 3 },
        "random" => new() { ChunkLength = 8, RandomLength = Lengths },
        "unbiased" => new() { ChunkLength = 8, UnbiasedEvery = 2, UnbiasedSeed = 5 },
        "online" => new() { ChunkLength = 7, Online = OnlineGradient.SnAp1 },
        _ => new() { ChunkLength = 8, RandomLength = Lengths, DropLast = true },
    };

    private static (List<float[]> Outputs, List<LoaderPosition> Positions) Walk(TruncatedBpttLoader loader, SequenceModel model, int epochs)
    {
        var (outputs, positions) = (new List<float[]>(), new List<LoaderPosition>());
        while (loader.Epoch < epochs)
        {
            foreach (var chunk in loader)
            {
                outputs.Add(chunk.Run(model).data<float>().ToArray());
                positions.Add(loader.Position());
            }
        }

        return (outputs, positions);
    }
}
