using System.Diagnostics;
using System.Text.RegularExpressions;
using RnnZoo.Cli;
using RnnZoo.Cli.Commands;
using RnnZoo.Modules;
using RnnZoo.Tests.Tasks;
using RnnZoo.Zoo;

namespace RnnZoo.Tests.Cli;

public partial class SweepTests
{
    private const string Plan = """
        {
          "format": 1,
          "nets": ["vanilla", "gru"],
          "hidden": 5,
          "batchSize": 4,
          "learningRates": [0.01, 0.03],
          "seeds": [1, 2],
          "tasks": [
            { "name": "parity", "lengths": [3, 7], "steps": 100, "stopAt": 0.9, "starts": { "gru": { "initialisation": "orthogonal+one-hot", "learningRates": [0.03] } } },
            { "name": "images", "label": "rows", "lengths": [11], "settings": { "permutation": 3 }, "steps": 7, "seeds": [3], "learningRates": [0.01], "data": { "path": "images" } },
            { "name": "characters", "lengths": [5], "steps": 9, "seeds": [1], "learningRates": [0.01], "data": { "path": "text.txt" } }
          ]
        }
        """;

    private const int Cells = 2 * 2 * 2 + 2 * 2 + 2 + 2; // vanilla and gru on parity, images, characters

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Sweep_TrainsEveryCell_AndShowsThem()
    {
        using var folder = Prepared();

        var run = await CliRun.Of(folder.Path, "sweep plan.json --json");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.Equal((Cells, 0), (run.Json.GetProperty("results").GetArrayLength(), run.Json.GetProperty("missing").GetInt32()));
        Assert.Equal(Cells, Directory.GetFiles(folder.File("runs/plan/results")).Length);
        Assert.Equal(run.Output, await File.ReadAllTextAsync(folder.File("runs/plan/results.json")));
        Assert.Equal(["parity", "parity", "parity", "parity", "rows", "rows", "characters", "characters"], run.Json.GetProperty("scores").EnumerateArray().Select(score => score.GetProperty("task").GetString()));
        var page = await File.ReadAllLinesAsync(folder.File("runs/plan/table.md"));
        Assert.StartsWith($"Plan `{run.Json.GetProperty("plan").GetString()}`: {Cells} trainings at hidden size 5, 0 missing; ", page[2], StringComparison.Ordinal);
        string[][] table = [.. page.Where(line => line.StartsWith('|')).Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray())];
        Assert.Equal(["net", "parity 3: accuracy", "parity 7: accuracy", "rows 11: accuracy", "characters 5: bitsPerCharacter"], table[0]);
        Assert.Equal(["vanilla", "gru"], table[2..4].Select(row => row[0]));
        Assert.Equal(["## parity 3", "## parity 7", "## rows 11", "## characters 5"], page.Where(line => line.StartsWith("## ", StringComparison.Ordinal)));
        Assert.Equal(["net", "accuracy", "±", "each seed", "ended by", "steps", "seconds", "parameters", "rate", "start"], table[4]);
        var gru = run.Json.GetProperty("results").EnumerateArray().First(result => result.GetProperty("net").GetString() == "gru");
        Assert.Equal(("gru", 2, $"{gru.GetProperty("parameters").GetInt32()}", "0.03", "orthogonal+one-hot"), (table[7][0], table[7][3].Split(", ").Length, table[7][7], table[7][8], table[7][9]));
        Assert.Contains($"{Cells}/{Cells}, none left; ", run.Error, StringComparison.Ordinal);
        Assert.Matches("about [0-9]+ s left", run.Error);
        Assert.StartsWith("<svg", await File.ReadAllTextAsync(folder.File("runs/plan/chart.svg")), StringComparison.Ordinal);

