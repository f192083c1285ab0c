using RnnZoo.Cli.Options;
using RnnZoo.Zoo;

namespace RnnZoo.Cli.Zoo;

/// <summary>Finds the models that a command names.</summary>
internal static class ZooModels
{
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

    /// <summary>A model by its name.</summary>
    /// <exception cref="UsageException">No name was given, or there is no such model; the message has the nearest name.</exception>
    public static ModelEntry Find(ModelCatalogue catalogue, string? name)
    {
        var names = catalogue.List().Select(model => model.Name).ToArray();
        var known = names.Length == 0 ? "there are none" : string.Join(", ", names);
        if (name is null)
        {
            throw new UsageException($"NAME: expected a model ({known}), got none.");
        }

        return names.Contains(name)
            ? catalogue.Find(name)
            : throw new UsageException($"NAME: expected a model ({known}), got '{name}'{(Nearest.To(name, names) is { } nearest ? $"; did you mean {nearest}?" : "; see rnnzoo zoo list.")}");
    }
}
