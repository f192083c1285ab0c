using RnnZoo.Zoo;

namespace RnnZoo.Tests.Zoo;

/// <summary>The models of this repository: that their files agree with each other. Their numbers are measured by `zoo verify`.</summary>
public class CommittedModelTests
{
    private const long LargestFolder = 2_000_000;

    [SkippableFact]
    public void EveryModel_IsWholeSmallAndAgreesWithItself()
    {
        var models = new ModelCatalogue(Path.Combine(Repository.Root, "models")).List();
        Skip.If(models.Count == 0, "no trained models in this checkout");

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
}
