using RnnZoo.Characters;
using RnnZoo.Cli.Chars;
using RnnZoo.Cli.Options;
using RnnZoo.Files;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Zoo;

/// <summary>Writes a model's folder from what came of its seeds.</summary>
internal static class ZooTrainModel
{
    private const int CharactersAtATime = 1 << 16;

    /// <returns>The manifest with the results.</returns>
    public static ModelManifest Write(ZooTrainFolder folder, ModelManifest manifest, IReadOnlyList<SeedResult> seeds, CharsText? text, DateTimeOffset day)
    {
        var recipe = manifest.Recipe;
        var committed = seeds.Single(seed => seed.Seed == recipe.CommittedSeed);
        var weights = Path.Combine(folder.Model, ModelFiles.Weights);
        File.Copy(folder.WeightsOf(committed.Seed), weights);
        var (parameters, backward) = Count(recipe, text);
        var trained = manifest with
        {
            Result = new ModelResult
            {
                Metrics = committed.Metrics,
                Seeds = seeds,
                Spread = MetricSpread.Of(seeds),
                Parameters = parameters,
                WeightsBytes = new FileInfo(weights).Length,
                WeightsSha256 = committed.WeightsSha256,
                ValidationSha256 = text is null ? null : WriteText(folder.Model, text),
                Made = ModelProvenance.Here(day, backward),
            },
        };
        // The committed seed last: the last line of the log holds the hash of the model's weights.
        var log = seeds.OrderBy(seed => seed.Seed == committed.Seed).SelectMany(seed => TrainingLog.Read(folder.LogOf(seed.Seed)));
        ModelFolderWriter.WriteTexts(folder.Model, trained, [.. log]);
        return trained;
    }

    private static (long Parameters, string Backward) Count(ModelRecipe recipe, CharsText? text)
    {
        using var net = recipe is CharacterRecipe characters ? new CharacterModel(text!.Vocabulary, characters.Net).Net : ((SequenceRecipe)recipe).CreateNet();
        net.Backward = recipe.Backward;
        return (net.parameters().Sum(parameter => parameter.numel()), TrainingNames.Of(net.Recurrent.EffectiveBackward));
    }

    /// <returns>The SHA-256 of the held-out text.</returns>
    private static string WriteText(string folder, CharsText text)
    {
        AtomicFile.WriteText(Path.Combine(folder, ModelFiles.Vocabulary), text.Vocabulary.ToJson() + "\n");
        var path = Path.Combine(folder, ModelFiles.Validation);
        AtomicFile.Write(path, stream =>
        {
            for (var at = 0L; at < text.Validation.Count; at += CharactersAtATime)
            {
                var ids = new long[Math.Min(CharactersAtATime, text.Validation.Count - at)];
                text.Validation.Read(at, ids);
                stream.Write(text.Vocabulary.Kind == VocabularyKind.Bytes
                    ? Array.ConvertAll(ids, id => (byte)id)
                    : System.Text.Encoding.UTF8.GetBytes(text.Vocabulary.Decode(ids)));
            }
        });
        return CharsText.HashOf(path);
    }
}
