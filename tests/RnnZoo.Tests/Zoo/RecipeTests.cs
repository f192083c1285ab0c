using RnnZoo.Characters;
using RnnZoo.Modules;
using RnnZoo.Tests.Modules;
using RnnZoo.Tests.Training;
using RnnZoo.Training;
using RnnZoo.Zoo;

namespace RnnZoo.Tests.Zoo;

/// <summary>A recipe is trained from the library as from the command line.</summary>
public class RecipeTests(TrainedTinyModels trained) : IClassFixture<TrainedTinyModels>
{
    private ModelManifest Copy => new ModelCatalogue(trained.Models).Find(TinyModels.Copy).ReadManifest();

    private ModelManifest Text => new ModelCatalogue(trained.Models).Find(TinyModels.Text).ReadManifest();

    [Fact]
    public void Train_SequenceRecipe_GivesTheWeightsNumbersAndLogOfTheModel()
    {
        using var folder = new TemporaryFolder();
        var entry = new ModelCatalogue(trained.Models).Find(TinyModels.Copy);
        var history = new TrainingHistory("copy", ((SequenceRecipe)Copy.Recipe).Task);
        var live = Expect.LiveTensors;
        SeedResult saved;
        using (var model = entry.Load())
        using (var again = model.Recipe.Train(2, new RecipeRun { Observer = history }))
        {
            saved = again.SaveResult(folder.File("weights.safetensors"), TinyModels.Copy);
            Assert.Equal((StopReason.StepLimit, 200, false), (again.Reason, again.Steps, again.Net.training));
            Assert.Equal(
                TrainingLog.Read(entry.File("train.jsonl")).Where(line => line.Seed == 2).Select(line => line with { Seconds = 0 }),
                again.Log.Append(saved.ToLogEntry()).Select(line => line with { Seconds = 0 }));
        }

        var stated = Copy.Result!.Seeds.Single(seed => seed.Seed == 2);
        Assert.Equal((stated.WeightsSha256, stated.Ended), (saved.WeightsSha256, saved.Ended));
        Assert.Equal(stated.Metrics, saved.Metrics);
        Assert.NotEmpty(history.Steps);
        Assert.Equal(live, Expect.LiveTensors);
    }

