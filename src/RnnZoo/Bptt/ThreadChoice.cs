using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>How many threads a kernel is worth.</summary>
internal static class ThreadChoice
{
    // About 50 µs of one core's arithmetic: less is done before a sleeping thread is awake.
    private const double FlopsPerThread = 4e6;

    /// <param name="flops">Operations of the pass.</param>
    /// <returns>At least 1, and at most torch.get_num_threads().</returns>
    public static int For(double flops) => (int)Math.Clamp(flops / FlopsPerThread, 1, get_num_threads());
}
