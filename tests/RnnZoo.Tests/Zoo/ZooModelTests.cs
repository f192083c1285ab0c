using RnnZoo.Files;
using RnnZoo.Modules;
using RnnZoo.Tasks;
using RnnZoo.Zoo;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Tests.Zoo;

public class ZooModelTests(TrainedTinyModels trained) : IClassFixture<TrainedTinyModels>
{
    [Fact]
    public void Load_Model_HasTheWeightsAndTheTaskOfItsFolder()
    {
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var scope = NewDisposeScope())
        {
            using var model = new ModelCatalogue(trained.Models).Find(TinyModels.Copy).Load();
            using var generator = new Generator(7);

            var batch = model.Task!.Sample(64, generator);
            var score = model.Task.Score(model.Net.call(batch.Input).Output, batch.Target);

            Assert.Equal((2, 3), (((CopyTask)model.Task).Delay, ((CopyTask)model.Task).Symbols));
            Assert.InRange(score.Metric, 0.3, 1); // far from guessing
            Assert.False(model.Net.training);
            Assert.Null(model.Characters);
            var weights = SafeTensors.Load(model.Entry.File("weights.safetensors"));
            Assert.All(model.Net.state_dict(), pair => Assert.True(pair.Value.Equals(weights[pair.Key])));
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void OfTask_SequencesThatNoMemoryHolds_SaysSo()
    {
        using var net = SequenceModel.Create("lstm", 10, 4, 9);

        var refused = Assert.Throws<ArgumentException>(() => ModelMeasurement.OfTask(net, new CopyTask(90_000_000), sequences: 128, seed: 1));

        Assert.Contains("64 at a time of 90000020 steps", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_CharacterModel_WritesText()
    {
        using var model = new ModelCatalogue(trained.Models).Find(TinyModels.Text).Load();

        var text = model.Characters!.Vocabulary.Decode([.. model.Characters.Sample(20, seed: 3, prompt: "line é")]);

        Assert.Equal(20, text.Length);
        Assert.Same(model.Characters.Net, model.Net);
        Assert.Null(model.Task);
    }

    [Fact]
    public void Sample_InTheMidstOfATraining_LeavesTheNetInTrainingMode()
    {
        using var model = new ModelCatalogue(trained.Models).Find(TinyModels.Text).Load();
        model.Net.train();

        using (var text = model.Characters!.Sample(2, prompt: "line").GetEnumerator())
        {
            Assert.True(text.MoveNext());
            Assert.True(model.Net.training); // between two characters too
        }

        Assert.True(model.Net.training);
    }

    [Theory]
    [InlineData("\"parameters\": ", @"model\.json: result\.parameters: expected \d+, as many as weights\.safetensors holds, got 1\d+\.$")]
    [InlineData("\"weightsBytes\": ", @"weights\.safetensors: expected the 1\d+ bytes of model\.json, got \d+; ")]
    public void Load_SizesThatTheWeightsHaveNot_AreRefused(string field, string message)
    {
        using var folder = trained.Copy();
        var file = Path.Combine(folder.File("models"), TinyModels.Copy, "model.json");
        var text = File.ReadAllText(file);
        Assert.Contains(field, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(field, field + "1", StringComparison.Ordinal)); // one digit more

        var problem = Assert.Throws<InvalidDataException>(() => new ModelCatalogue(folder.File("models")).Find(TinyModels.Copy).Load());

        Assert.Matches(message, problem.Message);
    }

    [Theory]
    [InlineData(TinyModels.Copy, "\"hidden\": 16", "\"hidden\": 2000000000")]
    [InlineData(TinyModels.Copy, "\"hidden\": 16", "\"hidden\": 17")]
    [InlineData(TinyModels.Copy, "\"layers\": 1", "\"layers\": 2")]
    [InlineData(TinyModels.Copy, "\"layers\": 1", "\"layers\": 2000000000")]
    [InlineData(TinyModels.Copy, "\"cell\": \"lstm\",\n      \"hidden\": 16", "\"cell\": \"indrnn\",\n      \"hidden\": 2000000000")]
    [InlineData(TinyModels.Text, "\"hidden\": 8", "\"hidden\": 2000000000")]
    [InlineData(TinyModels.Text, "\"embedding\": 0", "\"embedding\": 2000000000")]
    public void Load_NetLargerThanItsWeights_IsRefusedBeforeItIsMade(string name, string right, string wrong)
    {
        using var folder = trained.Copy();
        var file = Path.Combine(folder.File("models"), name, "model.json");
        var text = File.ReadAllText(file);
        Assert.Contains(right, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(right, wrong, StringComparison.Ordinal));
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        var problem = Assert.Throws<InvalidDataException>(() => new ModelCatalogue(folder.File("models")).Find(name).Load());

        Assert.Matches("^" + System.Text.RegularExpressions.Regex.Escape(file) + @": recipe\.net: expected a net of [0-9,]+ parameters, .* got ", problem.Message);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Load_WeightsOfOneBitLess_AreRefused()
    {
        using var folder = trained.Copy();
        var file = Path.Combine(folder.File("models"), TinyModels.Copy, "weights.safetensors");
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);

        var problem = Assert.Throws<InvalidDataException>(() => new ModelCatalogue(folder.File("models")).Find(TinyModels.Copy).Load());

        Assert.Matches("^" + System.Text.RegularExpressions.Regex.Escape(file) + ": expected the SHA-256 [0-9a-f]{64} of model.json, got [0-9a-f]{64}; the file was changed or damaged, get it anew.$", problem.Message);
        using var release = File.Open(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None); // nothing holds it open
    }

    [Theory]
    [InlineData(TinyModels.Copy, "weights.safetensors", "expected the file that model.json names, found none.")]
    [InlineData(TinyModels.Text, "vocabulary.json", "expected the characters of the model, found none.")]
    public void Load_FileThatIsMissing_IsAnErrorThatNamesIt(string name, string missing, string message)
    {
        using var folder = trained.Copy();
        var file = Path.Combine(folder.File("models"), name, missing);
        File.Delete(file);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Assert.Equal($"{file}: {message}", Assert.Throws<InvalidDataException>(() => new ModelCatalogue(folder.File("models")).Find(name).Load()).Message);

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Load_RecipeThatWasNotTrained_IsAnErrorThatSaysHow()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(TinyModels.Write(folder.Path, TinyModels.Copy, TinyModels.CopyRecipe), "model.json");

        var problem = Assert.Throws<InvalidDataException>(() => new ModelCatalogue(folder.Path).Find(TinyModels.Copy).Load());

        Assert.Equal($"{file}: result: expected a trained model, got a recipe alone; train it with rnnzoo zoo train {TinyModels.Copy} --write.", problem.Message);
    }

    [Theory]
    [InlineData("\"hidden\": 16", "\"hidden\": 15")]
    [InlineData("\"cell\": \"lstm\"", "\"cell\": \"gru\"")]
    public void Load_ManifestOfAnotherNet_IsRefused(string right, string wrong)
    {
        using var folder = trained.Copy();
        var file = Path.Combine(folder.File("models"), TinyModels.Copy, "model.json");
        var text = File.ReadAllText(file);
        Assert.Contains(right, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(right, wrong, StringComparison.Ordinal));

        var problem = Assert.Throws<InvalidDataException>(() => new ModelCatalogue(folder.File("models")).Find(TinyModels.Copy).Load());

        Assert.Contains("weights.safetensors: recurrent.weight_ih_l0: expected shape [", problem.Message, StringComparison.Ordinal);
    }
}
