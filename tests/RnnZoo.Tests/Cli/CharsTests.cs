using System.Text;
using System.Xml.Linq;
using RnnZoo.Cli;
using RnnZoo.Tests.Modules;
using RnnZoo.Tests.Training;
using RnnZoo.Zoo;

namespace RnnZoo.Tests.Cli;

public class CharsTests
{
    private const string Small = "train chars --hidden 8 --streams 4 --chunk 9 --steps 40 --validate-every 10 --checkpoint-every 10 --threads 1";

    [Fact]
    public async Task Files_OfARun_AreWholeAndAgree()
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        var live = Expect.LiveTensors;

        var run = await CliRun.Of(folder.Path, Small + " --text text.txt --seed 3 --json --output out");
        var same = await CliRun.Of(folder.Path, Small + " --text text.txt --seed 3 --json --output again");

        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.Equal(live, Expect.LiveTensors);
        Assert.Equal(run.Output, await File.ReadAllTextAsync(folder.File("out/results.json")));
        Assert.Equal("svg", XElement.Load(folder.File("out/training.svg")).Name.LocalName);
        Assert.Equal((40, "steps", 40 * 4 * 9), (Whole(run, "steps"), run.Json.GetProperty("ended").GetString(), Whole(run, "characters")));
        Assert.All(["charactersPerSecond", "seconds"], name => Assert.InRange(run.Json.GetProperty(name).GetDouble(), 1e-9, 1e9));
        Assert.InRange(Bits(run), 0.1, 5);
        Assert.Equal((Bits(run), await Weights(folder, "out")), (Bits(same), await Weights(folder, "again")));
        var looks = TrainingLog.Read(folder.File("out/train.jsonl")).Where(line => line.Event == "evaluation").ToArray();
        Assert.Equal([10, 20, 30, 40], looks.Select(line => line.Step));
        Assert.Equal(Bits(run), looks.Min(line => line.Metric));
        string[] files =
        [
            "README.md", "checkpoint-000000030.safetensors", "checkpoint-000000040.safetensors", "model.json", "results.json", "train.jsonl", "training.svg", "validation.txt",
            "vocabulary.json", "weights.safetensors",
        ];
        Assert.Equal(files, Directory.GetFiles(folder.File("out")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Folder_OfARun_IsAModelThatTheZooLoadsVerifiesAndRepeats()
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        var run = await CliRun.Of(folder.Path, "train chars --hidden 8 --streams 4 --chunk 9 --steps 100 --lr 0.5 --schedule constant --validate-every 10 --checkpoint-every 10 --threads 1 --text text.txt --seed 3 --json --output runs/mine");
        var bestStep = Whole(run, "bestStep");

        var verified = await CliRun.Of(folder.Path, "zoo verify runs/mine --json");
        var again = await CliRun.Of(folder.Path, "zoo train runs/mine --text text.txt --json --output again");

        Assert.InRange(bestStep, 10, 90); // the best weights are not the last ones
        Assert.True(verified.ExitCode == ExitCodes.Success, verified.Output + verified.Error);
        Assert.Equal(Bits(run), verified.Json.GetProperty("models")[0].GetProperty("measured").GetDouble());
        using var model = ModelZoo.Load(folder.File("runs/mine"));
        var recipe = Assert.IsType<CharacterRecipe>(model.Recipe);
        Assert.Equal(("chars-lstm-h8.text", folder.File("text.txt")), (model.Manifest.Name, recipe.Text.Source));
        Assert.Contains($"weights of step {bestStep}, the best of 10 measurements on this same text", model.Manifest.Result!.Metrics[0].How, StringComparison.Ordinal);
        Assert.Equal(Bits(run), model.Manifest.Result.Metrics[0].Value);
        Assert.Equal(model.Manifest.ToJson(), await File.ReadAllTextAsync(folder.File("runs/mine/model.json")));
        Assert.Equal(model.Manifest.Result.WeightsSha256, again.Json.GetProperty("weightsSha256").GetString());
    }

    // 15,000 took 3.6 GB, and 1,000,000 the process, before the checkpoint was looked at.
    [Theory]
    [InlineData(9)]
    [InlineData(15_000)]
    [InlineData(1_000_000)]
    public async Task Resume_SizesThatTheCheckpointHasNot_AreRefusedBeforeTheNetIsMade(int hidden)
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        await CliRun.Of(folder.Path, Small + " --text text.txt --output out");
        var manifest = folder.File("out/model.json");
        await File.WriteAllTextAsync(manifest, (await File.ReadAllTextAsync(manifest)).Replace("\"hidden\": 8", $"\"hidden\": {hidden}", StringComparison.Ordinal));
        var live = Expect.LiveTensors;

        var run = await CliRun.Of(folder.Path, "train chars --resume out");

        Assert.Equal((ExitCodes.Failure, ""), (run.ExitCode, run.Output));
        Assert.Matches($"^{folder.File("out/checkpoint-000000040.safetensors")}: expected a checkpoint of the recipe's net, whose [0-9,]+ parameters it would hold, got one with [0-9,]+\\.$", run.Error.TrimEnd());
        Assert.Equal(live, Expect.LiveTensors);
    }

