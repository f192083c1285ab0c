using System.Globalization;

namespace RnnZoo.Cli.Commands;

/// <summary>The size of one measured layer.</summary>
/// <param name="Batch">B.</param>
/// <param name="Steps">T.</param>
/// <param name="Input">I.</param>
/// <param name="Hidden">H.</param>
internal sealed record BenchSize(int Batch, int Steps, int Input, int Hidden)
{
    public const string Expected = "a comma-separated list of sizes BxTxIxH, as in 32x100x10x128, none twice";

    /// <summary>Whether the copy task fits: ten input classes, ten symbols and a delay of at least one step.</summary>
    public bool FitsCopyTask => Input == CopyWorkload.InputSize && Steps > 2 * CopyWorkload.Symbols;

    /// <summary>
    /// The arithmetic of one training step: 2 operations per multiply-add, 3 products (forward, gradient of the inputs,
    /// gradient of the weights) over T·B rows of G·H by I + H. No other work counts.
    /// </summary>
    public double Flops(string cell) => 6.0 * Steps * Batch * Gates(cell) * Hidden * (Input + Hidden);

    public static bool TryParse(string text, out BenchSize size)
    {
        var parts = text.Split('x');
        var numbers = new int[4];
        var isSize = parts.Length == numbers.Length;
        for (var index = 0; isSize && index < numbers.Length; index++)
        {
            isSize = int.TryParse(parts[index], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[index]) && numbers[index] > 0;
        }

        size = new BenchSize(numbers[0], numbers[1], numbers[2], numbers[3]);
        return isSize;
    }

    public override string ToString() => $"{Batch}x{Steps}x{Input}x{Hidden}";

    private static int Gates(string cell) => cell switch
    {
        "vanilla" => 1,
        "gru" => 3,
        "lstm" => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, "cell: expected vanilla, lstm or gru."),
    };
}
