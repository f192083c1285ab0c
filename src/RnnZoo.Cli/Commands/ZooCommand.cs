using System.CommandLine;
using System.Text.Json;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Tasks;
using RnnZoo.Zoo;
using Spectre.Console;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo zoo`: trained models.</summary>
internal static class ZooCommand
{
    public static Command CreateAll(CliHost host) => new("zoo", "Verifies, lists, shows, trains and exports the trained models.")
    {
        ZooVerifyCommand.Create(host),
        ListModels(host),
        Show(host),
        ZooTrainCommand.Create(host),
        ZooExportCommand.Create(host),
    };

    /// <summary>The option that every command of the zoo has.</summary>
    public static ValueOption<string?> Models() => Values.Text(
        "--models", $"The one folder of models to look in; by default the folders of {ModelCatalogue.PathVariable} and the one that comes with the program", "a folder");

    /// <summary>The model that a command is about.</summary>
    public static Argument<string?> Name(string without = "") => new("NAME") { Description = "The model, or the path of its folder" + without, Arity = ArgumentArity.ZeroOrOne };

    /// <summary>The option of the commands that measure.</summary>
    public static ValueOption<string?> Images() => Values.Text(
        "--data", "The folder of the images of a model that reads some; by default the recipe's, and where that is missing nothing is measured of the model", "a folder");

    /// <summary>The folder that <see cref="Images"/> names, or null.</summary>
    /// <exception cref="UsageException">It is not there.</exception>
    public static string? ImagesIn(CliHost host, string? data)
    {
        var folder = data is null ? null : Path.GetFullPath(Path.Combine(host.WorkingDirectory, data));
        return folder is null || Directory.Exists(folder) ? folder : throw new UsageException($"--data: expected a folder with images, got '{data}', which is none.");
    }

    /// <summary>A model's task, with images from another folder if one is named.</summary>
    /// <returns>The task, null of a character model; or where the recipe's images are missing, why it cannot be measured, as the end of a message.</returns>
    public static (ISequenceTask? Task, string? Missing) TaskOf(ZooModel model, string? images) => model.Task is not SequentialImageTask task ? (model.Task, null)
        : images is not null ? (task.From(images), null)
        : Directory.Exists(task.Data) ? (task, null)
        : (null, $"its images are not in '{task.Data}'; name their folder with --data.{task.HowToGet}");

    /// <summary>Runs a command; a broken file of a model, or a recipe that cannot be trained, is one line on standard error.</summary>
    public static int Try(CliHost host, Func<int> run)
    {
        try
        {
            return run();
        }
        catch (Exception problem) when (problem is InvalidDataException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            host.Error.WriteLine(problem.Message.ReplaceLineEndings(" "));
            return ExitCodes.Failure;
        }
    }

    /// <summary>The catalogue: one folder, or those that every program looks through.</summary>
    /// <exception cref="UsageException">A folder is missing.</exception>
    public static ModelCatalogue Catalogue(CliHost host, string? folder)
    {
        try
        {
            return folder is null ? ModelCatalogue.Default() : new ModelCatalogue(Path.Combine(host.WorkingDirectory, folder));
        }
        catch (DirectoryNotFoundException problem)
        {
            throw new UsageException(folder is null ? problem.Message : $"--models: {problem.Message}");
        }
    }

    /// <summary>A model by its name, or by the path of its folder.</summary>
    /// <exception cref="UsageException">No name was given, or there is no such model; the message has the nearest name.</exception>
    public static ModelEntry Find(CliHost host, ModelCatalogue catalogue, string? name)
    {
        var models = catalogue.List();
        string[] names = [.. models.Select(model => model.Name)];
        var known = names.Length == 0 ? "there are none" : string.Join(", ", names);
        if (name is null)
        {
            throw new UsageException($"NAME: expected a model ({known}), got none.");
        }

        return models.FirstOrDefault(model => model.Name == name)
            ?? ModelEntry.At(Path.Combine(host.WorkingDirectory, name))
            ?? throw new UsageException($"NAME: expected a model ({known}), got '{name}'{(Nearest.To(name, names) is { } nearest ? $"; did you mean {nearest}?" : "; see rnnzoo zoo list.")}");
    }

    public static void WriteMetrics(Utf8JsonWriter json, IReadOnlyList<MetricValue> metrics) => json.WriteObjects("metrics", metrics, metric =>
    {
        json.WriteString("metric", metric.Name);
        json.WriteFinite("value", metric.Value);
        json.WriteFinite("standardError", metric.StandardError);
    });

    private static ExampleCommand ListModels(CliHost host)
    {
        var (models, json) = (Models(), Values.Json());
        var pattern = new Argument<string?>("PATTERN") { Description = "A name in which * stands for any letters; by default all", Arity = ArgumentArity.ZeroOrOne };
        var command = new ExampleCommand("list", "Lists the models.",
            ("rnnzoo zoo list", "all models, with what they reach"),
            ("rnnzoo zoo list \"copy-*\"", "those whose names begin so; the quotes keep the shell from reading the star"))
        { pattern, models, json };
        command.SetAction(parsed => Try(host, () =>
        {
            var found = Catalogue(host, parsed.GetValue(models)).List(parsed.GetValue(pattern) ?? "*");
            (ModelEntry, ModelManifest)[] all = [.. found.Select(entry => (entry, entry.ReadManifest()))];
            if (parsed.GetValue(json))
            {
                host.Output.Write(ListJson(all));
            }
            else if (all.Length > 0)
            {
                ReportConsole.Write(host, ListTable(all));
            }
            else
            {
                host.Error.WriteLine($"there is no model{(parsed.GetValue(pattern) is { } asked ? $" whose name fits '{asked}'; rnnzoo zoo list shows all" : "")}.");
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static ExampleCommand Show(CliHost host)
    {
        var (models, json, name) = (Models(), Values.Json(), Name());
        var command = new ExampleCommand("show", "Shows a model's card: what it reaches, how it was trained, all seeds; of an untrained one the recipe.",
            ("rnnzoo zoo show copy-lstm-h128.t100", "the card"),
            ("rnnzoo zoo show copy-lstm-h128.t100 --json", "the same for programs"))
        { name, models, json };
        command.SetAction(parsed => Try(host, () =>
        {
            var entry = Find(host, Catalogue(host, parsed.GetValue(models)), parsed.GetValue(name));
            var manifest = entry.ReadManifest();
            host.Output.Write(parsed.GetValue(json) || manifest.Result is null ? manifest.ToJson() : ModelCard.Write(manifest, TrainingLog.Read(entry.File(ModelFolder.Log))));
            return ExitCodes.Success;
        }));
        return command;
    }

    private static Table ListTable(IReadOnlyList<(ModelEntry Entry, ModelManifest Manifest)> models) => ReportTable.Of(
        TableBorder.Rounded,
        models,
        new("name", model => model.Entry.Name),
        new("task", model => model.Manifest.Recipe.TaskName),
        new("net", model => $"{model.Manifest.Recipe.Cell} {model.Manifest.Recipe.Hidden}"),
        new("params", model => model.Manifest.Result?.Parameters, "#,0"),
        new("metrics", model => MetricsOf(model.Manifest)) { Wraps = true });

    private static string MetricsOf(ModelManifest manifest) => manifest.Result is { } result
        ? string.Join(", ", result.Metrics.Select(metric => $"{metric.Name} {NumberText.Of(metric.Value, "G4")}"))
        : "not trained";

    private static string ListJson(IReadOnlyList<(ModelEntry Entry, ModelManifest Manifest)> models) => JsonText.Write(json => json.WriteObjects("models", models, model =>
    {
        var (entry, manifest) = model;
        json.WriteString("name", entry.Name);
        json.WriteString("summary", manifest.Summary);
        json.WriteString("task", manifest.Recipe.TaskName);
        json.WriteString("cell", manifest.Recipe.Cell);
        json.WriteNumber("hidden", manifest.Recipe.Hidden);
        json.WriteBoolean("trained", manifest.Result is not null);
        json.WriteFinite("parameters", manifest.Result?.Parameters);
        json.WriteString("folder", entry.Folder);
        WriteMetrics(json, manifest.Result?.Metrics ?? []);
    }));
}
