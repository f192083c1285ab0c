using static TorchSharp.torch;

namespace RnnZoo.Tasks;

/// <summary>Classes as vectors of zeros with a single one.</summary>
internal static class OneHot
{
    /// <param name="tokens">[T, B], int64: classes from 0 to <paramref name="classes"/> - 1.</param>
    /// <param name="classes">I.</param>
    /// <returns>[T, B, I], float32.</returns>
    public static Tensor Of(Tensor tokens, long classes)
    {
        using var scope = NewDisposeScope();
        return eye(classes).index_select(0, tokens.reshape(-1)).view(tokens.shape[0], tokens.shape[1], classes).MoveToOuterDisposeScope();
    }
}
