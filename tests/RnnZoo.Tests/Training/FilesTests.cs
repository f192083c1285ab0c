using System.Text.Json;
using RnnZoo.Cli.Report;
using RnnZoo.Files;
using RnnZoo.Training;

namespace RnnZoo.Tests.Training;

public class FilesTests
{
    [Fact]
    public void RunLog_EachLine_IsAnObjectWithItsLabels()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("log.jsonl");
        using (var log = new RunLog(path))
        {
            var training = log.For("recall", ("delay", 5), ("model", "a \"b\""));
            training.OnStep(new StepRecord(1, 0.25, double.PositiveInfinity, 1e-3, 0.5));
            training.OnEvaluation(new EvaluationRecord(1, double.NaN, 0.75, 0.125, 11, 1));
            training.OnEnd(new TrainingResult(1, StopReason.Diverged, null, 2));
            Assert.False(File.Exists(path), "The log gets its name once it is whole.");
        }

        string[] expected =
        [
            """{"event":"step","delay":5,"model":"a \u0022b\u0022","step":1,"loss":0.25,"gradNorm":null,"learningRate":0.001,"seconds":0.5}""",
            """{"event":"evaluation","delay":5,"model":"a \u0022b\u0022","step":1,"loss":null,"recall":0.75,"standardError":0.125,"sequences":11,"seconds":1}""",
            """{"event":"end","delay":5,"model":"a \u0022b\u0022","step":1,"reason":"diverged","loss":null,"recall":null,"seconds":2}""",
        ];
        Assert.Equal(expected, File.ReadAllLines(path));
        Assert.Equal(path, Assert.Single(Directory.GetFiles(folder.Path)));
    }

    [Fact]
    public void RunLog_SeveralThreads_KeepLinesWhole()
    {
        using var folder = new TemporaryFolder();
        using (var log = new RunLog(folder.File("log.jsonl")))
        {
            Parallel.For(0, 4, training =>
            {
                var observer = log.For("mse", ("model", training));
                for (var step = 1; step <= 500; step++)
                {
                    observer.OnStep(new StepRecord(step, step, step, step, step));
                }
            });
        }

        var steps = File.ReadLines(folder.File("log.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .GroupBy(line => line.GetProperty("model").GetInt32(), line => line.GetProperty("step").GetInt32());
        Assert.All(steps, training => Assert.Equal(Enumerable.Range(1, 500), training));
        Assert.Equal(4, steps.Count());
    }

    [Fact]
    public void AtomicFile_SymbolicLink_LeadsToTheFileThatIsWritten()
    {
        using var folder = new TemporaryFolder();
        var (file, link, dangling) = (folder.File("weights"), folder.File("link"), folder.File("dangling"));
        File.WriteAllText(file, "old");
        File.CreateSymbolicLink(link, file);
        File.CreateSymbolicLink(dangling, folder.File("new"));

        AtomicFile.WriteText(link, "one");
        AtomicFile.WriteText(dangling, "two");

        Assert.Equal(("one", "two"), (File.ReadAllText(file), File.ReadAllText(folder.File("new"))));
        Assert.Equal((file, folder.File("new")), (new FileInfo(link).LinkTarget, new FileInfo(dangling).LinkTarget));
    }

    [Fact]
    public void AtomicFile_ADevice_IsRefusedAndStays()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // there a device's name opens no file to begin with
        }

        var problem = Assert.Throws<IOException>(() => AtomicFile.WriteText("/dev/null", "text"));

        Assert.Equal("/dev/null: expected the name of a file, got a device, a pipe or a socket, which cannot be replaced by one; name a file.", problem.Message);
        Assert.Equal(0, new FileInfo("/dev/null").Length);
        Assert.Empty(Directory.GetFiles("/dev", "null*.part"));
    }

    [Fact]
    public void AtomicFile_TwoWritesOfOneFileAtATime_BothSucceed()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("results.json");

        AtomicFile.Write(path, outer =>
        {
            outer.WriteByte(1);
            AtomicFile.Write(path, inner => inner.WriteByte(2));
            Assert.Equal([2], File.ReadAllBytes(path));
        });

        Assert.Equal([1], File.ReadAllBytes(path));
        Assert.Equal(path, Assert.Single(Directory.GetFiles(folder.Path)));
    }

    [Fact]
    public void AtomicFile_WriteThatFails_LeavesTheOldFileAndNothingElse()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("results.json");
        AtomicFile.WriteText(path, "old");

        Assert.Throws<InvalidDataException>(() => AtomicFile.Write(path, stream =>
        {
            stream.WriteByte(1);
            throw new InvalidDataException();
        }));

        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder.Path));
        AtomicFile.WriteText(path, "new ü");
        Assert.Equal("new ü"u8, File.ReadAllBytes(path));
    }

    [Fact]
    public void RunFolder_SameSecond_GetsAnotherName()
    {
        using var folder = new TemporaryFolder();
        var time = new DateTimeOffset(2026, 1, 31, 9, 30, 5, TimeSpan.FromHours(5));

        var made = Enumerable.Range(0, 3).Select(_ => OutputFolder.Create(folder.File("runs"), time, "copy")).ToArray();

        Assert.Equal(["2026-01-31T09-30-05-copy", "2026-01-31T09-30-05-copy-2", "2026-01-31T09-30-05-copy-3"], made.Select(Path.GetFileName));
        Assert.Equal(made.Order(), Directory.GetDirectories(folder.File("runs")).Order());
    }

    [Fact]
    public void RunFolder_MadeAtOnce_AreAllDifferent()
    {
        using var folder = new TemporaryFolder();
        var made = new string[16];

        Parallel.For(0, made.Length, index => made[index] = OutputFolder.Create(folder.Path, DateTimeOffset.UnixEpoch, "copy"));

        Assert.Equal(made.Length, made.Distinct().Count());
        Assert.Equal(made.Order(), Directory.GetDirectories(folder.Path).Order());
    }

    [Fact]
    public void Seeds_PurposesAndNumbers_GiveSeedsOfTheirOwn()
    {
        var seeds = new HashSet<long>();
        foreach (var seed in new long[] { 0, 1, 2, long.MaxValue })
        {
            foreach (var purpose in new[] { "", "data", "weights" })
            {
                Assert.All([Seeds.Derive(seed, purpose), Seeds.Derive(seed, purpose, 5), Seeds.Derive(seed, purpose, 10), Seeds.Derive(seed, purpose, 5, 10)],
                    derived => Assert.True(derived >= 0 && seeds.Add(derived)));
            }
        }

        Assert.Equal(Seeds.Derive(1, "data", 5), Seeds.Derive(1, "data", 5));
    }
}
