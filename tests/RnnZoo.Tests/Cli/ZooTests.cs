using System.Globalization;
using System.Text.Json;
using RnnZoo.Cli;
using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Tests.Zoo;
using RnnZoo.Zoo;

namespace RnnZoo.Tests.Cli;

public class ZooTests(TrainedTinyModels trained) : IClassFixture<TrainedTinyModels>
{
    [Fact]
    public async Task Verify_TrainedModels_Pass()
    {
        using var folder = trained.Copy();

        var run = await CliRun.Of(folder.Path, "zoo verify --models models --json");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.True(run.Json.GetProperty("passed").GetBoolean());
        var rows = run.Json.GetProperty("models").EnumerateArray().ToArray();
        Assert.Equal([(TinyModels.Text, "bitsPerCharacter"), (TinyModels.Copy, "recall"), (TinyModels.Copy, "loss")], rows.Select(row => (Text(row, "name"), Text(row, "metric"))));
        Assert.All(rows, row => Assert.True(row.GetProperty("passed").GetBoolean()));
        Assert.Equal(rows[0].GetProperty("stated").GetDouble(), rows[0].GetProperty("measured").GetDouble()); // the same text
        Assert.NotEqual(rows[2].GetProperty("stated").GetDouble(), rows[2].GetProperty("measured").GetDouble()); // other sequences
    }

    [Theory]
    [InlineData(TinyModels.Copy, 0, 0)]
    [InlineData(TinyModels.Copy, 1, 0)]
    [InlineData(TinyModels.Text, 0, 0)]
    [InlineData(TinyModels.Copy, 1, 1e9)]
    [InlineData(TinyModels.Text, 0, 1e9)]
    public async Task Verify_MetricThatIsStatedTooGood_Fails(string name, int metric, double pretendedError)
    {
        using var folder = trained.Copy();
        var file = Path.Combine(folder.File("models"), name, "model.json");
        var manifest = ModelManifest.Read(file);
        var metrics = manifest.Result!.Metrics.ToArray();
        // Four standard errors of both, or twice what is allowed where there are none; a pretended error counts for twice the true one.
        var times = pretendedError > 0 ? 2 : 1;
        metrics[metric] = metrics[metric] with { Value = metrics[metric].Value + (metrics[metric].StandardError is > 0 and var error ? times * 4 * 1.5 * error : 2e-4) };
        metrics[metric] = metrics[metric] with { StandardError = Math.Max(metrics[metric].StandardError, pretendedError) };
        SeedResult[] seeds = [.. manifest.Result.Seeds.Select(seed => seed.Seed == manifest.Recipe.CommittedSeed ? seed with { Metrics = metrics } : seed)];
        File.WriteAllText(file, (manifest with { Result = manifest.Result with { Metrics = metrics, Seeds = seeds, Spread = MetricSpread.Of(seeds) } }).ToJson());

        var run = await CliRun.Of(folder.Path, $"zoo verify {name} --models models --json");

        Assert.Equal(ExitCodes.Failure, run.ExitCode);
        Assert.False(run.Json.GetProperty("passed").GetBoolean());
        Assert.Equal([metrics[metric].Name], run.Json.GetProperty("models").EnumerateArray().Where(row => !row.GetProperty("passed").GetBoolean()).Select(row => Text(row, "metric")));
    }

