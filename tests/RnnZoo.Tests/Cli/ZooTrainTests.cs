using System.Xml.Linq;
using RnnZoo.Cli;
using RnnZoo.Tests.Training;
using RnnZoo.Tests.Zoo;
using RnnZoo.Zoo;

namespace RnnZoo.Tests.Cli;

public class ZooTrainTests(TrainedTinyModels trained) : IClassFixture<TrainedTinyModels>
{
    [Theory]
    [InlineData(TinyModels.Copy, new[] { "README.md", "model.json", "train.jsonl", "training.svg", "weights.safetensors" })]
    [InlineData(TinyModels.Text, new[] { "README.md", "model.json", "train.jsonl", "training.svg", "validation.txt", "vocabulary.json", "weights.safetensors" })]
    public void Write_Model_IsAWholeFolderThatAgreesWithItself(string name, string[] files)
    {
        var entry = new ModelCatalogue(trained.Models).Find(name);
        var manifest = entry.ReadManifest();
        var result = manifest.Result!;
        var log = TrainingLog.Read(entry.File("train.jsonl"));

        Assert.Equal(files, Directory.GetFiles(entry.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(2, Directory.GetFileSystemEntries(trained.Models).Length); // nothing waits beside
        Assert.Equal(CheckedFile.HashOf(entry.File("weights.safetensors")), result.WeightsSha256);
        Assert.Equal(("end", manifest.Recipe.CommittedSeed, result.WeightsSha256), (log[^1].Event, log[^1].Seed, log[^1].WeightsSha256));
        Assert.Equal(manifest.Recipe.Seeds.Order(), log.Where(line => line.Event == "end").Select(line => line.Seed).Order());
        Assert.Equal(new FileInfo(entry.File("weights.safetensors")).Length, result.WeightsBytes);
        Assert.Equal(ModelCard.Write(manifest, log), File.ReadAllText(entry.File("README.md"))); // made of these alone
        Assert.Equal(TrainingCurve.Draw(manifest, log).ToSvg() + "\n", File.ReadAllText(entry.File("training.svg")));
        Assert.Equal("svg", XDocument.Load(entry.File("training.svg")).Root!.Name.LocalName);
        Assert.Equal(manifest.ToJson(), File.ReadAllText(entry.File("model.json")));
    }

    [Fact]
    public void Write_Model_StatesEverySeedWithMeanAndSpread()
    {
        var result = new ModelCatalogue(trained.Models).Find(TinyModels.Copy).ReadManifest().Result!;

        Assert.Equal([1L, 2, 3], result.Seeds.Select(seed => seed.Seed));
        Assert.Equal(3, result.Seeds.Select(seed => seed.WeightsSha256).Distinct().Count());
        Assert.All(result.Seeds, seed => Assert.Equal((200, "steps"), (seed.Steps, seed.Ended)));
        double[] recalls = [.. result.Seeds.Select(seed => seed.Metrics.Single(metric => metric.Name == "recall").Value!.Value)];
        var spread = result.Spread.Single(spread => spread.Name == "recall");
        Assert.Equal(recalls.Average(), spread.Mean!.Value, 1e-12);
        Assert.Equal(Math.Sqrt(recalls.Sum(recall => Math.Pow(recall - recalls.Average(), 2)) / 2), spread.StandardDeviation!.Value, 1e-12);
        Assert.Equal((recalls.Min(), recalls.Max(), 3), (spread.Minimum, spread.Maximum, spread.Seeds));
        Assert.Equal(["recall", "loss"], result.Metrics.Select(metric => metric.Name));
        Assert.All(result.Metrics, metric => Assert.True(metric is { StandardError: > 0, Count: >= 2_000, Seed: not null }));
        Assert.Equal((4 * ((16 * 10) + (16 * 16) + 32)) + (9 * 16) + 9, result.Parameters);
    }

    [Fact]
    public void Write_CharacterModel_KeepsTheHeldOutTail()
    {
        var entry = new ModelCatalogue(trained.Models).Find(TinyModels.Text);
        var tail = File.ReadAllText(entry.File("validation.txt"));
        var metric = Assert.Single(entry.ReadManifest().Result!.Metrics);

        Assert.EndsWith(tail, TinyModels.SampleText, StringComparison.Ordinal);
        Assert.Equal((int)Math.Round(TinyModels.SampleText.Length * 0.2), tail.Length);
        Assert.Equal(("bitsPerCharacter", 0.0), (metric.Name, metric.StandardError));
        Assert.Equal((tail.Length - 1) / 4 * 4, metric.Count); // in 4 streams of one length; nothing stands before the first character
        Assert.Contains($"{metric.Count} of the {tail.Length} characters", metric.How, StringComparison.Ordinal);
        Assert.Equal(metric.Value, TrainingLog.Read(entry.File("train.jsonl")).Last(line => line.Event == "evaluation").Metric); // of the last step
    }

    [Theory]
    [InlineData("--jobs 1")]
    [InlineData("--jobs 3")]
    public async Task Train_Again_GivesTheSameWeightsAndNumbers(string option)
    {
        using var folder = trained.Copy();
        var before = Folder(folder.File("models"));

        var run = await CliRun.Of(folder.Path, $"zoo train {TinyModels.Copy} --models models --json --output again {option}");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        Assert.Equal(before, Folder(folder.File("models"))); // no --write
        Assert.True(run.Json.GetProperty("complete").GetBoolean());
        var stated = new ModelCatalogue(folder.File("models")).Find(TinyModels.Copy).ReadManifest().Result!;
        Assert.Equal(stated.WeightsSha256, run.Json.GetProperty("weightsSha256").GetString());
        Assert.Equal(
            stated.Seeds.Select(seed => (seed.Seed, seed.WeightsSha256, seed.Metrics[1].Value)),
            run.Json.GetProperty("seeds").EnumerateArray().Select(seed => (seed.GetProperty("seed").GetInt64(), seed.GetProperty("weightsSha256").GetString()!, (double?)seed.GetProperty("metrics")[1].GetProperty("value").GetDouble())));
    }

    [Fact]
    public async Task TensorBoard_HasARunForEachSeed_WhoseStagesFollowEachOther()
    {
        using var folder = trained.Copy();

        var run = await CliRun.Of(folder.Path, $"zoo train {TinyModels.Copy} --models models --json --output again --jobs 3 --tensorboard");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.Equal(new ModelCatalogue(folder.File("models")).Find(TinyModels.Copy).ReadManifest().Result!.WeightsSha256, run.Json.GetProperty("weightsSha256").GetString());
        Assert.Equal(["seed-1", "seed-2", "seed-3"], Directory.GetDirectories(folder.File("again/tensorboard")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var events = EventFile.Only(folder.File("again/tensorboard/seed-3"));
        Assert.Equal(Enumerable.Range(1, 200).Select(step => (long)step), EventFile.Scalars(events, "loss/train").Select(point => point.Step));
        Assert.Equal([50L, 100, 150, 200, 200], EventFile.Scalars(events, "recall").Select(point => point.Step));
        Assert.Equal([(1L, 1 + 6.0), (100, 2 + 6), (200, 2 + 6)], EventFile.Histograms(events, "gradient/norm_h_l0").Select(found => (found.Step, found.Value.Num)));
    }

    [Fact]
    public async Task Train_SeedBySeedInOneFolder_TrainsEachOnce()
    {
        using var folder = trained.Copy();
        var committed = new ModelCatalogue(folder.File("models")).Find(TinyModels.Copy).ReadManifest().Result!.WeightsSha256;

        var one = await CliRun.Of(folder.Path, $"zoo train {TinyModels.Copy} --models models --output run --seed 3");
        var seed3 = File.GetLastWriteTimeUtc(Path.Combine(folder.Path, "run", "seed-3.safetensors"));
        var rest = await CliRun.Of(folder.Path, $"zoo train {TinyModels.Copy} --models models --output run --write --json");

        Assert.Contains("1 of 3 seeds", one.Output, StringComparison.Ordinal);
        Assert.Contains("seed 3   is finished in ", rest.Error, StringComparison.Ordinal);
        Assert.Equal(seed3, File.GetLastWriteTimeUtc(Path.Combine(folder.Path, "run", "seed-3.safetensors")));
        Assert.Equal(committed, rest.Json.GetProperty("weightsSha256").GetString());
        Assert.Equal(Path.Combine(folder.File("models"), TinyModels.Copy), rest.Json.GetProperty("installed").GetString());

        var own = Path.Combine(folder.File("models"), TinyModels.Copy, "checkpoint-000000001.safetensors");
        await File.WriteAllTextAsync(own, "mine");
        var refused = await CliRun.Of(folder.Path, $"zoo train {TinyModels.Copy} --models models --output run --write");
        Assert.Equal((ExitCodes.Usage, "mine"), (refused.ExitCode, await File.ReadAllTextAsync(own)));
        Assert.Contains("--write: expected ", refused.Error, StringComparison.Ordinal);
        Assert.Contains("got checkpoint-000000001.safetensors in it; move that, or leave --write out.", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_IntoTheFolderOfAnotherRecipe_IsRefused()
    {
        using var folder = trained.Copy();
        await CliRun.Of(folder.Path, $"zoo train {TinyModels.Copy} --models models --output run --seed 3");
        var file = Path.Combine(folder.File("models"), TinyModels.Copy, "model.json");
        TinyModels.Write(folder.File("models"), TinyModels.Copy, TinyModels.CopyRecipe.Replace("\"steps\": 150", "\"steps\": 151", StringComparison.Ordinal));

        var run = await CliRun.Of(folder.Path, $"zoo train {TinyModels.Copy} --models models --output run");

        Assert.Equal((ExitCodes.Failure, ""), (run.ExitCode, run.Output));
        Assert.Equal($"{Path.Combine(folder.Path, "run", "recipe.json")}: expected the recipe that is to be trained, got another one; name another folder with --output.", run.Error.Trim());
        Assert.True(File.Exists(file));
    }

    [Fact]
    public async Task Train_BesideAFolderModelOfSomethingElse_LeavesItAlone()
    {
        using var folder = trained.Copy();
        var mine = folder.File("run/model/mine.txt");
        Directory.CreateDirectory(Path.GetDirectoryName(mine)!);
        await File.WriteAllTextAsync(mine, "mine");

        var run = await CliRun.Of(folder.Path, $"zoo train {TinyModels.Copy} --models models --output run");

        Assert.Equal(ExitCodes.Failure, run.ExitCode);
        Assert.Equal($"{folder.File("run/recipe.json")}: expected the recipe that is to be trained, got none beside a folder 'model'; name another folder with --output.", run.Error.Trim());
        Assert.Equal([mine], Directory.GetFiles(folder.File("run"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Train_Interrupted_KeepsFinishedSeedsAndLeavesTheModelAlone()
    {
        using var folder = trained.Copy();
        var before = Folder(folder.File("models"));
        await CliRun.Of(folder.Path, $"zoo train {TinyModels.Copy} --models models --output run --seed 3");
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        var run = await CliRun.Of(folder.Path, $"zoo train {TinyModels.Copy} --models models --output run --write", cancelled.Token);

        Assert.Equal(ExitCodes.Interrupted, run.ExitCode);
        Assert.Equal(before, Folder(folder.File("models")));
        Assert.True(File.Exists(Path.Combine(folder.Path, "run", "seed-3.json")));
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "run", "model")));
    }

    [Fact]
    public async Task Train_InitialisationThatDoesNotFitTheNet_IsOneLine()
    {
        using var folder = new TemporaryFolder();
        TinyModels.Write(folder.File("models"), TinyModels.Copy, TinyModels.CopyRecipe.Replace("\"lstm\", \"hidden\"", "\"indrnn\", \"hidden\"", StringComparison.Ordinal));

        var run = await CliRun.Of(folder.Path, $"zoo train {TinyModels.Copy} --models models --output out");

        Assert.Equal(
            (ExitCodes.Failure, "", "recipe.initialisation: expected one that fits indrnn (default, xavier, one-hot), joined by +, got 'orthogonal+chrono:3+one-hot'."),
            (run.ExitCode, run.Output, run.Error.Trim()));
    }

    [Fact]
    public async Task Train_AnotherText_IsRefusedWithWhereToGetTheRightOne()
    {
        using var folder = trained.Copy();
        await File.WriteAllTextAsync(folder.File("other.txt"), TinyModels.SampleText + "more");

        var other = await CliRun.Of(folder.Path, $"zoo train {TinyModels.Text} --models models --text other.txt");
        var none = await CliRun.Of(folder.Path, $"zoo train {TinyModels.Text} --models models");

        Assert.Equal(ExitCodes.Failure, other.ExitCode);
        Assert.Matches("^--text: expected Some lines with the SHA-256 [0-9a-f]{64}, got .*other.txt with [0-9a-f]{64}. To get it: make them$", other.Error.Trim());
        Assert.Equal((ExitCodes.Usage, $"--text: expected the text of {TinyModels.Text}: Some lines. To get it: make them"), (none.ExitCode, none.Error.Trim()));
        Assert.False(Directory.Exists(folder.File("runs")));
    }

    [Fact]
    public void Install_PutsAFolderInAnothersPlace_AfterAKillBetweenTwoRenamesToo()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("source"));
        File.WriteAllText(Path.Combine(folder.File("source"), "new"), "");
        Directory.CreateDirectory(folder.File(".m.old"));
        File.WriteAllText(Path.Combine(folder.File(".m.old"), "old"), "");
        Directory.CreateDirectory(folder.File(".m.new"));
        File.WriteAllText(Path.Combine(folder.File(".m.new"), "half"), "");

        Assert.Throws<DirectoryNotFoundException>(() => ModelFolder.Install(folder.File("missing"), folder.File("m")));
        Assert.Equal(["old"], Directory.GetFiles(folder.File("m")).Select(Path.GetFileName));
        ModelFolder.Install(folder.File("source"), folder.File("m"));

        Assert.Equal(["new"], Directory.GetFiles(folder.File("m")).Select(Path.GetFileName));
        Assert.Equal(["m", "source"], Directory.GetDirectories(folder.Path).Select(Path.GetFileName).Order());
    }

    private static string Folder(string path) => string.Join("\n", Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => $"{file} {CheckedFile.HashOf(file)}"));
}
