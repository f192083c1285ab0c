using System.CommandLine;
using RnnZoo.Cli.Options;
using RnnZoo.Modules;


namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo verify`: whether the hand-written gradients are right.</summary>
internal sealed class VerifyCommand
{
    private const long DefaultSeed = 1;

    private readonly ValueOption<ValueList<string>> _cells = Values.Choices(
        "--cells", "The cells to verify", RecurrentNets.Names, RecurrentNets.Names);

    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where parameters, inputs and cotangents come from", DefaultSeed);

    private readonly ValueOption<string?> _cases = Values.Text(
        "--cases", "Check every path against the reference cases from PyTorch in this folder (each *.json), in place of the built-in suite", "a folder");

    private readonly Option<bool> _json = new("--json") { Description = "Print the results as one JSON document, and nothing else, on standard output" };

    private VerifyCommand()
    {
    }

    public static Command Create(CliHost host)
    {
        var options = new VerifyCommand();
        var command = new ExampleCommand(
            "verify",
            "Compares outputs and gradients of the hand-written recurrences with autograd, libtorch's own modules and finite differences. Exit code 1 if anything differs.",
            ("rnnzoo verify", "each cell with 1 and 2 layers, one and both directions, in float64 and float32"),
            ("rnnzoo verify --cases tests/RnnZoo.Tests/PyTorchCases --json > checks.json", "every path against PyTorch's numbers, results for programs"))
        {
            options._cells, options._seed, options._cases, options._json,
        };
        command.SetAction((parsed, cancellation) => Task.FromResult(
            new VerifyRun(host, options.Read(parsed), parsed.GetValue(options._json)).Run(cancellation)));
        return command;
    }

    private VerifySettings Read(ParseResult parsed)
    {
        var cases = parsed.GetValue(_cases);
        if (cases is not null && parsed.GetResult(_seed) is { Implicit: false })
        {
            throw new UsageException("--seed: expected no seed together with --cases, where nothing is drawn; leave one of the two out.");
        }

        return new VerifySettings(parsed.GetValue(_cells)!.Items, (ulong)parsed.GetValue(_seed), cases);
    }
}

/// <summary>What to verify.</summary>
/// <param name="Cells">vanilla, lstm, gru; at least one.</param>
/// <param name="Seed">The seed of the built-in suite.</param>
/// <param name="Cases">The folder of reference cases; null for the built-in suite.</param>
internal sealed record VerifySettings(IReadOnlyList<string> Cells, ulong Seed, string? Cases);
