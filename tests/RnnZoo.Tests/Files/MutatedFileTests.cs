using System.Text.RegularExpressions;
using RnnZoo.Cli;
using RnnZoo.Fuzz;

namespace RnnZoo.Tests.Files;

public partial class MutatedFileTests
{
    private const int Changes = 1_000;

    public static TheoryData<string> Kinds => [.. Target.All.Select(target => target.Name)];

    /// <summary>Each kind of file, changed a thousand times: the process lives, and what cannot be read is a line that names a file.</summary>
    /// <remarks>The variable RNNZOO_FUZZ_SEED gives other changes.</remarks>
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task CommandLine_OnChangedFiles_ReadsThemOrSaysWhatIsWrongInALine(string kind)
    {
        var seed = Environment.GetEnvironmentVariable("RNNZOO_FUZZ_SEED") ?? "1";

        var (code, output, error) = await SelfProcess.RunAssemblyAsync(typeof(Target).Assembly.Location, ["mutate", kind, seed, $"{Changes}"], CancellationToken.None);

        var last = output.TrimEnd().Split('\n')[^1];
        Assert.True(code == 0, $"{kind}, seed {seed}: ended with {code} at file {last}: {error}");
        var numbers = Summary().Match(last).Groups.Values.Skip(1).Select(group => int.Parse(group.Value)).ToArray();
        Assert.True(numbers[0] > Changes / 50 && numbers[1] > Changes / 2, $"{last}: the changes are not of all kinds");
        Assert.True(numbers[2] < 500, last);
    }

    [GeneratedRegex("^([0-9]+) succeeded, ([0-9]+) refused, ([0-9]+) MB$")]
    private static partial Regex Summary();
}
