using RnnZoo.Cli;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Tests.Cli;
using RnnZoo.Training;
using RnnZoo.Zoo;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Tasks;

public class SequentialImageTaskTests
{
    [Theory]
    [InlineData(TinyImages.Rows, false)]
    [InlineData(TinyImages.Pixels, true)]
    public void Test_HasTheImagesOfTheFiles_InTheirOrder(int length, bool packed)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var task = new SequentialImageTask(TinyImages.Write(folder.File("images"), packed), length);
        var pixels = new byte[TinyImages.Test * TinyImages.Pixels];
        new Random(TinyImages.Test).NextBytes(pixels);
        using var batch = task.Test(5, 3);

        var read = batch.Input.transpose(0, 1).contiguous().data<float>().ToArray(); // [B, T, P/T]

        Assert.Equal(TinyImages.Test, task.TestSequences);
        Assert.Equal([length, 3, TinyImages.Pixels / length], batch.Input.shape);
        Assert.Equal(pixels[(5 * TinyImages.Pixels)..(8 * TinyImages.Pixels)].Select(value => value / 255f), read);
        Assert.Equal([5L * 7 % 10, 6 * 7 % 10, 7 * 7 % 10], batch.Target.data<long>().ToArray());
    }

    [Fact]
    public void Sample_DrawsTrainingImagesEvenly_WithTheirLabels()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var generator = new Generator(3);
        var pixels = new byte[TinyImages.Training * TinyImages.Pixels];
        new Random(TinyImages.Training).NextBytes(pixels);
        var known = Enumerable.Range(0, TinyImages.Training).ToDictionary(image => pixels[image * TinyImages.Pixels] + (256 * pixels[(image * TinyImages.Pixels) + 1]));
        const int drawn = 1300;

        using var batch = new SequentialImageTask(TinyImages.Write(folder.File("images")), TinyImages.Pixels).Sample(drawn, generator);

        var (first, second) = (batch.Input[0].data<float>().ToArray(), batch.Input[1].data<float>().ToArray()); // [B, 1]
        var images = first.Zip(second, (one, two) => known[(int)Math.Round(one * 255) + (256 * (int)Math.Round(two * 255))]).ToArray();
        Assert.Equal(images.Select(image => image * 7L % 10), batch.Target.data<long>().ToArray());
        var counts = images.CountBy(image => image).ToArray();
        Assert.Equal(TinyImages.Training, counts.Length);
        Assert.All(counts, count => Assert.InRange(count.Value, 100 - 50, 100 + 50)); // a standard deviation of 10
    }

    [Fact]
    public void Permutation_IsOneOrderOfAllPixels_ThatItsSeedDecides()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        TinyImages.Write(folder.Path);
        var pixels = Enumerable.Range(0, TinyImages.Pixels).Select(pixel => (byte)pixel).ToArray(); // each names its place
        File.WriteAllBytes(folder.File("t10k-images-idx3-ubyte"), TinyImages.Idx([.. pixels, .. pixels.Reverse()], 2, TinyImages.Rows, TinyImages.Columns));
        File.WriteAllBytes(folder.File("t10k-labels-idx1-ubyte"), TinyImages.Idx([1, 2], 2));
        int[] Read(int seed, int image) => [.. new SequentialImageTask(folder.Path, TinyImages.Rows, seed).Test(image, 1).Input.data<float>().ToArray().Select(value => (int)Math.Round(value * 255))];

        var (plain, one, two) = (Read(0, 0), Read(1, 0), Read(2, 0));

        Assert.Equal(Enumerable.Range(0, TinyImages.Pixels), plain);
        Assert.Equal(plain, one.Order());
        Assert.Equal(one, Read(1, 0));
        Assert.Equal(one.Select(place => TinyImages.Pixels - 1 - place), Read(1, 1)); // the same order for every image
        Assert.NotEqual(one, two);
        Assert.InRange(one.Where((place, index) => place == index).Count(), 0, 8); // one is expected
        Assert.Equal([144, 71, 121, 95], one[..4]); // as a program in Python draws them
    }

    [Fact]
    public void Training_IsMeasuredOnTheWholeTestSet()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var task = new SequentialImageTask(TinyImages.Write(folder.File("images")), TinyImages.Rows, permutation: 5);
        manual_seed(1);
        using var model = SequenceModel.Create("gru", task.InputSize, 7, task.OutputSize);

        var result = new Trainer(model, task, new TrainingOptions { Steps = 3, BatchSize = 4, FinalSequences = 5, Seed = 2 }).Run();

        using var noTape = no_grad();
        var right = 0;
        var loss = 0.0;
        for (var image = 0; image < TinyImages.Test; image++)
        {
            using var one = task.Test(image, 1);
            var last = model.call(one.Input).Output[-1]; // [1, 10]
            right += last.argmax(-1).item<long>() == one.Target.item<long>() ? 1 : 0;
            loss += nn.functional.cross_entropy(last, one.Target).ToDouble();
        }

        Assert.Equal(TinyImages.Test, result.Final!.Sequences);
        Assert.Equal((double)right / TinyImages.Test, result.Final.Metric, 1e-9);
        Assert.Equal(loss / TinyImages.Test, result.Final.Loss, 1e-5);
    }

    [Fact]
    public void Recipe_WithImages_IsTheSameAgain_AndStatesTheTestSet()
    {
        using var folder = new TemporaryFolder();
        TinyImages.Write(folder.Path);
        var recipe = ModelRecipe.FromJson($$"""
            {
              "kind": "sequences",
              "task": { "name": "images", "settings": { "length": 17, "permutation": 3 }, "data": { "path": "{{folder.Path}}" } },
              "net": { "cell": "lstm", "hidden": 5 },
              "initialisation": "default",
              "stages": [ { "training": { "steps": 2, "batchSize": 3 } } ],
              "seeds": [1],
              "committedSeed": 1
            }
            """);

        using var trained = recipe.Train(seed: 1);

        Assert.Contains("\"rows\": 11,\n      \"columns\": 17,\n      \"sha256\": \"", recipe.ToJson(), StringComparison.Ordinal);
        Assert.Equal(recipe.ToJson(), ModelRecipe.FromJson(recipe.ToJson()).ToJson());
        Assert.Equal(["accuracy", "loss"], trained.Metrics.Select(metric => metric.Name));
        Assert.All(trained.Metrics, metric => Assert.Equal((TinyImages.Test, null, "the whole test set, weights in evaluation mode"), (metric.Count, metric.Seed, metric.How)));
    }

    [Fact]
    public void Described_IsThereWithoutItsFiles_UntilAnImageIsWanted()
    {
        using var folder = new TemporaryFolder();
        var files = new SequentialImageTask(TinyImages.Write(folder.File("images")), 11, 3).Files with { Source = "the shop." };
        var away = new SequentialImageTask(files with { Path = folder.File("away") }, 17, 3);
        var others = new SequentialImageTask(files with { Sha256 = new string('0', 64) }, 17, 3);
        var turned = new SequentialImageTask(files with { Rows = 17, Columns = 11 }, 17, 3);

        Assert.Equal((11, files), (away.InputSize, (away.Files with { Path = files.Path })));
        Assert.EndsWith("name the folder that holds the files. To get them: the shop.", Assert.Throws<InvalidDataException>(() => away.TestSequences).Message, StringComparison.Ordinal);
        Assert.Contains($"expected the recipe's images with the SHA-256 {new string('0', 64)}, got {files.Sha256}.", Assert.Throws<InvalidDataException>(() => others.Test(0, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("expected images of 17 x 11 pixels, got 11 x 17.", Assert.Throws<InvalidDataException>(() => turned.TestSequences).Message, StringComparison.Ordinal);
        Assert.StartsWith("data: expected 1 to 32767 rows and columns", Assert.Throws<ArgumentOutOfRangeException>(() => new SequentialImageTask(files with { Rows = 0 }, 17, 3)).Message, StringComparison.Ordinal);

        using var here = away.From(files.Path).Test(5, 2);
        using var direct = new SequentialImageTask(files.Path, 17, 3).Test(5, 2);
        Assert.True(here.Input.equal(direct.Input).all().item<bool>());
    }

    [Fact]
    public async Task Model_IsVerifiedWhereItsImagesAre()
    {
        using var folder = new TemporaryFolder();
        TinyImages.Write(folder.File("images"));
        Directory.CreateDirectory(folder.File("models/images-gru-h5.t17"));
        await File.WriteAllTextAsync(folder.File("models/images-gru-h5.t17/model.json"), $$"""
            {
              "format": 1, "name": "images-gru-h5.t17", "summary": "A GRU.", "notes": "", "licence": "MIT",
              "recipe": {
                "kind": "sequences",
                "task": { "name": "images", "settings": { "length": 17 }, "data": { "path": "{{folder.File("images")}}", "source": "the shop." } },
                "net": { "cell": "gru", "hidden": 5 },
                "initialisation": "default",
                "stages": [ { "training": { "steps": 20, "batchSize": 5 } } ],
                "seeds": [1],
                "committedSeed": 1
              }
            }
            """);
        var trained = await CliRun.Of(folder.Path, "zoo train images-gru-h5.t17 --models models --write");
        Assert.True(trained.ExitCode == ExitCodes.Success, trained.Error);
        Assert.Equal(ExitCodes.Success, (await CliRun.Of(folder.Path, "zoo verify --models models")).ExitCode);

        Directory.Move(folder.File("images"), folder.File("elsewhere"));
        Assert.Equal(ExitCodes.Success, (await CliRun.Of(folder.Path, "zoo list --models models")).ExitCode);
        var without = await CliRun.Of(folder.Path, "zoo verify --models models --json");
        Assert.Equal((ExitCodes.Failure, false), (without.ExitCode, without.Json.GetProperty("passed").GetBoolean())); // nothing was measured
        Assert.Equal($"images-gru-h5.t17: is not measured, for its images are not in '{folder.File("images")}'; name their folder with --data. To get them: the shop.", without.Error.Trim());
        var there = await CliRun.Of(folder.Path, "zoo verify --models models --data elsewhere --json");
        Assert.True(there.ExitCode == ExitCodes.Success, there.Error);
        Assert.Equal(["accuracy", "loss"], there.Json.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("metric").GetString()));
        var alone = await CliRun.Of(folder.Path, "zoo export --models models --onnx alone --check --json");
        Assert.True(alone.ExitCode == ExitCodes.Success, alone.Error);
        Assert.Equal($"images-gru-h5.t17: is compared on random numbers alone, for its images are not in '{folder.File("images")}'; name their folder with --data. To get them: the shop.", alone.Error.Trim());
        var compared = alone.Json.GetProperty("models").EnumerateArray().Single();
        Assert.InRange(compared.GetProperty("difference").GetDouble(), 1e-12, 1e-5);
        Assert.Empty(compared.GetProperty("metrics").EnumerateArray());
        Assert.StartsWith("is compared on random numbers alone", compared.GetProperty("notMeasured").GetString(), StringComparison.Ordinal);
        foreach (var command in new[] { "zoo verify --models models --data elswhere", "zoo export --models models --onnx with --check --data elswhere" })
        {
            var typo = await CliRun.Of(folder.Path, command);
            Assert.Equal((ExitCodes.Usage, "--data: expected a folder with images, got 'elswhere', which is none."), (typo.ExitCode, typo.Error.Trim()));
        }

        var onnx = await CliRun.Of(folder.Path, "zoo export --models models --data elsewhere --onnx with --check --json");
        Assert.Equal((ExitCodes.Success, ""), (onnx.ExitCode, onnx.Error));
        Assert.Equal(2, onnx.Json.GetProperty("models").EnumerateArray().Single().GetProperty("metrics").GetArrayLength());
        TinyImages.Write(folder.File("elsewhere"), packed: true); // an IDX file and a packed one of the same name
        File.WriteAllBytes(folder.File("elsewhere/t10k-labels-idx1-ubyte"), TinyImages.Idx(new byte[TinyImages.Test], TinyImages.Test));
        Assert.Contains("expected the recipe's images with the SHA-256", (await CliRun.Of(folder.Path, "zoo verify --models models --data elsewhere")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, 0, "length: expected steps that the 187 pixels of an image divide into evenly, as 11 or 187, got 10.")]
    [InlineData(0, 0, "length: expected at least 1 (steps), got 0.")]
    [InlineData(11, -1, "permutation: expected at least 0 (the seed of an order, or 0 for none), got -1.")]
    public void Numbers_OutOfRange_AreNamed(int length, int permutation, string expected)
    {
        using var folder = new TemporaryFolder();
        TinyImages.Write(folder.Path);

        var problem = Assert.Throws<ArgumentOutOfRangeException>(() => new SequentialImageTask(folder.Path, length, permutation));

        Assert.StartsWith(expected, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Test_OfImagesThatThereAreNot_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var task = new SequentialImageTask(TinyImages.Write(folder.Path), 11);

        Assert.StartsWith("start: expected 0 to 300, got 301.", Assert.Throws<ArgumentOutOfRangeException>(() => task.Test(301, 1)).Message, StringComparison.Ordinal);
        Assert.StartsWith("count: expected 1 to 1, got 2.", Assert.Throws<ArgumentOutOfRangeException>(() => task.Test(300, 2)).Message, StringComparison.Ordinal);
        Assert.StartsWith("Test: expected a task with a test set, got 'copy'", Assert.Throws<NotSupportedException>(() => ((ISequenceTask)new CopyTask(3)).Test(0, 1)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[], string> Damaged() => new()
    {
        { "t10k-labels-idx1-ubyte", [], "expected an IDX file of bytes with 1 dimensions, which begins with 00000801 and has 8 bytes before the elements, got 0 that begin with ." },
        { "train-images-idx3-ubyte", [0, 0, 8, 3, 0, 0], "which begins with 00000803 and has 16 bytes before the elements, got 6 that begin with 00000803." },
        { "train-images-idx3-ubyte", TinyImages.Idx(new byte[26], 2, 13), "expected an IDX file of bytes with 3 dimensions, which begins with 00000803 and has 16 bytes before the elements, got 16 that begin with 00000802." },
        { "train-images-idx3-ubyte", TinyImages.Idx(new byte[12 * 187], 13, 11, 17), "expected 2431 elements, as its dimensions of 13 x 11 x 17 say, got 2244; the file was cut short." },
        { "train-images-idx3-ubyte", TinyImages.Idx(new byte[(13 * 187) + 1], 13, 11, 17), "expected 2431 elements, as its dimensions of 13 x 11 x 17 say, got more; something was added to the file." },
        { "train-images-idx3-ubyte", TinyImages.Idx([], 0, 11, 17), "expected 1 to 1073741824 elements, got dimensions of 0 x 11 x 17." },
        { "train-images-idx3-ubyte", TinyImages.Idx([1], -1, -1, -1), "got dimensions of 4294967295 x 4294967295 x 4294967295." },
        { "train-images-idx3-ubyte", TinyImages.Idx(new byte[187], 1 << 20, 11, 17), "got 187; the file was cut short." },
        { "train-labels-idx1-ubyte", TinyImages.Idx(new byte[12], 12), "expected 13 labels, one for each image beside, got 12." },
        { "t10k-labels-idx1-ubyte", TinyImages.Idx([.. new byte[300], 10], 301), "expected labels from 0 to 9, got 10 for image 300." },
        { "t10k-images-idx3-ubyte", TinyImages.Idx(new byte[301 * 187], 301, 17, 11), "expected test images of 11 x 17 pixels as the training images, got 17 x 11." },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Files_ThatAreDamaged_AreNamedWithWhatIsWrong(string file, byte[] content, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(Path.Combine(TinyImages.Write(folder.Path), file), content);

        var problem = Assert.Throws<InvalidDataException>(() => new SequentialImageTask(folder.Path, 11));

        Assert.StartsWith(expected.StartsWith("expected test images", StringComparison.Ordinal) ? folder.Path : folder.File(file), problem.Message, StringComparison.Ordinal);
        Assert.EndsWith(expected, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PackedFiles_Damaged_AreNamed()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(TinyImages.Write(folder.Path, packed: true), "train-images-idx3-ubyte.gz");
        var whole = File.ReadAllBytes(file);
        var sha256 = new SequentialImageTask(folder.Path, 11).Sha256;

        // Any one byte of the file, and any end that is missing: refused, or what was packed comes out as it was.
        for (var position = 0; position < whole.Length; position += 7)
        {
            byte[] changed = [.. whole[..position], (byte)(whole[position] ^ 0x24), .. whole[(position + 1)..]];
            foreach (var damaged in new[] { changed, whole[..position] })
            {
                File.WriteAllBytes(file, damaged);
                try
                {
                    Assert.Equal(sha256, new SequentialImageTask(folder.Path, 11).Sha256);
                }
                catch (InvalidDataException problem)
                {
                    Assert.StartsWith(file, problem.Message, StringComparison.Ordinal);
                }
            }
        }

        File.Delete(file);
        Assert.Equal(
            $"{file[..^3]}: expected an IDX file of this name or with .gz at its end, found neither; name the folder that holds the files.",
            Assert.Throws<InvalidDataException>(() => new SequentialImageTask(folder.Path, 11)).Message);
    }

    [Fact]
    public void Sha256_IsOfWhatTheFilesHold_PackedOrNot()
    {
        using var folder = new TemporaryFolder();
        var plain = new SequentialImageTask(TinyImages.Write(folder.File("plain")), 11);
        var packed = new SequentialImageTask(TinyImages.Write(folder.File("packed"), packed: true), 17);
        Assert.Equal(plain.Sha256, packed.Sha256);

        File.WriteAllBytes(folder.File("plain/t10k-labels-idx1-ubyte"), TinyImages.Idx(new byte[TinyImages.Test], TinyImages.Test));
        Assert.NotEqual(plain.Sha256, new SequentialImageTask(folder.File("plain"), 11).Sha256);
    }
}
