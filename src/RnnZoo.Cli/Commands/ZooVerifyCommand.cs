using System.CommandLine;
using RnnZoo.Cli.Options;
using RnnZoo.Cli.Zoo;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo zoo verify`: measures what the models state.</summary>
internal static class ZooVerifyCommand
{
    private const int FewestSequences = 2_000;

    public static Command Create(CliHost host)
    {
        var (models, json, name) = (ZooCommand.Models(), ZooCommand.Json(), ZooCommand.Name("The model; by default all"));
        var sequences = Values.Whole("--sequences", "On how many fresh sequences to measure; a character model always takes its whole held-out text", FewestSequences, 2_048);
        var seed = Values.Seed("--seed", "Where the sequences come from; they are never those of a training", 1);
        var command = new ExampleCommand("verify",
            "Measures every stated metric again on fresh data, and fails where one is off by more than three standard errors of both measurements, or a file is not the stated one.",
            ("rnnzoo zoo verify", "all models"),
            ("rnnzoo zoo verify copy-lstm-h128.t100 --json", "one, for programs"))
        { name, sequences, seed, models, json };
        command.SetAction((parsed, cancellation) =>
        {
            var catalogue = ZooModels.Catalogue(host, parsed.GetValue(models));
            var chosen = parsed.GetValue(name) is { } one ? [ZooModels.Find(catalogue, one)] : catalogue.List();
            return Task.FromResult(new ZooVerifyRun(host, chosen, parsed.GetValue(sequences), parsed.GetValue(seed), parsed.GetValue(json)).Run(cancellation));
        });
        return command;
    }
}
