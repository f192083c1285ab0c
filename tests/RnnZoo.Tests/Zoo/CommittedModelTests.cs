using RnnZoo.Cli;
using RnnZoo.Tests.Cli;
using RnnZoo.Zoo;

namespace RnnZoo.Tests.Zoo;

/// <summary>The models of this repository: their files agree with each other, and their numbers hold.</summary>
public class CommittedModelTests
{
    private const long LargestFolder = 2_000_000;

    [Fact]
    public void EveryModel_IsWholeSmallAndAgreesWithItself()
    {
        var models = new ModelCatalogue(Path.Combine(Repository.Root, "models")).List();
        Assert.NotEmpty(models);

        Assert.All(models, entry =>
        {
            using var model = entry.Load(); // checks the weights
            var (manifest, log) = (model.Manifest, TrainingLog.Read(entry.File("train.jsonl")));
            Assert.Equal(manifest.Result!.WeightsSha256, log[^1].WeightsSha256);
            Assert.Equal(manifest.ToJson(), File.ReadAllText(entry.File("model.json")));
            Assert.Equal(ModelCard.Write(manifest, log), File.ReadAllText(entry.File("README.md")));
            Assert.Equal(TrainingCurve.Draw(manifest, log).ToSvg() + "\n", File.ReadAllText(entry.File("training.svg")));
            Assert.InRange(Directory.GetFiles(entry.Folder).Sum(file => new FileInfo(file).Length), 1, LargestFolder);
            Assert.Equal(manifest.Result.Parameters, model.Net.parameters().Sum(parameter => parameter.numel()));
        });
    }

    [Fact]
    public async Task EveryStatedMetric_HoldsOnFreshSequences()
    {
        var folder = Path.Combine(Repository.Root, "models");

        var run = await CliRun.Of(Repository.Root, $"zoo verify --models {folder} --json");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Output + run.Error);
        Assert.Equal(
            new ModelCatalogue(folder).List().Select(entry => entry.Name),
            run.Json.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("name").GetString()).Distinct());
    }
}
