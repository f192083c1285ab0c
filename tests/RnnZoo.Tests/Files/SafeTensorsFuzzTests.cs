using RnnZoo.Files;
using RnnZoo.Fuzz;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Files;

public class SafeTensorsFuzzTests
{
    private const int Files = 100_000;

    [Fact]
    public void Open_MutatedFiles_AreReadOrRefusedAndNothingElse()
    {
        var originals = Originals();
        var random = new Random(5);
        var (read, refused) = (0, 0);
        for (var count = 0; count < Files; count++)
        {
            var file = Damage.Of(originals[random.Next(originals.Length)], random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ReadAll(file);
                read++;
            }
            catch (InvalidDataException)
            {
                refused++;
            }
            catch (Exception problem)
            {
                Assert.Fail($"file {count}: {problem.GetType().Name}: {problem.Message}\n{Convert.ToHexString(file)}");
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < 40_000 + (64 * file.Length), $"file {count} of {file.Length} bytes: {allocated} bytes allocated\n{Convert.ToHexString(file)}");
        }

        Assert.True(read > 1_000 && refused > Files / 2, $"{read} read, {refused} refused: the mutations are not of all kinds");
    }

    /// <summary>Reads all there is; the tensors take no more memory than the file's own data.</summary>
    private static void ReadAll(byte[] bytes)
    {
        using var file = SafeTensorsFile.Open(new MemoryStream(bytes));
        var total = 0L;
        foreach (var entry in file.Entries)
        {
            using var tensor = file.Read(entry.Name);
            total += tensor.NumberOfElements * tensor.ElementSize;
        }

        Assert.True(total < bytes.Length, "the tensors are larger than their file");
    }

    private static byte[][] Originals()
    {
        using var scope = NewDisposeScope();
        var metadata = new Dictionary<string, string> { ["format"] = "pt", ["é"] = "𝄞" };
        return
        [
            Bytes([], null),
            Bytes([new("w", ones(2, 3))], null),
            Bytes([new("truth", ones(3).to(ScalarType.Bool)), new("scalar", tensor(1.0)), new("empty", zeros(2, 0))], metadata),
            Bytes([new("recurrent.weight_ih_l0", ones(4, 1)), new("recurrent.weight_hh_l0", ones(4, 1)), new("readout.bias", ones(1, dtype: ScalarType.BFloat16))], metadata),
        ];
    }

    private static byte[] Bytes(KeyValuePair<string, Tensor>[] tensors, Dictionary<string, string>? metadata)
    {
        using var stream = new MemoryStream();
        SafeTensors.Save(stream, tensors, metadata);
        return stream.ToArray();
    }
}
