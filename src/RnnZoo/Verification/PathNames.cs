using RnnZoo.Modules;

namespace RnnZoo.Verification;

/// <summary>The paths as reports name them.</summary>
internal static class PathNames
{
    /// <summary>The hand-written path without its kernels.</summary>
    public const string Equations = "equations";

    public static string Of(BackwardPath path) => path switch
    {
        BackwardPath.HandWritten => "handwritten",
        BackwardPath.Autograd => "autograd",
        BackwardPath.Native => "native",
        _ => throw new ArgumentException($"path: expected HandWritten, Autograd or Native, got {path}."),
    };
}
