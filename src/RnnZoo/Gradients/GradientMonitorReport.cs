using System.Globalization;

namespace RnnZoo.Gradients;

/// <summary>What a <see cref="GradientMonitor"/> has seen so far.</summary>
/// <param name="Steps">Training steps it was told of.</param>
/// <param name="Measured">How many of them had their gradient measured.</param>
/// <param name="Exploding">How many of the measured ones exploded in some layer and direction.</param>
/// <param name="Vanishing">How many of the measured ones vanished in some layer and direction.</param>
/// <param name="Clipped">Steps at which clipping acted: their gradient's norm was above the limit.</param>
/// <param name="SmallestClipFactor">The smallest factor that clipping multiplied a gradient with; 1 if it never acted.</param>
/// <param name="LargestGradientNorm">The largest finite norm of the whole gradient before clipping; 0 if there was none.</param>
/// <param name="MemorySteps">
/// The net's effective memory at the last measurement, by layer and direction: after how many steps back less than the
/// fraction of the gradient is left; null where it lasts to the first step of the walk.
/// </param>
/// <param name="Warnings">All warnings, the oldest first.</param>
[Display.TypeFormatterSource(typeof(Display.TableFormatters))]
public sealed record GradientMonitorReport(
    long Steps,
    long Measured,
    long Exploding,
    long Vanishing,
    long Clipped,
    double SmallestClipFactor,
    double LargestGradientNorm,
    IReadOnlyList<int?> MemorySteps,
    IReadOnlyList<GradientWarning> Warnings) : Display.ITable
{
    /// <summary>The share of the steps at which clipping acted; 0 before the first step.</summary>
    public double ClippedShare => Steps == 0 ? 0 : (double)Clipped / Steps;

    /// <summary>The report for a notebook.</summary>
    /// <returns>Two tables as HTML: the counts, and the warnings.</returns>
    public string ToHtml()
    {
        var counts = new Display.HtmlTable("the gradient so far", "", "");
        counts.Add("training steps", Steps);
        counts.Add("of them measured", Measured);
        counts.Add("exploding", Exploding);
        counts.Add("vanishing", Vanishing);
        counts.Add("clipped", Clipped);
        counts.Add("smallest clip factor", SmallestClipFactor);
        counts.Add("largest gradient norm", LargestGradientNorm);
        counts.Add("effective memory, steps", string.Join(", ", MemorySteps.Select(steps => steps?.ToString(CultureInfo.InvariantCulture) ?? "whole sequence")));
        var warnings = new Display.HtmlTable("warnings", "step", "layer", "warning");
        foreach (var warning in Warnings)
        {
            warnings.Add(warning.Step, warning.Layer, warning.ToString());
        }

        return Warnings.Count == 0 ? counts.ToString() : counts.ToString() + warnings;
    }
}
