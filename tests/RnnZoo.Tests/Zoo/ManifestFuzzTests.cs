using System.Text.Json.Nodes;
using RnnZoo.Zoo;

namespace RnnZoo.Tests.Zoo;

public class ManifestFuzzTests(TrainedTinyModels trained) : IClassFixture<TrainedTinyModels>
{
    // Stands for a field that is taken out.
    private const string Removed = "";

    private static readonly string[] Values =
        [Removed, "null", "-1", "0", "0.5", "3000000000", "9223372036854775807", "1e308", "1e999", "\"\"", "\"x\"", "\"/etc\"", "[]", "[null]", "{}", "{\"x\":null}", "true"];

    [Theory]
    [InlineData(TinyModels.Copy)]
    [InlineData(TinyModels.Text)]
    public void Read_EveryFieldOfEveryKind_IsReadOrRefusedAndNothingElse(string name)
    {
        using var folder = trained.Copy();
        var entry = new ModelCatalogue(folder.File("models")).Find(name);
        var original = File.ReadAllText(entry.File("model.json"));
        var (read, refused) = (0, 0);
        foreach (var path in Paths(JsonNode.Parse(original)!, []))
        {
            foreach (var value in Values)
            {
                File.WriteAllText(entry.File("model.json"), With(original, path, value));
                try
                {
                    var manifest = entry.ReadManifest();
                    var shown = manifest with { Result = manifest.Result ?? ModelManifest.Read(Path.Combine(trained.Models, name, "model.json")).Result };
                    _ = ModelCard.ToHtml(shown, shown.Result!) + ModelCard.Write(shown, []);
                    read++;
                }
                catch (InvalidDataException problem)
                {
                    Assert.StartsWith($"{entry.File("model.json")}: ", problem.Message, StringComparison.Ordinal);
                    refused++;
                }
                catch (Exception problem)
                {
                    Assert.Fail($"{string.Join('.', path)} = {value}: {problem}");
                }
            }
        }

        Assert.True(read > 50 && refused > 5 * read, $"{read} read, {refused} refused: the changes are not of all kinds");
    }

    private static IEnumerable<object[]> Paths(JsonNode? node, object[] at) => node switch
    {
        JsonObject fields => fields.SelectMany(field => Paths(field.Value, [.. at, field.Key]).Prepend([.. at, field.Key])),
        JsonArray items => items.SelectMany((item, index) => Paths(item, [.. at, index]).Prepend([.. at, index])),
        _ => [],
    };

    private static string With(string text, object[] path, string value)
    {
        var root = JsonNode.Parse(text)!;
        var parent = path[..^1].Aggregate(root, (node, step) => step is int index ? node[index]! : node[(string)step]!);
        switch (path[^1])
        {
            case int index when value == Removed:
                parent.AsArray().RemoveAt(index);
                break;
            case int index:
                parent[index] = "VALUE";
                break;
            case string field when value == Removed:
                parent.AsObject().Remove(field);
                break;
            case string field:
                parent[field] = "VALUE";
                break;
        }

        return root.ToJsonString().Replace("\"VALUE\"", value, StringComparison.Ordinal);
    }
}
