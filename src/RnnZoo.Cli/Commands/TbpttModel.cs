using RnnZoo.Cli.Options;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>The model that all rows share, and its loss.</summary>
internal static class TbpttModel
{
    /// <summary>The same weights in every process.</summary>
    public static SequenceModel Create(string cell, int hidden, int delay, long seed, ScalarType dtype)
    {
        manual_seed(Seeds.Derive(seed, "weights"));
        var model = SequenceModel.Create(cell, RecallStream.Tokens, hidden, RecallStream.Cues, encoding: InputEncoding.OneHot, dtype: dtype);
        Initialisations.Create(CompareTasks.Copy.StartOf(cell).Initialisation, delay + 1).Apply(model);
        return model;
    }

    /// <summary>The sum over all questions, in nats.</summary>
    /// <param name="output">[k, B, 8].</param>
    /// <param name="answers">[k, B].</param>
    /// <returns>[].</returns>
    public static Tensor LossSum(Tensor output, Tensor answers) =>
        nn.functional.cross_entropy(output.flatten(0, 1), answers.flatten(), reduction: nn.Reduction.Sum);
}
