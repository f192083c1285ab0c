using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>Our states as torch.nn's arguments have them.</summary>
internal static class StateTuples
{
    public static Tensor? One(RecurrentState? state)
    {
        if (state is not null && state.Count != 1)
        {
            throw new ArgumentException($"state: expected 1 part (h), got {state.Count}.");
        }

        return state?.Hidden;
    }

    public static (Tensor, Tensor)? Two(RecurrentState? state)
    {
        if (state is not null && state.Count != 2)
        {
            throw new ArgumentException($"state: expected 2 parts (h, c), got {state.Count}.");
        }

        return state is null ? null : (state.Hidden, state.Cell);
    }

    public static RecurrentState? From((Tensor, Tensor)? pair)
    {
        if (pair is not var (h, c))
        {
            return null;
        }

        return h is not null && c is not null
            ? new RecurrentState(h, c)
            : throw new ArgumentException($"h0_c0: expected two tensors (h0, c0), got {(h is null ? "null" : "h0")} and {(c is null ? "null" : "c0")}; pass both, or null for zeros.");
    }
}
