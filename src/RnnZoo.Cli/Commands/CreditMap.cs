using RnnZoo.Bptt;
using RnnZoo.Cells;
using RnnZoo.Plots;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>
/// How far credit reaches: what is left of a gradient after d steps back, ‖∂L/∂s_{t-d}‖ / ‖∂L/∂s_t‖ with s all parts of the state,
/// by the steps' Jacobians at the untrained weights, and how much of that each way to cut lets through.
/// <code>
/// exact          ‖J' … J' v‖ / ‖v‖                 a random v on s_t, the mean over sequences
/// cut at places  the same times the mean over t of what a gradient is multiplied with between t and t - d: 0 behind a cut
/// online         ‖D' … D' v‖ / ‖v‖                 D: of J the blocks of each unit; it is J where units see themselves alone
/// </code>
/// </summary>
/// <param name="Lines">A line for each way; the exact one comes first.</param>
internal sealed record CreditMap(IReadOnlyList<CreditLine> Lines)
{
    private const int Sequences = 4;

    /// <summary>Whether there are online gradients for a net.</summary>
    public static bool HasOnline(string cell)
    {
        using var model = TbpttModel.Create(cell, 2, 1, 1, ScalarType.Float64);
        return model.Recurrent.CellAt(0) is EquationCell own && UnitSensitivity.Fits(own);
    }

    public static CreditMap Measure(TbpttSettings settings)
    {
        var most = Math.Min(4 * settings.Delay, settings.Length - 1);
        var (exact, own) = Shares(settings, most);
        List<CreditLine> lines = [new(null, exact)];
        foreach (var way in settings.Ways.Where(way => way != Way.Full))
        {
            double[] through = way.Kind == WayKind.Online ? [] : Through(settings, way, most);
            lines.Add(new CreditLine(way, way.Kind == WayKind.Online ? own : [.. exact.Zip(through, (share, passed) => share * passed)]));
        }

        return new CreditMap(lines);
    }

    public LineChart Chart() => new(
        "How far credit reaches",
        new Axis("steps back"),
        new Axis("share of the gradient left") { Minimum = 0 },
        [.. Lines.Select(line => new Series(line.Name, [.. line.Shares.Select((share, distance) => new ChartPoint(distance + 1, share))]) { Colour = line.Way is { } way ? (int)way.Kind : TbpttCharts.OtherColour })])
    {
        EndLabels = true,
    };

    // What is left after 1, 2, … steps back of a random cotangent, by the whole Jacobians and by the units' own blocks.
    private static (double[] Exact, double[] Own) Shares(TbpttSettings settings, int most)
    {
        using var noTape = no_grad();
        using var scope = NewDisposeScope();
        using var model = TbpttModel.Create(settings.Cell, settings.Hidden, settings.Delay, settings.Seed, ScalarType.Float64);
        var cell = (EquationCell)model.Recurrent.CellAt(0);
        var steps = TokenInput.OneHot(new RecallStream(Sequences, most, settings.Delay, settings.Seed).Read(0, most).Input, RecallStream.Tokens, ScalarType.Float64); // [T, B, I]
        var states = new List<RecurrentState> { cell.ZeroState(Sequences, ScalarType.Float64) };
        for (var t = 0; t < most; t++)
        {
            states.Add(cell.Step(steps[t], states[^1]));
        }

        var blocks = cell.StateSizes.Sum() / cell.HiddenSize;
        var unit = eye(cell.HiddenSize, dtype: ScalarType.Float64).repeat(blocks, blocks); // [S, S]: 1 within a unit
        using var random = new Generator((ulong)Seeds.Derive(settings.Seed, "credit"));
        var start = randn(Sequences, cell.StateSizes.Sum(), 1, dtype: ScalarType.Float64, generator: random); // [B, S, 1]
        var (whole, own) = (start, start);
        var (exact, byUnit) = (new double[most], new double[most]);
        for (var distance = 0; distance < most; distance++)
        {
            var jacobian = cell.Jacobian(steps[most - 1 - distance], states[most - 1 - distance]).transpose(1, 2); // [B, S, S]
            (whole, own) = (jacobian.bmm(whole), jacobian.mul(unit).bmm(own)); // [B, S, 1]
            (exact[distance], byUnit[distance]) = (Share(whole), Share(own));
        }

        return (exact, cell.HasHiddenWeight ? byUnit : exact);

        double Share(Tensor gradient) => gradient.norm(dim: 1).div(start.norm(dim: 1)).mean().Number();
    }

    // The mean over all steps t of what stands between t and t - d, d from 1, where this way cuts the stream.
    private static double[] Through(TbpttSettings settings, Way way, int most)
    {
        var options = way.Options(settings.Length, Seeds.Derive(settings.Seed, "cuts", 0));
        var random = new SplitMix64((ulong)(options.RandomLength?.Seed ?? options.UnbiasedSeed));
        var sums = new double[most];
        for (var start = 0L; start < settings.Length;)
        {
            var length = Math.Min(options.DrawLength(ref random), settings.Length - start);
            for (var step = 1L; step < length; step++)
            {
                for (var distance = 1; distance <= Math.Min(step, most); distance++)
                {
                    var places = options.UnbiasedEvery is { } every ? (step / every) - ((step - distance) / every) : 0;
                    sums[distance - 1] += places == 0 ? 1 : Math.Pow(options.UnbiasedFactor, places);
                }
            }

            start += length;
        }

        return [.. sums.Select((sum, place) => sum / (settings.Length - place - 1))];
    }
}

/// <summary>One way's line.</summary>
/// <param name="Way">The way; null for exact gradients.</param>
/// <param name="Shares">What is left after 1, 2, … steps back.</param>
internal sealed record CreditLine(Way? Way, IReadOnlyList<double> Shares)
{
    /// <summary>The way's name.</summary>
    public string Name => Way?.Name ?? "exact";
}