    [Fact]
    public async Task Resume_ChunksLongerThanTheText_NameTheRecipeAndNoOptionThatWasNotGiven()
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        await CliRun.Of(folder.Path, Small + " --text text.txt --output out");
        var manifest = folder.File("out/model.json");
        await File.WriteAllTextAsync(manifest, (await File.ReadAllTextAsync(manifest)).Replace("\"chunkLength\": 9", "\"chunkLength\": 2000000000", StringComparison.Ordinal));

        var run = await CliRun.Of(folder.Path, "train chars --resume out");

        Assert.Equal((ExitCodes.Failure, ""), (run.ExitCode, run.Output));
        Assert.StartsWith($"--resume: {manifest}: recipe.training.chunkLength: expected at most the ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_MoreThanThereIsMemory_IsOneLineWithoutLibtorchsCallStack()
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);

        var run = await CliRun.Of(folder.Path, Small.Replace("--hidden 8", "--hidden 2000000000", StringComparison.Ordinal) + " --text text.txt --output out");

        Assert.Equal((ExitCodes.Failure, ""), (run.ExitCode, run.Output));
        Assert.Matches("^rnnzoo: ExternalException: [^\n]*allocate[^\n]*$", run.Error.TrimEnd());
        Assert.DoesNotContain("frame #", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TensorBoard_OfAResumedRun_GoesOn_AndOfANewOneBeginsAnew()
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        var plain = await CliRun.Of(folder.Path, Small + " --text text.txt --output plain");
        var run = await CliRun.Of(folder.Path, Small + " --text text.txt --output out --tensorboard");
        Assert.Equal((ExitCodes.Success, ExitCodes.Success), (plain.ExitCode, run.ExitCode));
        Assert.Equal(await Weights(folder, "plain"), await Weights(folder, "out"));
        File.Delete(folder.File("out/checkpoint-000000040.safetensors")); // as if it had been killed before

        var resumed = await CliRun.Of(folder.Path, "train chars --resume out");

        Assert.Contains("goes on after step 30", resumed.Error, StringComparison.Ordinal);
        Assert.Equal(2, EventFile.Files(folder.File("out/tensorboard")).Length);
        var shown = EventFile.Shown(folder.File("out/tensorboard"));
        Assert.Equal(Enumerable.Range(1, 40).Select(step => (long)step), EventFile.Scalars(shown, "loss/train").Select(point => point.Step));
        var looks = TrainingLog.Read(folder.File("out/train.jsonl")).Where(line => line.Event == "evaluation");
        Assert.Equal(looks.Select(line => ((long)line.Step, (float)line.Metric!.Value)), EventFile.Scalars(shown, "bits_per_character"));

        var later = await CliRun.Of(folder.Path, "train chars --resume plain --steps 50 --tensorboard");
        Assert.True(later.ExitCode == ExitCodes.Success, later.Error);
        Assert.Equal(Enumerable.Range(41, 10).Select(step => (long)step), EventFile.Scalars(EventFile.Only(folder.File("plain/tensorboard")), "loss/train").Select(point => point.Step));

        var anew = await CliRun.Of(folder.Path, Small + " --text text.txt --output out");
        Assert.True(anew.ExitCode == ExitCodes.Success, anew.Error);
        Assert.Empty(EventFile.Files(folder.File("out/tensorboard")));
    }

    [Fact]
    public async Task Resume_ModelOfTheZoo_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var model = Path.Combine(Repository.Root, "models", "chars-lstm-h256.kjv");

        var run = await CliRun.Of(folder.Path, $"train chars --resume {model}");
        var none = await CliRun.Of(folder.Path, "train chars --resume none");

