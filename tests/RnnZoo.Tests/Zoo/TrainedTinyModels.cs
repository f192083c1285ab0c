using RnnZoo.Cli;
using RnnZoo.Tests.Cli;

namespace RnnZoo.Tests.Zoo;

/// <summary>Both tiny models, trained once for all tests of a class.</summary>
public sealed class TrainedTinyModels : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public string Models => _folder.File("models");

    public string TextFile => _folder.File("text.txt");

    public async Task InitializeAsync()
    {
        TinyModels.Write(Models, TinyModels.Copy, TinyModels.CopyRecipe);
        TinyModels.Write(Models, TinyModels.Text, TinyModels.TextRecipe);
        await File.WriteAllTextAsync(TextFile, TinyModels.SampleText);
        foreach (var command in new[] { $"zoo train {TinyModels.Copy} --models models --write", $"zoo train {TinyModels.Text} --models models --text text.txt --write" })
        {
            var run = await CliRun.Of(_folder.Path, command);
            Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        }
    }

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>A copy of the models in a folder of the test's own, for `--models models`.</summary>
    internal TemporaryFolder Copy()
    {
        var copy = new TemporaryFolder();
        TinyModels.CopyAll(Models, copy.File("models"));
        return copy;
    }
}
