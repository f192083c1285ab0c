namespace RnnZoo.Cli.Commands;

/// <summary>The one place for what `flow` does unless told otherwise.</summary>
internal static class FlowDefaults
{
    public const int Length = 100;
    public const int Sequences = 16;
    public const int Hidden = 128;
    public const int Steps = 600;
    public const int Delay = 20;
    public const long Seed = 1;

    /// <summary>I: the numbers of an input step, drawn from N(0, 1).</summary>
    public const int Inputs = 10;

    public static IReadOnlyList<string> Models { get; } = ["linear", "vanilla", "lstm", "gru"];

    public static IReadOnlyList<double> Norms { get; } = [0.5, 0.9, 1.0, 1.1, 1.5];

    public static IReadOnlyList<string> Trained { get; } = ["vanilla", "lstm"];
}
