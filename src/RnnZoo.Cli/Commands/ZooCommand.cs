using System.CommandLine;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Report;
using RnnZoo.Cli.Zoo;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo zoo`: trained models.</summary>
internal static class ZooCommand
{
    public static Command Create(CliHost host) => new("zoo", "Verifies, lists, shows, trains and exports the trained models.")
    {
        ZooVerifyCommand.Create(host),
        ListModels(host),
        Show(host),
        ZooTrainCommand.Create(host),
        Export(host),
    };

    /// <summary>The option that every command of the zoo has.</summary>
    public static ValueOption<string?> Models() => Values.Text(
        "--models", $"The one folder of models to look in; by default the folders of {ModelCatalogue.PathVariable} and the one that comes with the program", "a folder");

    /// <summary>The model that a command is about.</summary>
    public static Argument<string?> Name(string description) => new("NAME") { Description = description, Arity = ArgumentArity.ZeroOrOne };

    public static Option<bool> Json() => new("--json") { Description = "Print the results as one JSON document, and nothing else, on standard output" };

    /// <summary>Runs a command; a broken file of a model is one line on standard error.</summary>
    public static int Try(CliHost host, Func<int> run)
    {
        try
        {
            return run();
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            host.Error.WriteLine(problem.Message.ReplaceLineEndings(" "));
            return ExitCodes.Failure;
        }
    }

    private static ExampleCommand ListModels(CliHost host)
    {
        var (models, json) = (Models(), Json());
        var pattern = new Argument<string?>("PATTERN") { Description = "A name in which * stands for any letters; by default all", Arity = ArgumentArity.ZeroOrOne };
        var command = new ExampleCommand("list", "Lists the models.",
            ("rnnzoo zoo list", "all models, with what they reach"),
            ("rnnzoo zoo list \"copy-*\"", "those whose names begin so; the quotes keep the shell from reading the star"))
        { pattern, models, json };
        command.SetAction(parsed => Try(host, () =>
        {
            var found = ZooModels.Catalogue(host, parsed.GetValue(models)).List(parsed.GetValue(pattern) ?? "*");
            (ModelEntry, ModelManifest)[] all = [.. found.Select(entry => (entry, entry.ReadManifest()))];
            if (parsed.GetValue(json))
            {
                host.Output.Write(ZooJson.List(all));
            }
            else if (all.Length > 0)
            {
                ReportConsole.Write(host, ZooTables.List(all));
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
        var (models, json, name) = (Models(), Json(), Name("The model"));
        var command = new ExampleCommand("show", "Shows a model's card: what it reaches, how it was trained, all seeds; of an untrained one the recipe.",
            ("rnnzoo zoo show copy-lstm-h128.t100", "the card"),
            ("rnnzoo zoo show copy-lstm-h128.t100 --json", "the same for programs"))
        { name, models, json };
        command.SetAction(parsed => Try(host, () =>
        {
            var entry = ZooModels.Find(ZooModels.Catalogue(host, parsed.GetValue(models)), parsed.GetValue(name));
            var manifest = entry.ReadManifest();
            host.Output.Write(parsed.GetValue(json) || manifest.Result is null ? manifest.ToJson() : ModelCard.Write(manifest, TrainingLog.Read(entry.File(ModelFiles.Log))));
            return ExitCodes.Success;
        }));
        return command;
    }

    private static ExampleCommand Export(CliHost host)
    {
        var (models, json, name) = (Models(), Json(), Name("The model"));
        var output = Values.Text("--output", "The folder to write into; by default one of the model's name", "a folder");
        var command = new ExampleCommand("export", "Writes a model's weights as safetensors and in TorchSharp's format, with its manifest.",
            ("rnnzoo zoo export copy-lstm-h128.t100 --output weights", "weights/copy-lstm-h128.t100.safetensors and .dat"))
        { name, output, models, json };
        command.SetAction(parsed => Try(host, () =>
        {
            var entry = ZooModels.Find(ZooModels.Catalogue(host, parsed.GetValue(models)), parsed.GetValue(name));
            OutputFolder.Check(host, parsed.GetValue(output) ?? entry.Name);
            var files = ZooExport.Write(entry, Path.GetFullPath(Path.Combine(host.WorkingDirectory, parsed.GetValue(output) ?? entry.Name)));
            host.Output.Write(parsed.GetValue(json) ? ZooJson.Export(entry.Name, files) : string.Join("\n", files) + "\n");
            return ExitCodes.Success;
        }));
        return command;
    }
}
