using RnnZoo.Files;
using RnnZoo.Tests.Modules;
using RnnZoo.Training;

namespace RnnZoo.Tests.Training;

public class CheckpointTests
{
    private static readonly Dictionary<string, byte[]> Parts = new() { ["weights"] = [1, 2, 3, 5, 7], ["nothing"] = [], ["ü"] = [.. Enumerable.Range(0, 300).Select(value => (byte)value)] };

    [Fact]
    public void Read_WhatWasWritten_IsTheSame()
    {
        using var folder = new TemporaryFolder();
        CheckpointFile.Write(folder.File("c.rzc"), Parts);

        var read = CheckpointFile.Read(folder.File("c.rzc"));

        Assert.Equal(Parts.Keys, read.Keys);
        Assert.All(Parts, part => Assert.Equal(part.Value, read[part.Key]));
    }

    [Fact]
    public void Read_AnyBitFlipped_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("c.rzc");
        CheckpointFile.Write(path, Parts);
        var whole = File.ReadAllBytes(path);
        for (var place = 0; place < whole.Length; place++)
        {
            whole[place] ^= (byte)(1 << (place % 8));
            File.WriteAllBytes(path, whole);
            Assert.Contains(path + ": expected a checkpoint", Assert.Throws<InvalidDataException>(() => CheckpointFile.Read(path)).Message, StringComparison.Ordinal);
            whole[place] ^= (byte)(1 << (place % 8));
        }
    }

    [Fact]
    public void Read_CutShortAnywhereOrTooLong_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("c.rzc");
        CheckpointFile.Write(path, Parts);
        var whole = File.ReadAllBytes(path);
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<InvalidDataException>(() => CheckpointFile.Read(path));
        }

        File.WriteAllBytes(path, [.. whole, 0]);
        Expect.Message<InvalidDataException>($"{path}: expected a checkpoint of {whole.Length} bytes, got {whole.Length + 1}; it was cut short or damaged.", () => CheckpointFile.Read(path));
    }

    [Fact]
    public void Save_KeepsTheLastTwo()
    {
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.Path);
        foreach (var step in new[] { 5, 10, 100, 1_000_000_000 })
        {
            checkpoints.Save(step, Parts);
        }

        Assert.Equal(["checkpoint-000000100.rzc", "checkpoint-1000000000.rzc"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(1_000_000_000, checkpoints.LoadNewest()!.Value.Step);
    }

    [Fact]
    public void LoadNewest_DamagedOne_IsRefusedAndTheOneBeforeTaken()
    {
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.Path);
        Assert.Null(checkpoints.LoadNewest());
        checkpoints.Save(5, Parts);
        checkpoints.Save(10, Parts);
        var refused = new List<string>();
        File.WriteAllBytes(checkpoints.FileOf(10), File.ReadAllBytes(checkpoints.FileOf(10))[..100]);

        Assert.Equal(5, checkpoints.LoadNewest(refused.Add)!.Value.Step);
        Assert.Contains("got 100; it was cut short or damaged.", Assert.Single(refused), StringComparison.Ordinal);

        File.WriteAllBytes(checkpoints.FileOf(5), []);
        Expect.Message<InvalidDataException>($"{folder.Path}: expected a checkpoint that is whole, got 2 that are damaged; start anew.", () => checkpoints.LoadNewest());
    }

    [SkippableFact]
    public void Save_FullDisk_SaysSoAndLosesNothing()
    {
        Skip.IfNot(File.Exists("/dev/full"), "no /dev/full on this system");
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.Path);
        checkpoints.Save(5, Parts);
        var half = AtomicFile.PartialPath(checkpoints.FileOf(10));
        File.CreateSymbolicLink(half, "/dev/full"); // every write to it ends with "no space left"

        var problem = Assert.Throws<IOException>(() => checkpoints.Save(10, Parts));

        Assert.StartsWith($"{checkpoints.FileOf(10)}: cannot be written: No space left on device", problem.Message, StringComparison.Ordinal);
        Assert.EndsWith("(checkpoint-000000005.rzc is whole, and the run can go on from it).", problem.Message, StringComparison.Ordinal);
        Assert.Equal(5, checkpoints.LoadNewest()!.Value.Step);
        Assert.Equal(checkpoints.FileOf(5), Assert.Single(Directory.GetFiles(folder.Path)));
        checkpoints.Save(10, Parts); // there is space again
        Assert.Equal(10, checkpoints.LoadNewest()!.Value.Step);
    }

    [Fact]
    public void Folder_HalfACheckpointOfAKilledRun_IsCleared()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("checkpoint-000000005.rzc.123.part"), [1]);
        File.WriteAllBytes(folder.File("other.part"), [1]);

        Assert.Empty(new CheckpointFolder(folder.Path).Files);

        Assert.Equal(folder.File("other.part"), Assert.Single(Directory.GetFiles(folder.Path)));
    }
}
