using RnnZoo.Characters;
using RnnZoo.Tasks;

namespace RnnZoo.Zoo;

/// <summary>How large a net is at least, found without making it: of every cell the weights that cells have in common.</summary>
internal static class NetSize
{
    // Their units do not see each other's state within a layer.
    private static readonly string[] WithoutRecurrentMatrix = ["mingru", "indrnn"];

    /// <summary>The parameters at least of a net for a task.</summary>
    public static UInt128 Least(NetRecipe net, ISequenceTask task) =>
        Least(net.Cell, (ulong)task.InputSize, (ulong)net.Hidden, (ulong)net.Layers, (ulong)task.OutputSize);

    /// <summary>The parameters at least of a character model.</summary>
    public static UInt128 Least(CharacterModelShape net, int vocabulary)
    {
        var (characters, embedding) = ((UInt128)vocabulary, (UInt128)net.Embedding);
        return (characters * embedding)
            + Least(net.Cell, embedding > 0 ? embedding : characters, (ulong)net.Hidden, (ulong)net.Layers, characters);
    }

    private static UInt128 Least(string cell, UInt128 input, UInt128 hidden, UInt128 layers, UInt128 output)
    {
        var recurrent = WithoutRecurrentMatrix.Contains(cell) ? 0 : layers * hidden * hidden;
        return (hidden * input) + ((layers - 1) * hidden * hidden) + recurrent + (output * hidden);
    }
}
