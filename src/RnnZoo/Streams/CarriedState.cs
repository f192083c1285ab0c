using RnnZoo.Cells;
using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>
/// How a state goes from chunk to chunk: kept at each boundary, where it is detached from the tape, and reset to what
/// streams start from where a document starts.
/// </summary>
internal sealed class CarriedState(long streams, Func<long, RecurrentState>? initialState)
{
    /// <summary>What streams start from; null for the net's own zeros.</summary>
    public RecurrentState? Initial() => initialState?.Invoke(streams);

    /// <summary>Cuts a state off from the tape and from dispose scopes.</summary>
    /// <exception cref="InvalidOperationException">Its shapes do not fit.</exception>
    public RecurrentState Keep(RecurrentState state, RecurrentState? before)
    {
        for (var part = 0; part < state.Count; part++)
        {
            var shape = state[part].shape;
            if (shape.Length < 2 || shape[^2] != streams)
            {
                throw new InvalidOperationException($"state: expected part {part} as [.., B, S] with the {streams} streams as B, got {Check.Show(shape)}; return the net's whole final state, in that order.");
            }
        }

        if (before is not null && (before.Count != state.Count || before.Zip(state).Any(pair => !pair.First.shape.SequenceEqual(pair.Second.shape))))
        {
            throw new InvalidOperationException($"state: expected parts {Show(before)} as the chunk started from, got {Show(state)}.");
        }

        using var scope = NewDisposeScope();
        return state.Detach().DetachFromDisposeScope();
    }

    /// <summary>The state with the rows of some streams as at the start; the others as they are, gradients included.</summary>
    public RecurrentState Reset(RecurrentState state, IEnumerable<int> rows)
    {
        var mask = new bool[streams];
        var any = false;
        foreach (var row in rows)
        {
            mask[row] = any = true;
        }

        if (!any)
        {
            return state;
        }

        var initial = Initial();
        var part = 0;
        return state.Map(value =>
        {
            var shape = value.shape;
            var lead = new long[shape.Length];
            Array.Fill(lead, 1);
            lead[^2] = streams;
            var fresh = tensor(mask, device: value.device).view(lead); // [.., B, ..]
            return initial is null ? value.masked_fill(fresh, Scalars.Zero) : where(fresh, initial[part++], value);
        });
    }

    private static string Show(RecurrentState state) => string.Join(" and ", state.Select(part => Check.Show(part.shape)));
}