    [Fact]
    public async Task Verify_WhereOneModelIsBroken_MeasuresTheOthersAndFails()
    {
        using var folder = trained.Copy();
        await File.WriteAllTextAsync(Path.Combine(folder.File("models"), TinyModels.Text, "validation.txt"), "another text");
        TinyModels.Write(folder.File("models"), "untrained", TinyModels.CopyRecipe.Replace(TinyModels.Copy, "untrained", StringComparison.Ordinal));
        var log = Path.Combine(folder.File("models"), TinyModels.Copy, "train.jsonl");

        var run = await CliRun.Of(folder.Path, "zoo verify --models models --json");
        await File.WriteAllLinesAsync(log, (await File.ReadAllLinesAsync(log))[..^1]);
        var withoutEnd = await CliRun.Of(folder.Path, $"zoo verify {TinyModels.Copy} --models models --json");

        Assert.Equal((ExitCodes.Failure, ExitCodes.Failure), (run.ExitCode, withoutEnd.ExitCode));
        Assert.Equal([false, true, true, false], run.Json.GetProperty("models").EnumerateArray().Select(row => row.GetProperty("passed").GetBoolean()));
        Assert.Contains("validation.txt: expected the SHA-256 ", run.Error, StringComparison.Ordinal);
        Assert.Contains("untrained: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("expected a log that ends with the SHA-256 ", withoutEnd.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_MetricOfAnUnknownName_IsSaidAsItStands()
    {
        using var folder = trained.Copy();
        var file = Path.Combine(folder.File("models"), TinyModels.Copy, "model.json");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("\"recall\"", "\"[/recall]\"", StringComparison.Ordinal));

        var run = await CliRun.Of(folder.Path, $"zoo verify {TinyModels.Copy} --models models");

        Assert.Equal(ExitCodes.Failure, run.ExitCode);
        Assert.Matches(@"│ \[/recall\] +│ .*failed", run.Output);
        Assert.Contains("[/recall]: expected a metric that can be measured", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_NoModels_Fails()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("models"));

        var run = await CliRun.Of(folder.Path, "zoo verify --models models --json");

        Assert.Equal(ExitCodes.Failure, run.ExitCode);
        Assert.False(run.Json.GetProperty("passed").GetBoolean());
        Assert.Equal(0, run.Json.GetProperty("models").GetArrayLength());
        Assert.Equal("zoo verify: expected at least one model, found none; where nothing is checked, nothing passes.", run.Error.Trim());
    }

    [Fact]
    public async Task List_AndPattern_NameModelsWithTheirMetrics()
    {
        using var folder = trained.Copy();

        var all = await CliRun.Of(folder.Path, "zoo list --models models");
        var copies = await CliRun.Of(folder.Path, "zoo list copy-* --models models --json");
        var none = await CliRun.Of(folder.Path, "zoo list copie-* --models models");

        Assert.Matches($@"{TinyModels.Text} +│ characters +│ gru 8 +│ .*bitsPerCharacter \d", all.Output);
        Assert.Matches($@"{TinyModels.Copy} +│ copy +│ lstm 16 +│ .*recall 0\.\d", all.Output);
        var model = Assert.Single(copies.Json.GetProperty("models").EnumerateArray());
        Assert.Equal((TinyModels.Copy, true), (Text(model, "name"), model.GetProperty("trained").GetBoolean()));
        Assert.Equal("recall", model.GetProperty("metrics")[0].GetProperty("metric").GetString());
        Assert.Equal((ExitCodes.Success, "", "there is no model whose name fits 'copie-*'; rnnzoo zoo list shows all."), (none.ExitCode, none.Output, none.Error.TrimEnd()));
    }

    [Fact]
    public async Task Show_IsTheCard_OrTheManifest()
    {
        using var folder = trained.Copy();

        var card = await CliRun.Of(folder.Path, $"zoo show {TinyModels.Copy} --models models");
        var json = await CliRun.Of(folder.Path, $"zoo show {TinyModels.Copy} --models models --json");

        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(folder.File("models"), TinyModels.Copy, "README.md")), card.Output);
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(folder.File("models"), TinyModels.Copy, "model.json")), json.Output);
        string[] said = ["It *forgets*.", "| task.settings.delay | 2 |", "| stages[1].training.clipNorm | 0.25 |", "| 2 (these weights) |", "| seeds | 1, 2, 3 |", "| standard deviation |", "MIT", "SHA-256"];
        Assert.All(said, words => Assert.Contains(words, card.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Export_BothFormats_HoldTheWeights()
    {
        using var folder = trained.Copy();

        var run = await CliRun.Of(folder.Path, $"zoo export {TinyModels.Copy} --models models --output out --json");

        Assert.Equal(
            [$"{TinyModels.Copy}.safetensors", $"{TinyModels.Copy}.dat", "model.json"],
            run.Json.GetProperty("files").EnumerateArray().Select(file => Path.GetFileName(file.GetString())));
        using var model = new ModelCatalogue(folder.File("models")).Find(TinyModels.Copy).Load();
        using var fromDat = SequenceModel.Create("lstm", 10, 16, 9);
        using var fromSafeTensors = SequenceModel.Create("lstm", 10, 16, 9);
        fromDat.load(Path.Combine(folder.File("out"), $"{TinyModels.Copy}.dat"));
        fromSafeTensors.LoadSafeTensors(Path.Combine(folder.File("out"), $"{TinyModels.Copy}.safetensors"));
        Assert.All(model.Net.state_dict(), pair => Assert.True(pair.Value.Equals(fromDat.state_dict()[pair.Key]) && pair.Value.Equals(fromSafeTensors.state_dict()[pair.Key])));
    }

    [Theory]
    [InlineData("zoo show copy-lstm-h16.t3 --models models", "NAME: expected a model (chars-gru-h8.abc, copy-lstm-h16.t2), got 'copy-lstm-h16.t3'; did you mean copy-lstm-h16.t2?")]
    [InlineData("zoo verify nothing --models models", "NAME: expected a model (chars-gru-h8.abc, copy-lstm-h16.t2), got 'nothing'; see rnnzoo zoo list.")]
    [InlineData("zoo export --models models", "NAME: expected a model (chars-gru-h8.abc, copy-lstm-h16.t2), got none.")]
    [InlineData("zoo train copy-lstm-h16.t2 --models models --seed 7", "--seed: expected one of the recipe (1, 2, 3), got '7'.")]
    [InlineData("zoo train copy-lstm-h16.t2 --models models --seed 1 --write", "--write: expected none together with --seed, for a model reports all of its seeds; leave one of the two out.")]
    [InlineData("zoo train copy-lstm-h16.t2 --models models --text models", "--text: expected none for copy-lstm-h16.t2, which learns no text; leave it out.")]
    public async Task WrongName_IsAnErrorWithTheNearest_AndExitCode2(string command, string message)
    {
        using var folder = trained.Copy();

        var run = await CliRun.Of(folder.Path, command);

        Assert.Equal((ExitCodes.Usage, "", message), (run.ExitCode, run.Output, run.Error.Trim()));
    }

    [Fact]
    public async Task FolderOfModelsThatIsMissing_IsAnErrorThatNamesIt()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "zoo list --models none");

        Assert.Equal((ExitCodes.Usage, string.Create(CultureInfo.InvariantCulture, $"--models: {folder.File("none")}: expected a folder of models, found none.")), (run.ExitCode, run.Error.Trim()));
    }

    private static string? Text(JsonElement row, string field) => row.GetProperty(field).GetString();
}
