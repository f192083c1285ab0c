using RnnZoo.Cells;
using RnnZoo.Cli.Options;
using RnnZoo.Modules;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>The net to measure, in float64: fresh, or read from a file.</summary>
/// <param name="Module">The net.</param>
/// <param name="Cell">vanilla, lstm or gru.</param>
internal sealed record LyapunovNet(IRecurrentModule Module, string Cell) : IDisposable
{
    private const int FreshInputs = 10;

    public static LyapunovNet Create(LyapunovSettings settings, string workingDirectory)
    {
        if (settings.Weights is { } file)
        {
            return WeightsFile.Read(Path.Combine(workingDirectory, file));
        }

        manual_seed(Seeds.Derive(settings.Seed, "weights"));
        var net = Make(settings.Cell, FreshInputs, settings.Hidden, layers: 1, bidirectional: false, bias: true);
        using var generator = new Generator((ulong)Seeds.Derive(settings.Seed, "initialisation"));
        Initialisations.Create(settings.Init, settings.Steps).Apply(net, generator);
        if (settings.Gain is { } gain)
        {
            Scale((GatedCell)net.CellAt(0), gain);
        }

        return new LyapunovNet(net, settings.Cell);
    }

    public static IRecurrentModule Make(string cell, long inputs, long hidden, long layers, bool bidirectional, bool bias) => cell switch
    {
        "vanilla" => new VanillaRnn(inputs, hidden, layers, Activation.Tanh, bias, bidirectional: bidirectional, dtype: ScalarType.Float64),
        "lstm" => new Lstm(inputs, hidden, layers, bias, bidirectional: bidirectional, dtype: ScalarType.Float64),
        "gru" => new Gru(inputs, hidden, layers, bias, bidirectional: bidirectional, dtype: ScalarType.Float64),
        _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, $"cell: expected vanilla, lstm or gru, got '{cell}'."),
    };

    public void Dispose() => ((nn.Module)Module).Dispose();

    /// <summary>Gives each gate's recurrent block a spectral norm.</summary>
    private static void Scale(GatedCell cell, double gain)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        for (var gate = 0; gate < cell.Gates.Count; gate++)
        {
            var block = cell.weight_hh.narrow(0, gate * cell.HiddenSize, cell.HiddenSize); // [H, H]
            block.mul_(gain / linalg.svdvals(block).max().item<double>());
        }
    }
}
