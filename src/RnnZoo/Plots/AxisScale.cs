namespace RnnZoo.Plots;

/// <summary>How the values of an axis map to positions.</summary>
public enum AxisScale
{
    /// <summary>Equal differences are equally far apart.</summary>
    Linear,

    /// <summary>Equal ratios are equally far apart; values of zero and below are gaps.</summary>
    Log,
}
