namespace ListingStub;

/// <summary>The projects that are packed: TorchSharp is the stub, TorchSharp-cpu is empty and depends on it.</summary>
internal static class Packages
{
    public static void Write(string directory, string version, string source)
    {
        string stub = Directory.CreateDirectory(Path.Combine(directory, "TorchSharp")).FullName;
        File.WriteAllText(Path.Combine(stub, "TorchSharp.cs"), source);
        File.WriteAllText(Path.Combine(stub, "TorchSharp.csproj"), Project(version, ""));

        string cpu = Directory.CreateDirectory(Path.Combine(directory, "TorchSharp-cpu")).FullName;
        File.WriteAllText(Path.Combine(cpu, "TorchSharp-cpu.csproj"), Project(version, """
                <IncludeBuildOutput>false</IncludeBuildOutput>
                <NoWarn>$(NoWarn);NU5128</NoWarn>
              </PropertyGroup>
              <ItemGroup>
                <ProjectReference Include="../TorchSharp/TorchSharp.csproj" />
              </ItemGroup>
              <PropertyGroup>
            """));
    }

    private static string Project(string version, string extra) => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <LangVersion>latest</LangVersion>
            <Nullable>enable</Nullable>
            <AllowUnsafeBlocks>true</AllowUnsafeBlocks>
            <Version>{version}</Version>
            <Description>Signatures of TorchSharp {version} without bodies, for compile checks only.</Description>
        {extra}
          </PropertyGroup>
        </Project>

        """;
}