        Assert.Equal((ExitCodes.Failure, ExitCodes.Failure), (run.ExitCode, none.ExitCode));
        Assert.StartsWith($"--resume: {Path.Combine(model, "model.json")}: expected the recipe of a run of train chars, ", run.Error, StringComparison.Ordinal);
        Assert.Equal($"--resume: {folder.File("none")}: expected the folder of a run of train chars, which has a model.json, found none; name another folder.", none.Error.Trim());
    }

    [Fact]
    public async Task Resume_AFinishedRunWithADamagedCheckpoint_GoesOnFromTheOneBefore()
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        await CliRun.Of(folder.Path, Small + " --text text.txt --output out");
        var (weights, newest) = (await Weights(folder, "out"), folder.File("out/checkpoint-000000040.safetensors"));
        var bytes = await File.ReadAllBytesAsync(newest);
        bytes[bytes.Length / 2] ^= 4;
        await File.WriteAllBytesAsync(newest, bytes);

        var run = await CliRun.Of(folder.Path, "train chars --resume out --json");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        Assert.Contains($"refused: {newest}: expected a checkpoint that fits its own SHA-256, got {bytes.Length} bytes that do not; it was cut short or changed since it was written.", run.Error, StringComparison.Ordinal);
        Assert.Contains("goes on after step 30", run.Error, StringComparison.Ordinal);
        Assert.Equal((40, weights), (Whole(run, "steps"), await Weights(folder, "out")));
        Assert.NotEqual(bytes, await File.ReadAllBytesAsync(newest)); // written anew
    }

    [Fact]
    public async Task Resume_WithMoreSteps_TrainsAFinishedRunFurther()
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        var constant = Small + " --text text.txt --schedule constant";
        await CliRun.Of(folder.Path, constant + " --output out");
        await CliRun.Of(folder.Path, constant.Replace("--steps 40", "--steps 60", StringComparison.Ordinal) + " --output long");

        var few = await CliRun.Of(folder.Path, "train chars --resume out --steps 40");
        var run = await CliRun.Of(folder.Path, "train chars --resume out --steps 60 --json");
        var again = await CliRun.Of(folder.Path, "train chars --resume out --json");

        Assert.Equal((ExitCodes.Usage, "--steps: expected more than the 40 steps that the run was to take, got 40; without --steps it goes on to those."), (few.ExitCode, few.Error.Trim()));
        Assert.True(run.ExitCode == ExitCodes.Success, run.Error);
        Assert.Contains("goes on after step 40", run.Error, StringComparison.Ordinal);
        Assert.Equal((60, 60, await Weights(folder, "long")), (Whole(run, "steps"), Whole(again, "steps"), await Weights(folder, "out")));
    }

    [Fact]
    public async Task Begin_InTheFolderOfAnEarlierRun_LeavesNothingOfIt()
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        await CliRun.Of(folder.Path, Small + " --text text.txt --output out");
        using var interrupted = new CancellationTokenSource();
        await interrupted.CancelAsync();

        var run = await CliRun.Of(folder.Path, Small + " --text text.txt --output out", interrupted.Token);
        var sample = await CliRun.Of(folder.Path, "sample --model out");

        Assert.Equal((ExitCodes.Interrupted, ExitCodes.Failure, ""), (run.ExitCode, sample.ExitCode, sample.Output));
        Assert.Equal(["model.json", "results.json", "train.jsonl"], Directory.GetFiles(folder.File("out")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("README.md", null)]
    [InlineData("validation.txt", null)]
    [InlineData("weights.safetensors", "chars-lstm-h256.kjv")] // beside the manifest of a model of the zoo
    public async Task Begin_InAFolderOfSomethingElse_LeavesItAlone(string file, string? model)
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        File.WriteAllText(folder.File(file), "mine");
        File.WriteAllText(folder.File("download.part"), "mine");
        if (model is not null)
        {
            File.Copy(Path.Combine(Repository.Root, "models", model, "model.json"), folder.File("model.json"));
        }

        var run = await CliRun.Of(folder.Path, Small + " --text text.txt --output .");
        var inside = await CliRun.Of(folder.Path, Small + " --text text.txt --output runs");

        Assert.Equal((ExitCodes.Failure, ExitCodes.Success), (run.ExitCode, inside.ExitCode));
        Assert.StartsWith($"--output: {folder.Path}", run.Error, StringComparison.Ordinal);
        Assert.Contains("expected the ", Assert.Single(run.Error.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.All([file, "download.part"], name => Assert.Equal("mine", File.ReadAllText(folder.File(name))));
    }

    [Fact]
    public async Task Resume_BesideAFileThatIsNoneOfItsOwn_LeavesItAlone()
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        await CliRun.Of(folder.Path, Small + " --text text.txt --output out");
        await File.WriteAllTextAsync(folder.File("out/model.json.77.rnnzoo.part"), "half");
        await File.WriteAllTextAsync(folder.File("out/download.part"), "mine");

        var run = await CliRun.Of(folder.Path, "train chars --resume out");

        Assert.Equal(ExitCodes.Success, run.ExitCode);
        Assert.Equal(folder.File("out/download.part"), Assert.Single(Directory.GetFiles(folder.File("out"), "*.part")));
    }

    [SkippableFact]
    public async Task Text_OfAPipe_IsRefusedInALine()
    {
        Skip.If(OperatingSystem.IsWindows(), "named pipes of the file system are Unix's");
        using var folder = new TemporaryFolder();
        using (var make = System.Diagnostics.Process.Start("mkfifo", folder.File("pipe")))
        {
            await make.WaitForExitAsync();
        }

        var run = await CliRun.Of(folder.Path, Small + " --text pipe");
        var device = await CliRun.Of(folder.Path, Small + " --text /dev/null");

        Assert.Equal((ExitCodes.Failure, ""), (run.ExitCode, run.Output));
        Assert.Equal($"--text: expected a file, which is read more than once, got '{folder.File("pipe")}', which is a pipe or a device; write the text into a file first.", run.Error.Trim());
        Assert.Contains("got '/dev/null', which is a pipe or a device", device.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resume_TextMovedOrChanged_IsFoundOut()
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        await CliRun.Of(folder.Path, Small + " --text text.txt --output out");
        File.Move(folder.File("text.txt"), folder.File("moved.txt"));

        var lost = await CliRun.Of(folder.Path, "train chars --resume out");
        var moved = await CliRun.Of(folder.Path, "train chars --resume out --text moved.txt --json");
        await File.AppendAllTextAsync(folder.File("moved.txt"), "a");
        var changed = await CliRun.Of(folder.Path, "train chars --resume out --text moved.txt");

        Assert.Equal((ExitCodes.Failure, ExitCodes.Success, ExitCodes.Failure), (lost.ExitCode, moved.ExitCode, changed.ExitCode));
        Assert.StartsWith("--text: expected a file, got ", lost.Error, StringComparison.Ordinal);
        Assert.Equal($"--text: {folder.File("moved.txt")}: expected the text that the run began with, got another one; name that one with --text.", changed.Error.Trim());
    }

    [Fact]
    public async Task Sample_SeedTemperatureAndPrompt_DecideTheText()
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        await CliRun.Of(folder.Path, Small + " --text text.txt");

        var one = await CliRun.Of(folder.Path, "sample --length 60 --seed 5 --prompt abra");
        var same = await CliRun.Of(folder.Path, "sample --length 60 --seed 5 --prompt abra");
        var other = await CliRun.Of(folder.Path, "sample --length 60 --seed 6 --prompt abra");
        var foreign = await CliRun.Of(folder.Path, "sample --prompt abz");

        Assert.Equal((ExitCodes.Success, ""), (one.ExitCode, one.Error));
        Assert.Equal(one.Output, same.Output);
        Assert.NotEqual(one.Output, other.Output);
        Assert.StartsWith("abra", one.Output, StringComparison.Ordinal);
        Assert.Equal(4 + 60, one.Output.Length - Environment.NewLine.Length);
        Assert.Equal((ExitCodes.Usage, ""), (foreign.ExitCode, foreign.Output));
        Assert.StartsWith("--prompt: expected characters of the vocabulary, which has 7, got 'z' (U+007A) at index 2;", foreign.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_OfAnyFile_AreLearntAndSampled()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder.File("text.txt"), [.. Enumerable.Range(0, 900).Select(place => (byte)(place * 7))]);

        var run = await CliRun.Of(folder.Path, Small + " --text text.txt --vocabulary bytes --output out --json");
        var sample = await CliRun.Of(folder.Path, "sample --model out --length 9");

        Assert.Equal((ExitCodes.Success, 256), (run.ExitCode, Whole(run, "vocabularySize")));
        Assert.Equal((ExitCodes.Success, ""), (sample.ExitCode, sample.Error));
    }

    [Theory]
    [InlineData("", ExitCodes.Failure, "--text: TEXT: expected text, got an empty file.")]
    [InlineData("a", ExitCodes.Failure, "--text: TEXT: expected a text of at least 2 characters, an input and the target after it, got 1.")]
    [InlineData("abc", ExitCodes.Failure, "--text: TEXT: expected a text of at least 4 characters, 2 to train on and 2 to hold out, and a share held out that leaves so many, got 3 characters, 1 of them to train on.")]
    [InlineData("abcde", ExitCodes.Usage, "--streams: expected at most 2 for the 3 characters to train on, got 4.")]
    [InlineData("abcdefghijklmnopqrstuvwxyz", ExitCodes.Usage, "--chunk: expected at most the 5 steps that each of 4 streams has in the 24 characters to train on, got 9; give a smaller chunk or fewer streams.")]
    [InlineData("abc\u00ff", ExitCodes.Failure, "--text: TEXT: expected UTF-8, got the bytes FF at byte 3 (line 1, column 4); convert the file to UTF-8, or use the byte vocabulary.")]
    public async Task Text_ThatCannotBeLearnt_IsOneLine(string text, int exitCode, string error)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder.File("text.txt"), Encoding.Latin1.GetBytes(text));

        var run = await CliRun.Of(folder.Path, Small + " --text text.txt --output out");

        Assert.Equal((exitCode, "", error.Replace("TEXT", folder.File("text.txt"), StringComparison.Ordinal)), (run.ExitCode, run.Output, run.Error.Trim()));
        Assert.False(Directory.Exists(folder.File("out")));
    }

    [Theory]
    [InlineData("model.json", "{}}", "model.json: ")]
    [InlineData("vocabulary.json", "{}", "vocabulary.json: vocabulary: format: expected rnnzoo-vocabulary-1, got nothing.")]
    [InlineData("weights.safetensors", "abc", " bytes of model.json, got 3; the run was killed while it wrote, and goes on with rnnzoo train chars --resume ")]
    [InlineData("weights.safetensors", null, "weights.safetensors: expected the file that model.json names, found none.")]
    public async Task Model_Damaged_IsOneLine(string file, string? content, string problem)
    {
        using var folder = new TemporaryFolder();
        WriteText(folder);
        await CliRun.Of(folder.Path, Small + " --text text.txt --output out");
        File.Delete(folder.File("out/" + file));
        if (content is not null)
        {
            await File.WriteAllTextAsync(folder.File("out/" + file), content);
        }

        var run = await CliRun.Of(folder.Path, "sample --model out");

        Assert.Equal((ExitCodes.Failure, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("--model: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(problem, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Sample_OfAModelOfTheZoo_WritesOnFromThePrompt()
    {
        using var folder = new TemporaryFolder();
        var run = await CliRun.Of(folder.Path, "sample --model chars-lstm-h256.kjv --temperature 0 --length 40 --prompt And");
        var same = await CliRun.Of(folder.Path, "sample --model chars-lstm-h256.kjv --temperature 0 --length 40 --seed 2 --prompt And");

        Assert.Equal((ExitCodes.Success, ""), (run.ExitCode, run.Error));
        Assert.StartsWith("And ", run.Output, StringComparison.Ordinal);
        Assert.Equal(44, run.Output.Length);
        Assert.Equal(run.Output, same.Output);
    }

    [Theory]
    [InlineData("chars-lstm-h25.kjv", "; did you mean chars-lstm-h256.kjv?")]
    [InlineData("copy-lstm-h128.t100", "(chars-lstm-h256.kjv), got 'copy-lstm-h128.t100'")]
    public async Task Sample_OfNoCharacterModel_NamesThoseThatThereAre(string model, string problem)
    {
        using var folder = new TemporaryFolder();
        var run = await CliRun.Of(folder.Path, $"sample --model {model}");

        Assert.Equal((ExitCodes.Usage, ""), (run.ExitCode, run.Output));
        Assert.Contains(problem, run.Error, StringComparison.Ordinal);
    }

    internal static void WriteText(TemporaryFolder folder) =>
        File.WriteAllText(folder.File("text.txt"), string.Concat(Enumerable.Range(0, 120).Select(place => place % 3 == 0 ? "abracadabra\n" : "barbar cadabra\n")));

    private static int Whole(CliRun run, string name) => run.Json.GetProperty(name).GetInt32();

    private static double Bits(CliRun run) => run.Json.GetProperty("validationBitsPerCharacter").GetDouble();

    private static async Task<string> Weights(TemporaryFolder folder, string run) => Convert.ToHexString(await File.ReadAllBytesAsync(folder.File(run + "/weights.safetensors")));
}
