using RnnZoo.Cli;
using RnnZoo.Modules;

namespace RnnZoo.Tests.Cli;

public class UsageTests
{
    [Theory]
    [InlineData("help", "--help")]
    [InlineData("help compare", "compare --help")]
    [InlineData("help compare copy", "compare copy --help")]
    public async Task Help_AsAWord_IsTheOption(string asked, string option)
    {
        var (word, flag) = (await CliRun.Of(Repository.Root, asked), await CliRun.Of(Repository.Root, option));

        Assert.Equal((ExitCodes.Success, "", flag.Output), (word.ExitCode, word.Error, word.Output));
        Assert.StartsWith("Description:", word.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("compare copy --hidden 0", "--hidden: expected a whole number of at least 1, got '0'.")]
    [InlineData("compare copy --hidden 1.5", "--hidden: expected a whole number of at least 1, got '1.5'.")]
    [InlineData("compare copy --hidden", "--hidden: expected a whole number of at least 1, got nothing.")]
    [InlineData("compare copy --hidden 3 --hidden 4", "--hidden: expected a whole number of at least 1, got '3', '4'.")]
    [InlineData("compare copy --steps -5", "--steps: expected a whole number of at least 1, got '-5'.")]
    [InlineData("compare copy --delays 5,0", "--delays: expected a comma-separated list of whole numbers of at least 1, none twice, got '5,0'.")]
    [InlineData("compare copy --delays 5,5", "--delays: expected a comma-separated list of whole numbers of at least 1, none twice, got '5,5'.")]
    [InlineData("compare copy --lr 0", "--lr: expected a number above 0, or one per model as in vanilla=…,lstm=…, got '0'.")]
    [InlineData("compare copy --lr 1,2", "--lr: expected a number above 0, or one per model as in vanilla=…,lstm=…, got '1,2'.")]
    [InlineData("compare copy --lr mlp=1", "--lr: expected a number above 0, or one per model as in vanilla=…,lstm=…, got 'mlp=1'.")]
    [InlineData("compare copy --clip nan", "--clip: expected a number of at least 0, got 'nan'.")]
    [InlineData("compare copy --seed -1", "--seed: expected a whole number of at least 0, got '-1'.")]
    [InlineData("compare copy --optimizer adagrad", "--optimizer: expected one of adam, adamw, rmsprop, sgd, got 'adagrad'.")]
    [InlineData("compare copy --optimizer adm", "--optimizer: expected one of adam, adamw, rmsprop, sgd, got 'adm'; did you mean adam?")]
    [InlineData("compare copy --models vanilla,lstn", "--models: expected a comma-separated list of {nets}, none twice, got 'vanilla,lstn'; did you mean lstm?")]
    [InlineData("compare copy --lr lsmt=1e-2", "--lr: expected a number above 0, or one per model as in vanilla=…,lstm=…, got 'lsmt=1e-2'; did you mean lstm?")]
    [InlineData("compare copy --lr gru=1e-2", "--lr: expected nets of --models (vanilla, lstm), got 'gru'; add it there, or leave it out here.")]
    [InlineData("compare copy --init vanilla=identity,gru=chrono", "--init: expected nets of --models (vanilla, lstm), got 'gru'; add it there, or leave it out here.")]
    [InlineData("compare copy --init lstm=orthogonal+chron", "--init: expected names of default, xavier, orthogonal, identity, one-hot, forget-bias, chrono, henaff, cayley, irnn, joined by +, or one per model as in vanilla=…,lstm=…, got 'lstm=orthogonal+chron'; did you mean chrono?")]
    [InlineData("compare copy --models lstm,mingru --backward native", "--backward: expected a path that mingru has, got 'native'; use auto, or compare other nets.")]
    [InlineData("compare copy --backward by-hand", "--backward: expected one of auto, autograd, native, handwritten, got 'by-hand'.")]
    [InlineData("compare copy --init chrono", "--init: expected one that fits vanilla (default, xavier, orthogonal, identity, one-hot), got 'chrono'; give one per model, as in --init vanilla=orthogonal,lstm=chrono.")]
    [InlineData("compare copy --init magic", "--init: expected names of default, xavier, orthogonal, identity, one-hot, forget-bias, chrono, henaff, cayley, irnn, joined by +, or one per model as in vanilla=…,lstm=…, got 'magic'.")]
    [InlineData("compare copy --hiden 5", "--hiden: expected an option of rnnzoo compare copy, got '--hiden'; did you mean --hidden?")]
    [InlineData("compare copy -x", "-x: expected an option of rnnzoo compare copy, got '-x'; see rnnzoo compare copy --help.")]
    [InlineData("compare copy --jsno", "--jsno: expected an option of rnnzoo compare copy, got '--jsno'; did you mean --json?")]
    [InlineData("compare copy --colour red", "--colour: expected an option of rnnzoo compare copy, got '--colour'; see rnnzoo compare copy --help.")]
    [InlineData("compare copy 5", "5: expected only options of rnnzoo compare copy, got '5'; see rnnzoo compare copy --help.")]
    [InlineData("compare cpoy", "cpoy: expected a command (copy, copy-variable, selective-copy, adding, temporal-order, parity, images) of rnnzoo compare, got 'cpoy'; did you mean copy?")]
    [InlineData("compare adding --lengths 50,1", "--lengths: expected a comma-separated list of whole numbers of at least 2, none twice, got '50,1'.")]
    [InlineData("compare adding --delays 5", "--delays: expected an option of rnnzoo compare adding, got '--delays'; see rnnzoo compare adding --help.")]
    [InlineData("compare adding --symbols 5", "--symbols: expected an option of rnnzoo compare adding, got '--symbols'; see rnnzoo compare adding --help.")]
    [InlineData("compare temporal-order --lengths 9", "--lengths: expected a comma-separated list of whole numbers of at least 10, none twice, got '9'.")]
    [InlineData("compare parity --lengths 0", "--lengths: expected a comma-separated list of whole numbers of at least 1, none twice, got '0'.")]
    [InlineData("compare copy-variable --delays 0", "--delays: expected a comma-separated list of whole numbers of at least 1, none twice, got '0'.")]
    [InlineData("compare", "rnnzoo compare: expected a command (copy, copy-variable, selective-copy, adding, temporal-order, parity, images), got none; see rnnzoo compare --help.")]
    [InlineData("verify --seed -1", "--seed: expected a whole number of at least 0, got '-1'.")]
    [InlineData("verify --cases", "--cases: expected a folder, got nothing.")]
    [InlineData("verify --cases . --seed 1", "--seed: expected no seed together with --cases, where nothing is drawn; leave one of the two out.")]
    [InlineData("verify --case .", "--case: expected an option of rnnzoo verify, got '--case'; did you mean --cases?")]
    [InlineData("lyapunov --cell rnn", "--cell: expected one of {nets}, got 'rnn'; did you mean irnn?")]
    [InlineData("lyapunov --gain 0", "--gain: expected a number above 0, got '0'.")]
    [InlineData("lyapunov --cell cornn --gain 2", "--gain: expected none for cornn, for it scales the blocks of vanilla, lstm, gru, layernorm-lstm, irnn, janet, peephole-lstm alone; leave it out.")]
    [InlineData("lyapunov --warm-up -1", "--warm-up: expected a whole number of at least 0, got '-1'.")]
    [InlineData("lyapunov --init chrono", "--init: expected one that fits vanilla (default, xavier, orthogonal, identity, one-hot), got 'chrono'.")]
    [InlineData("lyapunov --weights w.dat --hidden 3", "--hidden: expected none together with --weights, where the file decides; leave one of the two out.")]
    [InlineData("lyapunov --exponent 3", "--exponent: expected an option of rnnzoo lyapunov, got '--exponent'; did you mean --exponents?")]
    [InlineData("verify lstm", "lstm: expected only options of rnnzoo verify, got 'lstm'; see rnnzoo verify --help.")]
    [InlineData("flow --norms 0.5,0", "--norms: expected a comma-separated list of numbers above 0, none twice, got '0.5,0'.")]
    [InlineData("flow --norms 1,1.0", "--norms: expected a comma-separated list of numbers above 0, none twice, got '1,1.0'.")]
    [InlineData("flow --norms", "--norms: expected a comma-separated list of numbers above 0, none twice, got nothing.")]
    [InlineData("flow --models rnn", "--models: expected a comma-separated list of linear, {nets}, none twice, got 'rnn'; did you mean irnn?")]
    [InlineData("flow --train linear", "--train: expected a comma-separated list of {nets}, none twice, got 'linear'.")]
    [InlineData("flow --length 0", "--length: expected a whole number of at least 1, got '0'.")]
    [InlineData("flow --no-train", "--no-train: expected an option of rnnzoo flow, got '--no-train'; did you mean --no-training?")]
    [InlineData("bench --sizes 32x100", "--sizes: expected a comma-separated list of sizes BxTxIxH, as in 32x100x10x128, none twice, got '32x100'.")]
    [InlineData("bench --sizes 32x100x10x0", "--sizes: expected a comma-separated list of sizes BxTxIxH, as in 32x100x10x128, none twice, got '32x100x10x0'.")]
    [InlineData("bench --threads 0", "--threads: expected a comma-separated list of whole numbers from 1 to 256, none twice, got '0'.")]
    [InlineData("bench --threads 1,2000000000", "--threads: expected a comma-separated list of whole numbers from 1 to 256, none twice, got '1,2000000000'.")]
    [InlineData("bench --paths oneDNN", "--paths: expected a comma-separated list of autograd, native, native+lengths, handwritten, handwritten+lengths, handwritten+norms, handwritten+shares, train:native, train:handwritten, none twice, got 'oneDNN'.")]
    [InlineData("bench --cells mingru,indrnn --paths native", "--paths: expected a way of mingru, indrnn, got native; choose another one, or other --cells.")]
    [InlineData("bench --paths train:native --sizes 3x20x10x5", "--paths: expected a size that the copy task fits (I = 10, T above 20) for train:native, got 3x20x10x5.")]
    [InlineData("tbptt --k 5,0", "--k: expected a comma-separated list of whole numbers of at least 1, also behind random-, unbiased- or online-, or full, none twice, got '5,0'.")]
    [InlineData("tbptt --k 5,05", "--k: expected a comma-separated list of whole numbers of at least 1, also behind random-, unbiased- or online-, or full, none twice, got '5,05'.")]
    [InlineData("tbptt --k all", "--k: expected a comma-separated list of whole numbers of at least 1, also behind random-, unbiased- or online-, or full, none twice, got 'all'.")]
    [InlineData("tbptt --k 5,101 --length 100", "--k: expected at most the 100 steps of --length, or full, got 101.")]
    [InlineData("tbptt --length 20 --k 1", "--length: expected more than the 20 steps of --delay, or no question is asked, got 20.")]
    [InlineData("tbptt --updates -1", "--updates: expected a whole number of at least 0, got '-1'.")]
    [InlineData("tbptt --lenght 5", "--lenght: expected an option of rnnzoo tbptt, got '--lenght'; did you mean --length?")]
    [InlineData("train", "rnnzoo train: expected a command (chars), got none; see rnnzoo train --help.")]
    [InlineData("train chars", "--text: expected a file to learn, or --resume with a run to go on with, got neither.")]
    [InlineData("train chars --text", "--text: expected a file, got nothing.")]
    [InlineData("train chars --chunk 0", "--chunk: expected a whole number of at least 1, got '0'.")]
    [InlineData("train chars --streams 0", "--streams: expected a whole number of at least 1, got '0'.")]
    [InlineData("train chars --validation 1", "--validation: expected a number above 0 and below 1, got '1'.")]
    [InlineData("train chars --dropout 1", "--dropout: expected a number from 0 to below 1, got '1'.")]
    [InlineData("train chars --lr 0", "--lr: expected a number above 0, got '0'.")]
    [InlineData("train chars --vocabulary words", "--vocabulary: expected one of characters, bytes, got 'words'.")]
    [InlineData("train chars --resume . --lr 1", "--lr: expected none together with --resume, where the run's own options hold; leave one of the two out.")]
    [InlineData("train chars --resume . --random-length", "--random-length: expected none together with --resume, where the run's own options hold; leave one of the two out.")]
    [InlineData("sample --temperature -1", "--temperature: expected a number of at least 0, got '-1'.")]
    [InlineData("sample --length 0", "--length: expected a whole number of at least 1, got '0'.")]
    [InlineData("sample --promt a", "--promt: expected an option of rnnzoo sample, got '--promt'; did you mean --prompt?")]
    [InlineData("notebooks --chek", "--chek: expected an option of rnnzoo notebooks, got '--chek'; did you mean --check?")]
    [InlineData("zoo", "rnnzoo zoo: expected a command (verify, list, show, train, export), got none; see rnnzoo zoo --help.")]
    [InlineData("zoo lst", "lst: expected a command (verify, list, show, train, export) of rnnzoo zoo, got 'lst'; did you mean list?")]
    [InlineData("zoo verify --sequences 100", "--sequences: expected a whole number of at least 2000, got '100'.")]
    [InlineData("zoo train --seed x", "--seed: expected a whole number of at least 0, got 'x'.")]
    [InlineData("zoo train --jobs 0", "--jobs: expected a whole number of at least 1, got '0'.")]
    [InlineData("zoo list a b", "b: expected only options of rnnzoo zoo list, got 'b'; see rnnzoo zoo list --help.")]
    [InlineData("zoo verify --sed 1", "--sed: expected an option of rnnzoo zoo verify, got '--sed'; did you mean --seed?")]
    [InlineData("bencj", "bencj: expected a command (bench, compare, flow, lyapunov, notebooks, sample, sweep, tbptt, train, verify, zoo) of rnnzoo, got 'bencj'; did you mean bench?")]
    [InlineData("", "rnnzoo: expected a command (bench, compare, flow, lyapunov, notebooks, sample, sweep, tbptt, train, verify, zoo), got none; see rnnzoo --help.")]
    [InlineData("flow --no-training --train lstm", "--train: expected none together with --no-training; leave one of the two out.")]
    public async Task WrongUse_IsOneLineThatNamesIt_AndExitCode2(string arguments, string expected)
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, arguments);

