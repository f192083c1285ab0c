namespace RnnZoo.Plots;

/// <summary>One chart of a <see cref="Figure"/>.</summary>
public abstract record ChartPanel
{
    private protected ChartPanel(string title) => Title = title;

    /// <summary>The heading over the chart.</summary>
    public string Title { get; init; }

    internal abstract IEnumerable<LegendEntry> Legend { get; }

    /// <summary>Whether it needs the colours of a colour scale.</summary>
    internal virtual bool HasCells => false;

    /// <summary>The chart in words, for those who cannot see it.</summary>
    internal abstract string Describe();

    internal abstract void Draw(SvgWriter svg, Area plot, string clipId);
}
