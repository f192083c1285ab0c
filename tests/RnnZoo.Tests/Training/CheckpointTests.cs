using RnnZoo.Files;
using RnnZoo.Tests.Modules;
using RnnZoo.Training;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Training;

public class CheckpointTests
{
    [Fact]
    public void Read_WhatWasWritten_IsTheSame()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var written = At(42);
        CheckpointFolder.Write(folder.File("checkpoint-42.safetensors"), written);

        var read = CheckpointFolder.Read(folder.File("checkpoint-42.safetensors"));

        Assert.Equal(42, read.Step);
        Assert.Equal(written.Tensors.Keys, read.Tensors.Keys);
        Assert.All(written.Tensors, item => Assert.Equal((item.Value.dtype, Check.Show(item.Value.shape)), (read.Tensors[item.Key].dtype, Check.Show(read.Tensors[item.Key].shape))));
        Assert.All(written.Tensors, item => Assert.Equal(item.Value.bytes.ToArray(), read.Tensors[item.Key].bytes.ToArray()));
        Assert.All(written.Notes, note => Assert.Equal(note.Value, read.Notes[note.Key]));
        Assert.Equal(written.Tensors.Keys, SafeTensors.Load(folder.File("checkpoint-42.safetensors")).Keys);
    }

    [Fact]
    public void Read_AnyBitFlipped_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("checkpoint-1.safetensors");
        CheckpointFolder.Write(path, At(1));
        var whole = File.ReadAllBytes(path);
        for (var place = 0; place < whole.Length; place++)
        {
            whole[place] ^= (byte)(1 << (place % 8));
            File.WriteAllBytes(path, whole);
            Assert.Contains(path + ": expected a checkpoint", Assert.Throws<InvalidDataException>(() => CheckpointFolder.Read(path)).Message, StringComparison.Ordinal);
            whole[place] ^= (byte)(1 << (place % 8));
        }
    }

    [Fact]
    public void Read_CutShortAnywhereOrTooLong_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("checkpoint-1.safetensors");
        CheckpointFolder.Write(path, At(1));
        var whole = File.ReadAllBytes(path);
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<InvalidDataException>(() => CheckpointFolder.Read(path));
        }

        File.WriteAllBytes(path, [.. whole, 0]);
        Expect.Message<InvalidDataException>($"{path}: expected a checkpoint that fits its own SHA-256, got {whole.Length + 1} bytes that do not; it was cut short or changed since it was written.", () => CheckpointFolder.Read(path));
    }

    [Fact]
    public void Save_KeepsTheLastTwo()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.Path);
        foreach (var step in new[] { 5, 10, 100, 1_000_000_000 })
        {
            checkpoints.Save(At(step));
        }

        Assert.Equal(["checkpoint-000000100.safetensors", "checkpoint-1000000000.safetensors"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(1_000_000_000, checkpoints.LoadNewest()!.Step);
    }

    [Fact]
    public void LoadNewest_DamagedOne_IsRefusedAndTheOneBeforeTaken()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.Path);
        Assert.Null(checkpoints.LoadNewest());
        checkpoints.Save(At(5));
        checkpoints.Save(At(10));
        var refused = new List<string>();
        File.WriteAllBytes(checkpoints.FileOf(10), File.ReadAllBytes(checkpoints.FileOf(10))[..100]);

        Assert.Equal(5, checkpoints.LoadNewest(refused.Add)!.Step);
        Assert.Contains("got 100 bytes that do not; it was cut short or changed since it was written.", Assert.Single(refused), StringComparison.Ordinal);

        File.WriteAllBytes(checkpoints.FileOf(5), []);
        Expect.Message<InvalidDataException>($"{folder.Path}: expected a checkpoint that is whole, got 2 that are damaged; start anew.", () => checkpoints.LoadNewest());
    }

    [SkippableFact]
    public void Save_FullDisk_SaysSoAndLosesNothing()
    {
        Skip.IfNot(File.Exists("/dev/full"), "no /dev/full on this system");
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var checkpoints = new CheckpointFolder(folder.Path);
        checkpoints.Save(At(5));
        var half = AtomicFile.PartialPath(checkpoints.FileOf(10));
        File.CreateSymbolicLink(half, "/dev/full"); // every write to it ends with "no space left"

        var problem = Assert.Throws<IOException>(() => checkpoints.Save(At(10)));

        Assert.StartsWith($"{checkpoints.FileOf(10)}: cannot be written: No space left on device", problem.Message, StringComparison.Ordinal);
        Assert.EndsWith("(checkpoint-000000005.safetensors is whole, and the run can go on from it).", problem.Message, StringComparison.Ordinal);
        Assert.Equal(5, checkpoints.LoadNewest()!.Step);
        Assert.Equal(checkpoints.FileOf(5), Assert.Single(Directory.GetFiles(folder.Path)));
        checkpoints.Save(At(10)); // there is space again
        Assert.Equal(10, checkpoints.LoadNewest()!.Step);
    }

    [Fact]
    public void Folder_HalfACheckpointOfAKilledRun_IsCleared()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("checkpoint-000000005.safetensors.123.rnnzoo.part"), [1]);
        File.WriteAllBytes(folder.File("big.00.part"), [1]);

        Assert.Empty(new CheckpointFolder(folder.Path).Files);

        Assert.Equal(folder.File("big.00.part"), Assert.Single(Directory.GetFiles(folder.Path)));
    }

    private static Checkpoint At(long step) => new(
        step,
        new Dictionary<string, Tensor> { ["model.weight"] = arange(35, dtype: ScalarType.Float32).view(5, 7), ["none"] = zeros(0), ["optimizer.ü"] = tensor(3L) },
        new Dictionary<string, string> { ["progress"] = "{\"ü\":1}" });
}
