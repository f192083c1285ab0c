using System.Buffers.Binary;
using System.Text;
using RnnZoo.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Files;

public class SafeTensorsTests
{
    [Fact]
    public void Save_TinyFile_IsTheFormatByteForByte()
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();

        SafeTensors.Save(stream, [new("b", tensor(new byte[] { 7, 8 })), new("a", tensor(new[] { 1.5f }).reshape(1, 1))], new Dictionary<string, string> { ["k"] = "v ü" });

        const string header = """{"__metadata__":{"k":"v ü"},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}""";
        var padded = Encoding.UTF8.GetBytes(header).Length is var length ? length + ((8 - (length % 8)) % 8) : 0;
        var expected = new byte[8 + padded + 6];
        BinaryPrimitives.WriteInt64LittleEndian(expected, padded);
        expected.AsSpan(8, padded).Fill((byte)' ');
        Encoding.UTF8.GetBytes(header).CopyTo(expected, 8);
        BinaryPrimitives.WriteSingleLittleEndian(expected.AsSpan(8 + padded), 1.5f); // the larger elements come first
        expected[^2] = 7;
        expected[^1] = 8;
        Assert.Equal(expected, stream.ToArray());
    }

    [Fact]
    public void SaveAndLoad_EveryTypeAndShape_GivesTheSameBits()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("all.safetensors");
        var saved = SafeTensorSamples.EveryTypeAndShape();

        SafeTensors.Save(path, saved, new Dictionary<string, string> { ["a"] = "1", [""] = "" });

        using var file = SafeTensorsFile.Open(path);
        Assert.Equal(saved.Keys, file.Entries.Select(entry => entry.Name));
        Assert.Equal(new Dictionary<string, string> { ["a"] = "1", [""] = "" }, file.Metadata);
        Assert.All(file.Entries, entry => Assert.True(entry.Begin % SafeTensorTypes.SizeOf(entry.Type!.Value) == 0, $"{entry.Name} is not aligned"));
        var loaded = SafeTensors.Load(path);
        Assert.Equal(saved.Keys, loaded.Keys);
        Assert.All(saved, pair => SafeTensorSamples.SameBits(pair.Value, loaded[pair.Key], pair.Key));
    }

    [Fact]
    public void Save_ViewsAndGradients_AreTakenAsTheyLook()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("views.safetensors");
        var all = randn(5, 7, 3).requires_grad_();
        var view = all.transpose(0, 2).narrow(1, 2, 3); // [3, 3, 5]

        SafeTensors.Save(path, [new("view", view), new("leaf", all)]);

        var loaded = SafeTensors.Load(path);
        Assert.True(loaded["view"].Equals(view.detach()) && loaded["leaf"].Equals(all.detach()));
        Assert.False(loaded["leaf"].requires_grad);
    }

    [Fact]
    public void Read_OneTensor_ReadsItsBytesAlone()
    {
        using var scope = NewDisposeScope();
        using var memory = new MemoryStream();
        SafeTensors.Save(memory, [new("large", zeros(1_000, 1_000)), new("small", arange(3)), new("last", ones(1_000))]);
        using var stream = new CountingStream(memory.ToArray());
        using var file = SafeTensorsFile.Open(stream);
        var before = stream.BytesRead;

        var small = file.Read("small");

        Assert.InRange(before, 1, 1_000);
        Assert.Equal(3 * 8, stream.BytesRead - before);
        Assert.Equal([0L, 1, 2], small.data<long>().ToArray());
    }

    [Fact]
    public void SaveAndLoad_LeaveNoTensorBehind()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("w.safetensors");
        using var tensor = randn(5, 7).t();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        SafeTensors.Save(path, [new("w", tensor)]);
        using (NewDisposeScope())
        {
            Assert.Single(SafeTensors.Load(path));
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Save_ThatFails_LeavesTheOldFileAndNothingElse()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.File("w.safetensors");
        SafeTensors.Save(path, [new("w", ones(3))]);
        var gone = ones(3);
        var broken = new Dictionary<string, Tensor> { ["w"] = zeros(3), ["gone"] = gone };
        var old = File.ReadAllBytes(path);

        Assert.Throws<ArgumentException>(() => SafeTensors.Save(path, [new("w", zeros(1)), new("w", zeros(1))]));
        Assert.Throws<ArgumentException>(() => SafeTensors.Save(path, [new("__metadata__", zeros(1))]));
        Assert.Throws<ArgumentException>(() => SafeTensors.Save(path, [new("half \ud800", zeros(1))]));
        Assert.Throws<ArgumentException>(() => SafeTensors.Save(path, [new("w", zeros(1))], new Dictionary<string, string> { ["k"] = "\udc00" }));
        gone.Dispose();
        Assert.ThrowsAny<Exception>(() => SafeTensors.Save(path, broken));

        Assert.Equal(old, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Read_UnknownName_IsAnErrorThatListsTheKnown()
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();
        SafeTensors.Save(stream, [new("w", ones(3)), new("b", ones(3))]);
        stream.Position = 0;
        using var file = SafeTensorsFile.Open(stream, "x");

        Assert.Equal("x: expected a tensor 'v', found w, b.", Assert.Throws<KeyNotFoundException>(() => file.Read("v")).Message);
    }

    private sealed class CountingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public long BytesRead { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            var read = base.Read(buffer);
            BytesRead += read;
            return read;
        }
    }
}
