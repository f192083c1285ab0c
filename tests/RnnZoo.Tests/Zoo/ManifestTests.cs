using System.Text.Json;
using RnnZoo.Characters;
using RnnZoo.Training;
using RnnZoo.Zoo;

namespace RnnZoo.Tests.Zoo;

public class ManifestTests
{
    [Fact]
    public void Read_RecipeAlone_TakesValuesAndDefaults()
    {
        using var folder = new TemporaryFolder();
        TinyModels.Write(folder.Path, TinyModels.Copy, TinyModels.CopyRecipe);

        var manifest = new ModelCatalogue(folder.Path).Find(TinyModels.Copy).ReadManifest();

        var recipe = Assert.IsType<SequenceRecipe>(manifest.Recipe);
        Assert.Null(manifest.Result);
        Assert.Equal(("copy", "lstm", 16, 1), (recipe.TaskName, recipe.Cell, recipe.Hidden, recipe.Net.Layers));
        Assert.Equal([1L, 2, 3], recipe.Seeds);
        Assert.Equal(1, recipe.TaskOf(0).Settings["delay"]);
        Assert.Equal(2, recipe.TaskOf(1).Settings["delay"]);
        var training = recipe.Stages[1].Training;
        Assert.Equal((150, LearningRateSchedule.Cosine, 0.25), (training.Steps, training.Schedule, training.ClipNorm));
        var lesson = Assert.Single(training.Curriculum);
        Assert.Equal((20, "copy-variable", 2), (lesson.Steps, lesson.Task.Name, lesson.Task.Settings["maxDelay"]));
        Assert.Equal(new TrainingOptions().EvaluationSequences, training.EvaluationSequences);
    }

    [Theory]
    [InlineData(TinyModels.Copy)]
    [InlineData(TinyModels.Text)]
    public void WriteAndRead_GivesTheSameText(string name)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(TinyModels.Write(folder.Path, name, name == TinyModels.Copy ? TinyModels.CopyRecipe : TinyModels.TextRecipe), "model.json");

        var text = ModelManifest.Read(file).ToJson();
        File.WriteAllText(file, text);

        Assert.Equal(text, ModelManifest.Read(file).ToJson());
        Assert.EndsWith("}\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Recipe_SaysEveryOptionOfATraining()
    {
        using var folder = new TemporaryFolder();
        string[] Options(string name, string recipe, Func<JsonElement, JsonElement> training)
        {
            var text = ModelManifest.Read(Path.Combine(TinyModels.Write(folder.Path, name, recipe), "model.json")).ToJson();
            return [.. training(JsonDocument.Parse(text).RootElement.GetProperty("recipe")).EnumerateObject().Select(field => field.Name).Order()];
        }

        static string[] Properties(Type options) => [.. options.GetProperties()
            .Where(property => property.SetMethod is not null && property.Name != "Seed") // the seed is the recipe's
            .Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name)).Order()];

