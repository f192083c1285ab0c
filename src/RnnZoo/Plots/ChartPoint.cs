namespace RnnZoo.Plots;

/// <summary>One point of a series. A coordinate that is not finite makes a gap in the line.</summary>
/// <param name="X">The horizontal coordinate, in the unit of the horizontal axis.</param>
/// <param name="Y">The vertical coordinate, in the unit of the vertical axis.</param>
public readonly record struct ChartPoint(double X, double Y);
