namespace RnnZoo.Plots;

/// <summary>One axis of a chart.</summary>
/// <param name="Title">What the axis shows, with its unit.</param>
public sealed record Axis(string Title)
{
    /// <summary>Linear (the default) or logarithmic.</summary>
    public AxisScale Scale { get; init; } = AxisScale.Linear;

    /// <summary>The lower end; null takes it from the data.</summary>
    public double? Minimum { get; init; }

    /// <summary>The upper end; null takes it from the data.</summary>
    public double? Maximum { get; init; }

    /// <summary>The values that get a tick and a label; null takes round numbers.</summary>
    public IReadOnlyList<double>? Ticks { get; init; }
}