        var message = expected.Replace("{nets}", string.Join(", ", RecurrentNets.Names), StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Usage, "", message + Environment.NewLine), (run.ExitCode, run.Output, run.Error));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("compare copy")]
    [InlineData("flow")]
    [InlineData("lyapunov")]
    [InlineData("tbptt")]
    public async Task OutputThatIsAFile_IsRefusedBeforeTheRun(string command)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("taken"), "mine");

        var run = await CliRun.Of(folder.Path, $"{command} --output taken");

        Assert.Equal((ExitCodes.Usage, "", "--output: expected a folder, got 'taken', which is a file." + Environment.NewLine), (run.ExitCode, run.Output, run.Error));
        Assert.Equal("mine", File.ReadAllText(folder.File("taken")));
    }

    [Theory]
    [InlineData("lyapunov --steps 1000000")]
    [InlineData("tbptt --updates 1000000")]
    [InlineData("compare copy --delays 1")]
    public async Task OutputWhereNoFolderCanBe_IsRefusedBeforeTheRun(string command)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("taken"), "mine");

        var run = await CliRun.Of(folder.Path, $"{command} --output taken/below");

        Assert.Equal((ExitCodes.Usage, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("--output: expected a folder that can be written to, got 'taken/below', and no file can be made in ", run.Error, StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Models_OfCompare_AreAllNetsOfTheLibrary()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "compare copy --models lstm,rnn");

        var names = string.Join(", ", SequenceModel.Names);
        Assert.Equal((ExitCodes.Usage, $"--models: expected a comma-separated list of {names}, none twice, got 'lstm,rnn'; did you mean irnn?{Environment.NewLine}"), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task Cells_OfVerify_AreThoseOfTheSuite()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "verify --cells lstm,transformer");

        var names = string.Join(", ", RecurrentNets.Names);
        Assert.Equal((ExitCodes.Usage, $"--cells: expected a comma-separated list of {names}, none twice, got 'lstm,transformer'.{Environment.NewLine}"), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("--help", "zoo verify", "--seed", "-1")]
    [InlineData("compare --help", "compare images", "--threads", "0")]
    [InlineData("compare copy --help", "compare copy", "--threads", "0")]
    [InlineData("compare copy -h", "compare copy", "--threads", "0")]
    [InlineData("compare copy-variable --help", "compare copy-variable", "--threads", "0")]
    [InlineData("compare adding --help", "compare adding", "--threads", "0")]
    [InlineData("compare temporal-order --help", "compare temporal-order", "--threads", "0")]
    [InlineData("compare parity --help", "compare parity", "--threads", "0")]
    [InlineData("verify --help", "verify", "--seed", "-1")]
    [InlineData("bench --help", "bench", "--seconds", "-1")]
    [InlineData("flow --help", "flow", "--hidden", "0")]
    [InlineData("lyapunov --help", "lyapunov", "--steps", "0")]
    [InlineData("sample --help", "sample", "--length", "0")]
    [InlineData("sweep --help", "sweep plan.json", "--jobs", "0")]
    [InlineData("tbptt --help", "tbptt", "--batch", "0")]
    [InlineData("train --help", "train chars", "--layers", "0")]
    [InlineData("train chars --help", "train chars", "--layers", "0")]
    [InlineData("zoo verify --help", "zoo verify", "--sequences", "0")]
    [InlineData("zoo train --help", "zoo train", "--jobs", "0")]
    public async Task Help_OfEveryCommand_EndsWithAnExampleThatCanBeTyped(string arguments, string command, string option, string wrong)
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, arguments);

        Assert.Equal((ExitCodes.Success, ""), (run.ExitCode, run.Error));
        var last = run.Output.TrimEnd().Split('\n')[^1].Trim();
        Assert.StartsWith("rnnzoo " + command, last, StringComparison.Ordinal);
        var options = last.Split('>')[0]["rnnzoo".Length..];
        var tried = await CliRun.Of(folder.Path, $"{options} {option} {wrong}"); // the only mistake found
        Assert.StartsWith($"{option}: expected ", tried.Error, StringComparison.Ordinal);
        Assert.EndsWith($", got '{wrong}'.", tried.Error.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_OfCompareCopy_NamesEveryOptionWithItsDefault()
    {
        using var folder = new TemporaryFolder();

        var help = (await CliRun.Of(folder.Path, "compare copy --help")).Output;

        string[] options = ["models", "delays", "hidden", "symbols", "batch", "steps", "lr", "optimizer", "init", "clip", "seed", "threads", "backward", "json", "output"];
        Assert.All(options, option => Assert.Contains($"--{option}", help, StringComparison.Ordinal));
        Assert.Contains("[default: vanilla,lstm]", help, StringComparison.Ordinal);
        Assert.Contains("[default: 10,20,50]", help, StringComparison.Ordinal);
        Assert.Contains("[default: adam]", help, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_NamesProgramTorchSharpAndLibtorch()
    {
        using var folder = new TemporaryFolder();

        var run = await CliRun.Of(folder.Path, "--version");

        Assert.Equal((ExitCodes.Success, ""), (run.ExitCode, run.Error));
        Assert.Matches(@"^rnnzoo \d+\.\d+\.\d+\S*\r?\nTorchSharp \d+\.\d+\.\d+\S*\r?\nlibtorch \d+\.\d+\.\d+\S*\r?\n$", run.Output);
    }
}
