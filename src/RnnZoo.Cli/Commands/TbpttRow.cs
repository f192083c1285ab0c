namespace RnnZoo.Cli.Commands;

/// <summary>One row of the results.</summary>
/// <param name="Chunk">k; null for exact backpropagation in segments.</param>
/// <param name="Cost">What the gradient took.</param>
/// <param name="Cosine">Between this gradient and the exact one, over all parameters.</param>
/// <param name="RecurrentCosine">The same over the recurrent matrix alone.</param>
/// <param name="Score">What training came to; null without one.</param>
internal sealed record TbpttRow(int? Chunk, GradientCost Cost, double Cosine, double RecurrentCosine, RecallScore? Score)
{
    public double PeakMegabytes => Cost.ExtraBytes / 1e6;

    public double ProcessPeakMegabytes => Cost.ProcessPeakBytes / 1e6;
}