        var again = await CliRun.Of(folder.Path, "sweep plan.json --json");
        var status = await CliRun.Of(folder.Path, "sweep status runs/plan --json");
        Assert.Equal((run.Output, run.Output), (again.Output, status.Output));
        Assert.EndsWith($"All {Cells} trainings are done.", status.Error.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_AgainAndAgain_EndsWithTheSameBits_WhateverTheOrder()
    {
        using var folder = Prepared();
        var whole = await CliRun.Of(folder.Path, "sweep plan.json --output whole --jobs 2");
        Assert.True(whole.ExitCode == ExitCodes.Success, whole.Error);
        Assert.Equal(ExitCodes.Success, await Cell(folder, "whole", 0)); // is done
        var random = new Random(5);

        for (var kill = 0; kill < 4; kill++)
        {
            using var process = SelfProcess.Start(["sweep", folder.File("plan.json"), "--output", folder.File("killed"), "--jobs", "1"]);
            var (before, watch) = (Done(folder, "killed"), Stopwatch.StartNew());
            while (Done(folder, "killed") == before && kill > 0)
            {
                Assert.True(!process.HasExited && watch.Elapsed < Patience, "The sweep ended, or wrote nothing.");
                await Task.Delay(2);
            }

            await Task.Delay(random.Next(600));
            Assert.False(process.HasExited);
            process.Kill(entireProcessTree: kill % 2 == 0); // an orphan may write its result beside the next run
            await process.WaitForExitAsync();
        }

        // The last ones first, and one that a dead writer left half.
        await File.WriteAllTextAsync(folder.File("killed/results/parity-3-gru-lr0.03-seed1.json.999999.rnnzoo.part"), "{");
        for (var number = Cells - 1; number > Cells - 4; number--)
        {
            Assert.Equal(ExitCodes.Success, await Cell(folder, "killed", number));
        }

        var last = await CliRun.Of(folder.Path, "sweep plan.json --output killed --jobs 2");

        Assert.True(last.ExitCode == ExitCodes.Success, last.Error);
        Assert.Equal(Directory.GetFiles(folder.File("whole/results")).Select(Path.GetFileName).Order(), Directory.GetFiles(folder.File("killed/results")).Select(Path.GetFileName).Order());
        Assert.All(Directory.GetFiles(folder.File("whole/results")), file =>
            Assert.Equal(WithoutSeconds(file), WithoutSeconds(file.Replace("whole", "killed", StringComparison.Ordinal))));
        Assert.Equal(WithoutSeconds(folder.File("whole/results.json")), WithoutSeconds(folder.File("killed/results.json")));
        Assert.Equal(WithoutSeconds(folder.File("whole/table.md")), WithoutSeconds(folder.File("killed/table.md")));
    }

    [Fact]
    public async Task Check_TrainsDrawnCellsAgain_AndSaysWhatDiffers()
    {
        using var folder = Prepared(Plan.Replace("\"lengths\": [3, 7], \"steps\": 100", "\"lengths\": [3], \"steps\": 9", StringComparison.Ordinal).Replace("\"path\": \"text.txt\"", "\"path\": \"text.txt\", \"source\": \"write it.\"", StringComparison.Ordinal));
        const int all = Cells - 6; // one length of parity
        Assert.Equal(ExitCodes.Success, (await CliRun.Of(folder.Path, "sweep plan.json --output out")).ExitCode);
        var before = Directory.GetFiles(folder.File("out"), "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllText);

        var same = await CliRun.Of(folder.Path, "sweep check out --draws 100 --json");

        Assert.True(same.ExitCode == ExitCodes.Success, same.Error);
        var checks = same.Json.GetProperty("checks").EnumerateArray().ToArray();
        Assert.Equal(all, checks.Select(check => check.GetProperty("cell").GetString()).Distinct().Count());
        Assert.All(checks, check => Assert.Equal("the same", check.GetProperty("verdict").GetString()));
        Assert.Equal(before, Directory.GetFiles(folder.File("out"), "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllText));
        Assert.NotEqual(await Drawn(1), await Drawn(2));

        var lone = folder.File("out/results/characters-5-gru-lr0.01-seed1.json");
        await File.WriteAllTextAsync(lone, Value().Replace(before[lone], "${1}0.5", 1));
        Assert.Equal((ExitCodes.Success, "one seed"), await Verdict(lone)); // of how far others lie from it, it says nothing

        string[] both = [folder.File("out/results/parity-3-gru-lr0.03-seed1.json"), folder.File("out/results/parity-3-gru-lr0.03-seed2.json")];
        foreach (var file in both)
        {
            await File.WriteAllTextAsync(file, Value().Replace(before[file], "${1}0", 1));
        }

        Assert.Equal((ExitCodes.Failure, "differs"), await Verdict(both[0]));
        Assert.Equal((ExitCodes.Failure, "differs"), await Verdict(both[1]));

        File.Delete(folder.File("text.txt"));
        var without = await CliRun.Of(folder.Path, "sweep check out --draws 100");
        Assert.Equal((ExitCodes.Failure, ""), (without.ExitCode, without.Output));
        Assert.Contains($"expected a text, got '{folder.File("text.txt")}', which is no file. To get it: write it.", without.Error, StringComparison.Ordinal);

        async Task<(int, string?)> Verdict(string file)
        {
            var run = await CliRun.Of(folder.Path, "sweep check out --draws 100 --json");
            return (run.ExitCode, run.Json.GetProperty("checks").EnumerateArray().Single(check => check.GetProperty("cell").GetString() == Path.GetFileNameWithoutExtension(file)).GetProperty("verdict").GetString());
        }

        async Task<string?> Drawn(int seed) => (await CliRun.Of(folder.Path, $"sweep check out --seed {seed} --json")).Json.GetProperty("checks")[0].GetProperty("cell").GetString();
    }

    [Fact]
    public async Task Plan_OfAFolder_SaysItsPathsFromThere()
    {
        using var folder = Prepared(Plan.Replace("\"path\": \"images\"", $"\"path\": \"IMAGES\"", StringComparison.Ordinal).Replace("IMAGES", "PLACE/images", StringComparison.Ordinal));
        await File.WriteAllTextAsync(folder.File("plan.json"), (await File.ReadAllTextAsync(folder.File("plan.json"))).Replace("PLACE", folder.Path, StringComparison.Ordinal));

        var plan = SweepPlan.Read(folder.File("plan.json")).WithHashes("plan.json");
        var (made, there) = (SweepFolder.Make(Directory.CreateDirectory(folder.File("a/b")).FullName, plan), SweepFolder.Open(folder.File("a/b")));

        Assert.Equal(("../../text.txt", $"{folder.Path}/images"), (there.Plan.Tasks[2].Data!.Path, there.Plan.Tasks[1].Data!.Path));
        Assert.Equal((folder.File("text.txt"), made.Hash), (there.Plan.Tasks[2].Data!.File, there.Hash));
    }

    [Fact]
    public async Task Results_DamagedOrOfAnotherPlan_AreRefusedInALine()
    {
        using var folder = Prepared(Plan.Replace("\"lengths\": [3, 7]", "\"lengths\": [3]", StringComparison.Ordinal));
        Assert.Equal(ExitCodes.Success, (await CliRun.Of(folder.Path, "sweep plan.json --output out")).ExitCode);
        var file = folder.File("out/results/rows-11-gru-lr0.01-seed3.json");
        var (text, name) = (await File.ReadAllTextAsync(file), Path.GetFileNameWithoutExtension(file));

        foreach (var (damaged, expected) in new[]
        {
            (text[..^30], "Expected end of string"),
            ("", "The input does not contain any JSON tokens"),
            (text.Replace("\"steps\": 7", "\"steps\": 8", StringComparison.Ordinal), "steps: expected 0 to 7, got 8."),
            (text.Replace("-seed3", "-seed4", StringComparison.Ordinal), $"cell: expected '{name}', got 'rows-11-gru-lr0.01-seed4'."),
            (text.Replace("\"ended\": \"steps\"", "\"ended\": \"cancelled\"", StringComparison.Ordinal), "ended: expected one of steps, diverged, accuracy, got 'cancelled'."),
            (Hash().Replace(text, new string('0', 64)), "plan: expected a result of the plan "),
        })
        {
            await File.WriteAllTextAsync(file, damaged);
            foreach (var command in new[] { "sweep plan.json --output out", "sweep status out" })
            {
                var run = await CliRun.Of(folder.Path, command);
                Assert.Equal((ExitCodes.Failure, ""), (run.ExitCode, run.Output));
                Assert.StartsWith($"{file}: ", run.Error, StringComparison.Ordinal);
                Assert.Contains(expected, run.Error, StringComparison.Ordinal);
                Assert.EndsWith($"Delete the file to train {name} again.", run.Error.TrimEnd(), StringComparison.Ordinal);
            }
        }

        await File.WriteAllTextAsync(file, Value().Replace(text, "${1}0.123").Replace("\"steps\": 7", "\"steps\": 0", StringComparison.Ordinal).Replace("\"ended\": \"steps\"", "\"ended\": \"diverged\"", StringComparison.Ordinal));
        var table = (await Status()).Table;
        Assert.Contains("1 diverged", table, StringComparison.Ordinal); // before its first step was done
        Assert.DoesNotContain("0.123", table, StringComparison.Ordinal); // what diverged says nothing

        await File.WriteAllTextAsync(folder.File("out/job.id"), "1\n");
        File.Delete(file);
        Assert.Contains("The job's queue cannot be read: --engine: expected ", (await Status()).Error, StringComparison.Ordinal); // what is there is shown all the same
        File.Delete(folder.File("out/job.id"));
        Assert.Equal(ExitCodes.Success, (await CliRun.Of(folder.Path, "sweep plan.json --output out")).ExitCode);
        Assert.Equal(WithoutSeconds(text), WithoutSeconds(await File.ReadAllTextAsync(file)));

        await File.WriteAllTextAsync(folder.File("plan.json"), Plan);
        var other = await CliRun.Of(folder.Path, "sweep plan.json --output out");
        Assert.Equal(ExitCodes.Failure, other.ExitCode);
        Assert.StartsWith($"{folder.File("out/plan.json")}: expected the plan that is to be trained (", other.Error, StringComparison.Ordinal);
        Assert.EndsWith("name another folder with --output.", other.Error.TrimEnd(), StringComparison.Ordinal);

        async Task<(string Table, string Error)> Status()
        {
            var run = await CliRun.Of(folder.Path, "sweep status out");
            Assert.Equal(ExitCodes.Success, run.ExitCode);
            return (await File.ReadAllTextAsync(folder.File("out/table.md")), run.Error);
        }
    }

    [Fact]
    public void Hash_IsOfThePlanAndTheBytesOfItsFiles_NotOfTheirPlace()
    {
        using var folder = Prepared();
        using var elsewhere = Prepared();
        string Of(TemporaryFolder place) => SweepPlan.Read(place.File("plan.json")).WithHashes("plan.json").Hash();

        Assert.Equal(Of(folder), Of(elsewhere));
        File.AppendAllText(elsewhere.File("text.txt"), "a");
        var changed = Of(elsewhere);
        Assert.NotEqual(Of(folder), changed);
        File.WriteAllText(elsewhere.File("plan.json"), Plan.Replace("\"hidden\": 5", "\"hidden\": 6", StringComparison.Ordinal));
        Assert.NotEqual(changed, Of(elsewhere));
    }

    [Fact]
    public async Task Cell_WhoseFilesChanged_IsRefused()
    {
        using var folder = Prepared();
        SweepFolder.Make(Directory.CreateDirectory(folder.File("out")).FullName, SweepPlan.Read(folder.File("plan.json")).WithHashes("plan.json"));
        File.WriteAllBytes(folder.File("images/train-labels-idx1-ubyte"), TinyImages.Idx(new byte[TinyImages.Training], TinyImages.Training));
        await File.AppendAllTextAsync(folder.File("text.txt"), "a");

        var (images, text) = (await CliRun.Of(folder.Path, $"sweep cell out {Cells - 3}"), await CliRun.Of(folder.Path, $"sweep cell out {Cells - 1}"));

        Assert.Equal((ExitCodes.Failure, ExitCodes.Failure), (images.ExitCode, text.ExitCode));
        Assert.Contains("expected the plan's images with the SHA-256", images.Error, StringComparison.Ordinal);
        Assert.Contains("expected text.txt with the SHA-256", text.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.File("out/results")));
    }

    public static TheoryData<string, string, string> Wrong() => new()
    {
        { "\"format\": 1", "\"format\": 2", "format: expected 1, got 2." },
        { "\"vanilla\", \"gru\"", "\"gru\", \"gru\"", "nets: expected one or more nets, none twice, got 'gru, gru'." },
        { "\"vanilla\", \"gru\"", "\"gru\", \"elman\"", "nets: expected one of vanilla, lstm," },
        { "\"hidden\": 5", "\"hidden\": 0", "hidden: expected at least 1, got 0." },
        { "\"hidden\": 5,", "", "JSON deserialization for type 'RnnZoo.Cli.Commands.SweepPlan' was missing required properties including: 'hidden'." },
        { "\"hidden\": 5", "\"hiden\": 5, \"hidden\": 5", "hiden: The JSON property 'hiden' could not be mapped" },
        { "\"batchSize\": 4", "\"batchSize\": 0", "batchSize: expected at least 1, got 0." },
        { "[0.01, 0.03]", "[]", "learningRates: expected one or more rates, none twice, got ''." },
        { "[0.01, 0.03]", "[-1]", "learningRates: expected rates above 0, got -1." },
        { "[0.01, 0.03]", "[1e999]", "learningRates[0]: expected a finite number, got 1e999." },
        { "\"seeds\": [1, 2]", "\"seeds\": [-1]", "seeds: expected seeds of at least 0, got -1." },
        { "\"parity\"", "\"parities\"", "tasks[0].name: expected one of copy, copy-variable, selective-copy, adding, temporal-order, parity, images, characters, got 'parities'." },
        { "[3, 7]", "[0]", "tasks[0].lengths: expected lengths of at least 1, got 0." },
        { "\"steps\": 100", "\"steps\": -1", "tasks[0].steps: expected at least 1, got -1." },
        { "\"stopAt\": 0.9", "\"stopAt\": 1.1", "tasks[0].stopAt: expected above 0, and at most 1, the best accuracy there is, got 1.1." },
        { "\"stopAt\": 0.9", "\"stopAt\": 0", "tasks[0].stopAt: expected above 0, and at most 1, the best accuracy there is, got 0." },
        { "\"stopAt\": 0.9", "\"settings\": { \"symbols\": 3 }", "tasks[0].settings: expected only length for 'parity', got 'symbols'." },
        { "\"stopAt\": 0.9", "\"data\": { \"path\": \"x\" }", "tasks[0].data: expected none for 'parity', got 'x'." },
        { "\"stopAt\": 0.9", "\"clipNorm\": 0", "tasks[0].clipNorm: expected above 0, or null for no clipping, got 0." },
        { "\"gru\": {", "\"gru\": { \"steps\": 0,", "tasks[0].starts.gru.steps: expected at least 1, got 0." },
        { "\"gru\": {", "\"gru\": { \"settings\": { \"timeStep\": 1 },", "tasks[0].starts.gru.settings: expected none for 'gru', got 'timeStep'." },
        { "\"gru\": {", "\"lstm\": {", "tasks[0].starts: expected nets of the plan (vanilla, gru), got 'lstm'." },
        { "orthogonal+one-hot", "chrono+forget-bias", "tasks[0].starts.gru.initialisation: expected one that fits gru (default," },
        { "\"label\": \"rows\"", "\"label\": \"../rows\"", "tasks[1].label: expected 1 to 100 lower-case letters, digits, dots and hyphens, got '../rows'." },
        { "\"label\": \"rows\"", $"\"label\": \"{new string('r', 101)}\"", "tasks[1].label: expected 1 to 100 lower-case letters, digits, dots and hyphens, got 'rrr" },
        { "\"gru\": {", "\"vanilla\": null, \"gru\": {", "tasks[0].starts.vanilla: expected an object, got null." },
        { "\"lengths\": [11]", "\"lengths\": [12]", "tasks[1]: data: length: expected steps that the 187 pixels of an image divide into evenly, as 11 or 187, got 12." },
        { ", \"data\": { \"path\": \"images\" }", "", "tasks[1].data: expected the path of the files of 'images', got null." },
        { "\"path\": \"images\"", "\"path\": \"none\", \"source\": \"apt\"", "train-images-idx3-ubyte: expected an IDX file of this name or with .gz at its end, found neither; name the folder that holds the files." },
        { "\"path\": \"images\"", "\"path\": \"images\", \"sha256\": \"00\"", "tasks[1]: data: expected data with the SHA-256 00, got '" },
        { "\"path\": \"text.txt\"", "\"path\": \"none.txt\", \"source\": \"write it\"", "none.txt', which is no file. To get it: write it" },
        { "\"name\": \"characters\",", "\"name\": \"characters\", \"stopAt\": 1,", "tasks[2].stopAt: expected none for 'characters', got 1." },
        { "\"characters\", \"lengths\": [5]", "\"images\", \"label\": \"rows\", \"lengths\": [11]", "tasks: expected a label of its own for each of two tasks with the same name and length, got 'rows-11-" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Plan_ThatIsWrong_IsSaidInALine(string right, string wrong, string expected)
    {
        Assert.Contains(right, Plan, StringComparison.Ordinal);
        var at = Plan.IndexOf(right, StringComparison.Ordinal);
        using var folder = Prepared(Plan[..at] + wrong + Plan[(at + right.Length)..].Replace(wrong.Contains("\"rows\", \"lengths\"", StringComparison.Ordinal) ? "\"seeds\": [1]" : "\0", "\"seeds\": [3]", StringComparison.Ordinal));

        var run = await CliRun.Of(folder.Path, "sweep plan.json --output out");

        Assert.Equal((ExitCodes.Failure, ""), (run.ExitCode, run.Output));
        Assert.StartsWith(folder.File("plan.json") + ": ", run.Error, StringComparison.Ordinal);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.False(Directory.Exists(folder.File("out")));
    }

    [Fact]
    public void PlanOfTheLargeTable_HasEveryNet_AndIsWhole()
    {
        var plan = ManifestJson.Read<SweepPlan>(Path.Combine(Repository.Root, "docs", "table.json"), plan => plan.Validate());

        Assert.Equal(RecurrentNets.Names, plan.Nets);
        Assert.Equal(320, plan.Cells().Count);
        Assert.All(plan.Tasks.Where(task => task.Data is not null), task => Assert.Equal(64, task.Data!.Sha256!.Length));
    }

    [Theory]
    [InlineData("sweep", "PLAN: expected the file of a plan, got none; docs/sweep.md shows one.")]
    [InlineData("sweep none.json", "none.json', which is no file; docs/sweep.md shows one.")]
    [InlineData("sweep plan.json --partition short", "--partition: expected none without --engine slurm; add that, or leave --partition out.")]
    [InlineData("sweep plan.json --engine pbs", "--engine: expected one of local, slurm, got 'pbs'.")]
    [InlineData("sweep status", "FOLDER: expected the folder of a sweep, got none.")]
    public async Task Usage_ThatIsWrong_IsSaidInALine(string arguments, string expected)
    {
        using var folder = Prepared();

        var run = await CliRun.Of(folder.Path, arguments);

        Assert.Equal(ExitCodes.Usage, run.ExitCode);
        Assert.EndsWith(expected, run.Error.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_OfAFolderWithoutAPlan_IsRefused()
    {
        using var folder = Prepared();

        var run = await CliRun.Of(folder.Path, "sweep status images");

        Assert.Equal(ExitCodes.Failure, run.ExitCode);
        Assert.EndsWith("images: expected the folder of a sweep, which holds plan.json, got none; rnnzoo sweep PLAN begins one.", run.Error.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Training_ThatFails_LeavesTheOthers_AndAnExitCode()
    {
        using var folder = Prepared();
        var plan = SweepPlan.Read(folder.File("plan.json")).WithHashes("plan.json");
        File.Delete(folder.File("text.txt"));
        var made = SweepFolder.Make(Directory.CreateDirectory(folder.File("out")).FullName, plan);
        using var error = new StringWriter();

        var failed = await new SweepRun(new CliHost(error, error), made).TrainAsync(2, CancellationToken.None);

        Assert.True(failed);
        Assert.Equal(Cells - 2, Done(folder, "out"));
        Assert.Equal(2, error.ToString().Split("failed: dotnet ended with exit code 1: ").Length - 1);
    }

    private static TemporaryFolder Prepared(string plan = Plan)
    {
        var folder = new TemporaryFolder();
        TinyImages.Write(folder.File("images"));
        File.WriteAllText(folder.File("text.txt"), string.Concat(Enumerable.Repeat("a word and another word; ", 60)));
        File.WriteAllText(folder.File("plan.json"), plan);
        return folder;
    }

    private static async Task<int> Cell(TemporaryFolder folder, string run, int number) => (await CliRun.Of(folder.Path, $"sweep cell {run} {number}")).ExitCode;

    private static int Done(TemporaryFolder folder, string run) =>
        Directory.Exists(folder.File(run + "/results")) ? Directory.GetFiles(folder.File(run + "/results"), "*.json").Length : 0;

    private static string WithoutSeconds(string fileOrText) =>
        Seconds().Replace(File.Exists(fileOrText) ? File.ReadAllText(fileOrText) : fileOrText, "");

    [GeneratedRegex("\"(seconds|processorSeconds)\": [0-9.]+|\"date\": \"[0-9-]+\"|[0-9.]+ hours of one core|(?<=^\\|(?:[^|]*\\|){6}) *[0-9,]+ (?=\\|)", RegexOptions.Multiline)]
    private static partial Regex Seconds();

    [GeneratedRegex("(\"value\": )[0-9.]+")]
    private static partial Regex Value();

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex Hash();
}
