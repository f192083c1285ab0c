using System.Diagnostics;

namespace RnnZoo.Tests.Packages;

/// <summary>Runs programs, the .NET command line above all, with a NuGet cache of their own.</summary>
internal static class DotNet
{
    /// <summary>The cache that the build of these tests used.</summary>
    public static string MachineCache { get; } = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } cache
        ? cache
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>Runs a program to its end. Packages that the machine's own cache has, libtorch above all, are taken from there.</summary>
    /// <param name="cache">The folder that stands in for the NuGet cache; it may be empty.</param>
    /// <param name="folder">Where it runs.</param>
    /// <param name="program">Its name or path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its exit code, and what it wrote to standard output and error.</returns>
    public static async Task<(int ExitCode, string Text)> TryAsync(string cache, string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // What the test run tells its own MSBuild is not for another one.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["NUGET_PACKAGES"] = cache;
        start.Environment["NUGET_FALLBACK_PACKAGES"] = MachineCache;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }

    /// <summary>Runs a program that must end well.</summary>
    /// <inheritdoc cref="TryAsync"/>
    /// <returns>What it wrote.</returns>
    public static async Task<string> RunAsync(string cache, string folder, string program, params string[] arguments)
    {
        var (exitCode, text) = await TryAsync(cache, folder, program, arguments);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)}: exit code {exitCode}\n{text}");
        return text;
    }
}