    [Fact]
    public void Train_SeveralSeedsAtOnce_GivesTheSameWeights()
    {
        using var folder = new TemporaryFolder();
        var recipe = Copy.Recipe;
        var hashes = new string[recipe.Seeds.Count];

        var threads = recipe.Seeds.Select((seed, index) => new Thread(() =>
        {
            using var one = recipe.Train(seed);
            hashes[index] = one.SaveResult(folder.File($"{seed}.safetensors"), TinyModels.Copy).WeightsSha256;
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.Equal(Copy.Result!.Seeds.Select(seed => seed.WeightsSha256), hashes);
    }

    [Fact]
    public void Train_CharacterRecipeThatWasCancelled_GoesOnFromItsCheckpointToTheSameWeights()
    {
        using var folder = new TemporaryFolder();
        var recipe = (CharacterRecipe)Text.Recipe;
        using var stop = new CancellationTokenSource();
        var notices = new List<string>();
        var observer = new RecordingObserver(step =>
        {
            if (step.Step == 30)
            {
                stop.Cancel();
            }
        });

        using (var half = recipe.Train(4, new RecipeRun { TextFile = trained.TextFile, Checkpoints = folder.File("checkpoints"), Observer = observer }, stop.Token))
        {
            Assert.Equal((StopReason.Cancelled, "cancelled", 30), (half.Reason, half.Ended, half.Steps));
            Assert.Empty(half.Metrics);
        }

        using var whole = recipe.Train(4, new RecipeRun { TextFile = trained.TextFile, Checkpoints = folder.File("checkpoints"), Notice = notices.Add });

        Assert.Equal(["goes on after step 30"], notices);
        Assert.Equal(Text.Result!.WeightsSha256, whole.SaveResult(folder.File("weights.safetensors"), TinyModels.Text).WeightsSha256);
        Assert.Equal(Text.Result.Metrics, whole.Metrics);
        Assert.Equal(60, whole.Progress!.Step);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Train_RecipeThatKeepsTheBest_EndsWithItsWeights(bool withCheckpoints)
    {
        using var folder = new TemporaryFolder();
        var recipe = (CharacterRecipe)Text.Recipe;
        recipe = recipe with { KeepBest = true, Training = recipe.Training with { LearningRate = 0.5, Schedule = LearningRateSchedule.Constant, Steps = 100 } };
        var text = recipe.OpenText(trained.TextFile);
        var best = new List<double?>();

        using var one = recipe.Train(4, new RecipeRun { Text = text, Checkpoints = withCheckpoints ? folder.File("checkpoints") : null, OnBest = lent => best.Add(lent.Metrics[0].Value) });

        Assert.InRange(one.Progress!.BestStep, 20, 80); // not the last one
        Assert.Equal(one.Progress.BestBits, one.Metrics[0].Value); // measured again, of the weights that are there
        Assert.Equal(one.Progress.BestBits, best[^1]);
        Assert.Contains($"weights of step {one.Progress.BestStep}, the best of 5 measurements", one.Metrics[0].How, StringComparison.Ordinal);
    }

    [Fact]
    public void KeepBest_IsInTheManifest_OnlyWhereItHolds()
    {
        Assert.DoesNotContain("keepBest", Text.ToJson(), StringComparison.Ordinal);
        Assert.Contains("\"keepBest\": true", (Text with { Recipe = (CharacterRecipe)Text.Recipe with { KeepBest = true } }).ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_OfTheNet_AreInTheRecipeThatIsRead()
    {
        var recipe = (SequenceRecipe)Copy.Recipe;
        var lem = recipe with { Net = recipe.Net with { Cell = "lem", Settings = new Dictionary<string, double> { ["timeStep"] = 0.25 } }, Initialisation = "default" };

        using var net = ((SequenceRecipe)ModelRecipe.FromJson(lem.ToJson())).CreateNet();
        using var one = lem.Train(4);

        Assert.Equal((0.25, 0.25), (((Lem)net.Recurrent).TimeStep, ((Lem)one.Net.Recurrent).TimeStep));
        Assert.DoesNotContain("timeStep", Copy.ToJson(), StringComparison.Ordinal);
        Assert.Equal("recipe.net.timeStep: expected a number above 0, got 0.", Assert.Throws<ArgumentException>(() => (lem with { Net = lem.Net with { Settings = new Dictionary<string, double> { ["timeStep"] = 0 } } }).Train(4)).Message);
    }

    [Fact]
    public void Train_WhatCannotBeTrained_SaysWhy()
    {
        var sequences = (SequenceRecipe)Copy.Recipe;
        var characters = (CharacterRecipe)Text.Recipe;
        var other = TrainingText.Open(Path.Combine(trained.Models, TinyModels.Text, "validation.txt"), VocabularyKind.Characters, 0.1);

        Expect.Message<ArgumentException>("recipe.net.hidden: expected at least 1, got 0.", () => (sequences with { Net = sequences.Net with { Hidden = 0 } }).Train(1));
        Expect.Message<ArgumentException>(
            "recipe.initialisation: expected one that fits lstm (default, xavier, orthogonal, identity, one-hot, forget-bias, chrono), joined by +, got 'one-hot+henaff'.",
            () => (sequences with { Initialisation = "one-hot+henaff" }).Train(1));
        Assert.StartsWith("run.TextFile: expected the file with the text to learn, Some lines, got none. To get it: make them", Assert.Throws<ArgumentException>(() => characters.Train(4)).Message, StringComparison.Ordinal);
        Assert.StartsWith("text: expected Some lines with the SHA-256 ", Assert.Throws<InvalidDataException>(() => characters.Train(4, new RecipeRun { Text = other })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromJson_WhatToJsonGave_IsTheSameRecipe()
    {
        foreach (var recipe in new[] { Copy.Recipe, Text.Recipe })
        {
            var again = ModelRecipe.FromJson(recipe.ToJson());

            Assert.Equal(recipe.ToJson(), again.ToJson());
            Assert.Equal(recipe.GetType(), again.GetType());
        }

        var problem = Assert.Throws<InvalidDataException>(() => ModelRecipe.FromJson(Copy.Recipe.ToJson().Replace("\"hidden\": 16", "\"hidden\": 0", StringComparison.Ordinal)));
        Assert.Equal("json: recipe.net.hidden: expected at least 1, got 0.", problem.Message);
    }
}
