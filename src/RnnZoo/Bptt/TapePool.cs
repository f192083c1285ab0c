using static TorchSharp.torch;

namespace RnnZoo.Bptt;

/// <summary>
/// The memory that a forward pass writes for its backward pass: it is taken here, and goes back after the backward pass.
/// </summary>
/// <remarks>
/// The node that uses it saves it, so it dies with the graph at the latest. The last one that came back is kept for the next
/// pass that fits: training takes no new memory from the system, and a graph that is kept, by a loss in a list, has none of its
/// own. A second pass, through a retained graph, takes back what it returned; if another pass has written over it meanwhile,
/// it runs the forward pass again. Thread-safe.
/// </remarks>
internal sealed class TapePool
{
    // A tape that is so many times too long is not kept for the sake of a short sequence.
    private const long MostWaste = 4;
    private Tape? _spare;

    /// <summary>A tape that was returned, until another pass takes its memory.</summary>
    internal sealed record Tape(Tensor Memory);

    /// <summary>Memory for a pass.</summary>
    /// <param name="elements">How much it writes.</param>
    /// <param name="like">Gives element type and device.</param>
    /// <returns>[at least <paramref name="elements"/>], in no dispose scope.</returns>
    public Tensor Take(long elements, Tensor like)
    {
        if (Interlocked.Exchange(ref _spare, null)?.Memory is { } spare)
        {
            var length = spare.size(0);
            if (length >= elements && length / MostWaste <= elements && spare.dtype == like.dtype)
            {
                return spare;
            }

            spare.Dispose();
        }

        return LargePages.Advise(empty([elements], dtype: like.dtype, device: like.device)).DetachFromDisposeScope();
    }

    /// <summary>Takes memory back after a backward pass.</summary>
    public Tape Return(Tensor memory)
    {
        var tape = new Tape(memory.DetachFromDisposeScope());
        Interlocked.Exchange(ref _spare, tape)?.Memory.Dispose();
        return tape;
    }

    /// <summary>Whether a tape is still as it was returned; if so, it is no longer here.</summary>
    public bool TryTakeBack(Tape tape) => ReferenceEquals(Interlocked.CompareExchange(ref _spare, null, tape), tape);

    /// <summary>Frees what is kept.</summary>
    public void Clear() => Interlocked.Exchange(ref _spare, null)?.Memory.Dispose();
}
