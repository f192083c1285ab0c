using System.CommandLine;
using RnnZoo.Characters;
using RnnZoo.Cli.Chars;
using RnnZoo.Cli.Options;

namespace RnnZoo.Cli.Commands;

/// <summary>`rnnzoo sample`: writes text with a trained character model.</summary>
internal sealed class SampleCommand
{
    private static readonly SamplingOptions Standard = new();

    private readonly ValueOption<string?> _model = Values.Text("--model", "The folder of a run of train chars, or a character model of the zoo; by default the newest run in runs", "a folder or a name");
    private readonly ValueOption<int> _length = Values.Whole("--length", "How many characters to write", 1, Standard.Length);
    private readonly ValueOption<double> _temperature = Values.NotNegative("--temperature", "Below 1 is safer, above 1 is wilder, 0 always takes the likeliest character", Standard.Temperature);
    private readonly ValueOption<long> _seed = Values.Seed("--seed", "Where chance comes from", 1);
    private readonly ValueOption<string?> _prompt = Values.Text("--prompt", "The text to go on from, of the model's characters; without one it begins as after the end of a line", "a text");

    private SampleCommand()
    {
    }

    public static Command Create(CliHost host)
    {
        var options = new SampleCommand();
        var command = new ExampleCommand(
            "sample",
            "Writes text with a trained character model.",
            ("rnnzoo sample --prompt \"In the beginning\"", "500 characters of the model that was trained last, after a prompt"),
            ("rnnzoo sample --model chars-lstm-h256.kjv", "a model of the zoo"),
            ("rnnzoo sample --model runs/2026-01-31T09-30-00-chars --temperature 0.7 --seed 7", "a certain model, safer text"))
        {
            options._model, options._length, options._temperature, options._seed, options._prompt,
        };
        command.SetAction((parsed, cancellation) => Task.FromResult(new SampleRun(host, parsed.GetValue(options._model), new SamplingOptions
        {
            Length = parsed.GetValue(options._length),
            Temperature = parsed.GetValue(options._temperature),
            Seed = parsed.GetValue(options._seed),
            Prompt = parsed.GetValue(options._prompt) ?? "",
        }).Run(cancellation)));
        return command;
    }
}