        Assert.Equal(Properties(typeof(TrainingOptions)), Options(TinyModels.Copy, TinyModels.CopyRecipe, recipe => recipe.GetProperty("stages")[0].GetProperty("training")));
        Assert.Equal(Properties(typeof(CharacterTrainingOptions)), Options(TinyModels.Text, TinyModels.TextRecipe, recipe => recipe.GetProperty("training")));
    }

    [Theory]
    [InlineData("\"hidden\": 16", "\"hiden\": 16", "recipe.net: JSON deserialization for type 'RnnZoo.Zoo.NetRecipe' was missing required properties including: 'hidden'.", "hiden")]
    [InlineData("\"hidden\": 16", "\"hidden\": 0", "recipe.net.hidden: expected at least 1, got 0.")]
    [InlineData("\"hidden\": 16", "\"hidden\": \"16\"", "recipe.net.hidden: ")]
    [InlineData("\"hidden\": 16", "\"hidden\": 16, \"settings\": { \"timeStep\": 1 }", "recipe.net.settings: expected none for 'lstm', got 'timeStep'.")]
    [InlineData("\"hidden\": 16", "\"hidden\": 16, \"hidden\": 16", "hidden")]
    [InlineData("\"hidden\": 16", "\"hidden\": 16, \"colour\": 1", "colour")]
    [InlineData("\"lstm\"", "\"lstn\"", "recipe.net.cell: expected one of vanilla, lstm, gru, ")]
    [InlineData("\"copy\", \"settings\": { \"delay\": 2", "\"kopie\", \"settings\": { \"delay\": 2", "recipe.task: name: expected a task (copy, ")]
    [InlineData("\"delay\": 2", "\"delay\": 0", "recipe.task: delay: expected ")]
    [InlineData("\"delay\": 2", "\"length\": 2", "recipe.task: settings: expected only delay, symbols for 'copy', got 'length'.")]
    [InlineData("\"steps\": 150", "\"steps\": -1", "recipe.stages[1].training.Steps: expected at least 0, got -1.")]
    [InlineData("\"steps\": 150", "\"step\": 150", "recipe.stages[1].training.step: ")]
    [InlineData("\"copy-variable\"", "\"copy-fixed\"", "recipe.stages[1].training.curriculum[0].task: name: expected a task (copy, ")]
    [InlineData("\"maxDelay\": 2", "\"maxDelay\": 0", "recipe.stages[1].training.curriculum[0].task: maxDelay: expected ")]
    [InlineData("\"copy-variable\", \"settings\": { \"maxDelay\": 2, \"symbols\": 3 }", "\"adding\", \"settings\": { \"length\": 9 }", "recipe.stages[1]: expected tasks with the inputs and outputs of 'copy', got 'adding'.")]
    [InlineData("\"cosine\"", "\"sine\"", "recipe.stages[1].training.schedule: ")]
    [InlineData("\"cosine\"", "1", "recipe.stages[1].training.schedule: ")]
    [InlineData("\"committedSeed\": 2", "\"committedSeed\": 7", "recipe.committedSeed: expected one of the seeds (1, 2, 3), got 7.")]
    [InlineData("[1, 2, 3]", "[1, 2, 2]", "recipe.seeds: expected seeds of at least 0, none twice, got '1, 2, 2'.")]
    [InlineData("[1, 2, 3]", "null", "recipe.seeds: ")]
    [InlineData("\"measureSequences\": 2000", "\"measureSequences\": 100", "recipe.measureSequences: expected at least 2000, got 100.")]
    [InlineData("\"committedSeed\": 2", "\"committedSeed\": 2, \"threads\": 2000000000", "recipe.threads: expected 1 to 256, got 2000000000.")]
    [InlineData("\"sequences\"", "\"pictures\"", "recipe")]
    [InlineData("\"kind\": \"sequences\",", "", "recipe: kind: expected sequences or characters, got none.")]
    [InlineData("\"format\": 1", "\"format\": 2", "format: expected 1, got 2.")]
    [InlineData("\"licence\": \"MIT\",", "", "licence")]
    [InlineData("\"name\": \"copy-lstm-h16.t2\"", "\"name\": \"Copy LSTM\"", "name: expected lower-case letters, digits, dots and hyphens, beginning with a letter, got 'Copy LSTM'.")]
    [InlineData("\"name\": \"copy-lstm-h16.t2\"", "\"name\": \"other\"", "name: expected 'copy-lstm-h16.t2', the folder's, got 'other'.")]
    public void Read_WrongValue_IsAnErrorThatNamesFileAndField(string right, string wrong, string message, string? also = null)
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(right, TinyModels.CopyRecipe, StringComparison.Ordinal);
        var file = Path.Combine(TinyModels.Write(folder.Path, TinyModels.Copy, TinyModels.CopyRecipe.Replace(right, wrong, StringComparison.Ordinal)), "model.json");

        var problem = Assert.Throws<InvalidDataException>(() => new ModelCatalogue(folder.Path).Find(TinyModels.Copy).ReadManifest());

        Assert.StartsWith($"{file}: ", problem.Message, StringComparison.Ordinal);
        Assert.True(problem.Message.Contains(message, StringComparison.Ordinal) || (also is not null && problem.Message.Contains(also, StringComparison.Ordinal)), problem.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("not JSON")]
    public void Read_NoManifest_IsAnErrorThatNamesTheFile(string text)
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(TinyModels.Write(folder.Path, "x", text), "model.json");

        Assert.StartsWith($"{file}: ", Assert.Throws<InvalidDataException>(() => ModelManifest.Read(file)).Message, StringComparison.Ordinal);
    }
    [Fact]
    public void Read_FileWithoutAnEnd_IsRefusedAfterItsBeginning()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(TinyModels.Write(folder.Path, "x", ""), "model.json");
        using (var endless = File.OpenWrite(file))
        {
            endless.SetLength(4_000_000_000); // a hole: takes no room on the disk
        }

        Assert.Equal($"{file}: expected a text of at most 16777216 bytes, got more.", Assert.Throws<InvalidDataException>(() => ModelManifest.Read(file)).Message);
        Assert.Equal($"{file}: expected a text of at most 16777216 bytes, got more.", Assert.Throws<InvalidDataException>(() => TrainingLog.Read(file)).Message);
    }

    [Fact]
    public void Read_BytesThatAreNoUtf8_AreRefused()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(TinyModels.Write(folder.Path, "x", ""), "model.json");
        File.WriteAllBytes(file, [.. "{\"name\": \""u8, 0xC3, 0x28, .. "\"}"u8]);

        Assert.Equal($"{file}: expected UTF-8, got bytes that are none.", Assert.Throws<InvalidDataException>(() => ModelManifest.Read(file)).Message);
    }

    [Fact]
    public void Read_ByteOrderMark_IsPassedOver()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(TinyModels.Write(folder.Path, TinyModels.Copy, "\uFEFF" + TinyModels.CopyRecipe), "model.json");

        Assert.Equal(TinyModels.Copy, ModelManifest.Read(file).Name);
    }
}
