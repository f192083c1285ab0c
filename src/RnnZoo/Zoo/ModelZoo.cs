namespace RnnZoo.Zoo;

/// <summary>
/// The trained models that come with RnnZoo, and those of the folders that the environment variable RNNZOO_PATH names:
/// <code>
/// using var model = ModelZoo.Load("copy-lstm-h128.t100");
/// </code>
/// </summary>
public static class ModelZoo
{
    /// <summary>The models whose names fit a pattern, by name.</summary>
    /// <param name="pattern">A name, in which <c>*</c> stands for any letters and <c>?</c> for any one.</param>
    /// <exception cref="DirectoryNotFoundException">A folder of RNNZOO_PATH is missing; the message names it.</exception>
    public static IReadOnlyList<ModelEntry> List(string pattern = "*") => ModelCatalogue.Default().List(pattern);

    /// <summary>Makes a model and reads its weights, which must be exactly those that the manifest states.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The model, ready to run; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">There is none of that name; the message lists what there is.</exception>
    /// <exception cref="InvalidDataException">It is not trained, or a file is missing, damaged or not the manifest's; the message names it.</exception>
    /// <exception cref="IOException">A file cannot be read, or a folder of RNNZOO_PATH is missing.</exception>
    public static ZooModel Load(string name) => ModelCatalogue.Default().Find(name).Load();
}
