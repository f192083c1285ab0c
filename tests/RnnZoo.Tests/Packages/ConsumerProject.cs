namespace RnnZoo.Tests.Packages;

/// <summary>A console project as a user makes it: in a folder of its own, with the machine's configured feeds.</summary>
internal sealed class ConsumerProject
{
    public ConsumerProject(string folder, string references, string code)
    {
        Folder = folder;
        File.WriteAllText(Path.Combine(folder, "Consumer.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                {references}
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), code);
    }

    /// <summary>Where it lies.</summary>
    public string Folder { get; }

    /// <summary>Builds it with a folder of packages beside the configured feeds, and runs it.</summary>
    /// <returns>What it prints, by lines.</returns>
    public async Task<string[]> RunAsync(string cache, string feed)
    {
        await DotNet.RunAsync(cache, Folder, "dotnet", "build", "-c", "Release", "-o", "out", "-v", "quiet", "-nologo", $"-p:RestoreAdditionalProjectSources={feed}");
        var printed = await DotNet.RunAsync(cache, Folder, "dotnet", Path.Combine("out", "Consumer.dll"));
        return printed.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
