using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace SystemTorch.Tests.Core;

public class TensorFileTests
{
    [SkippableTheory]
    [InlineData("t1d_f32")]
    [InlineData("t2d_f32")]
    [InlineData("t2d_f64")]
    public void SavedByTheGenuineLibrary_LoadsAndSavesBitForBit(string name)
    {
        using var scope = NewDisposeScope();
        var file = Fixtures.Path(name + ".Save.dat");
        var loaded = Tensor.Load(file);
        var expected = Fixtures.Json("tensors.json").GetProperty(name);
        Assert.Equal(Enum.Parse<ScalarType>(expected.GetProperty("dtype").GetString()!), loaded.dtype);
        Assert.Equal(expected.GetProperty("shape").Deserialize<long[]>(), loaded.shape);
        Assert.Equal(Fixtures.Numbers(expected), loaded.to(float64).data<double>().ToArray());
        Assert.Equal(File.ReadAllBytes(file), Saved(loaded));
    }

    [Theory]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Bool)]
    [InlineData(ScalarType.BFloat16)]
    public void RoundTrip_OfAnyType_KeepsTypeShapeAndValues(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var tensor = randint(0, 2, [3, 1, 130]).to(type).transpose(0, 2);
        var loaded = Tensor.Load(new MemoryStream(Saved(tensor)));
        Assert.Equal(type, loaded.dtype);
        Assert.True(tensor.Equals(loaded));
    }

    [Fact]
    public void Scalar_AndEmpty_RoundTrip()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(3.5f, Tensor.Load(new MemoryStream(Saved(tensor(3.5f)))).item<float>());
        Assert.Equal([0L, 7L], Tensor.Load(new MemoryStream(Saved(zeros(0, 7)))).shape);
    }

    [Fact]
    public void LoadInto_WrongShapeOrType_ThrowsAndChangesNothing()
    {
        using var scope = NewDisposeScope();
        var stored = Saved(ones(2, 3));
        var target = zeros(3, 2);
        var error = Assert.Throws<ArgumentException>(() => target.Load(new BinaryReader(new MemoryStream(stored))));
        Assert.Contains("[3, 2]", error.Message);
        Assert.Contains("[2, 3]", error.Message);
        Assert.Equal(0, target.sum().item<float>());
        Assert.Throws<ArgumentException>(() => zeros(2, 3, float64).Load(new BinaryReader(new MemoryStream(stored))));
    }

    [Fact]
    public void Skipped_TensorIsReadPast()
    {
        using var scope = NewDisposeScope();
        using var reader = new BinaryReader(new MemoryStream([.. Saved(ones(2, 3)), .. Saved(full([2], 7))]));
        Assert.True(TensorExtensionMethods.Load(reader, skip: true).IsInvalid);
        Assert.Equal([7L, 7L], TensorExtensionMethods.Load(reader).data<long>().ToArray());
    }

    [Fact]
    public void DamagedFile_ThrowsWithoutTakingMemory()
    {
        var bytes = Saved(ones(2, 3));
        Assert.Throws<EndOfStreamException>(() => Tensor.Load(new MemoryStream(bytes[..^1])));
        Assert.Throws<EndOfStreamException>(() => Tensor.Load(new MemoryStream([6, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1])));
        Assert.Throws<InvalidDataException>(() => Tensor.Load(new MemoryStream([99, 0])));
    }

    private static byte[] Saved(Tensor tensor)
    {
        var stream = new MemoryStream();
        tensor.Save(stream);
        return stream.ToArray();
    }
}
