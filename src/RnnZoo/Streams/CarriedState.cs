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
        return state.Map(part => part.detach().clone()).DetachFromDisposeScope(); // it may be a view of what its owner changes
    }

    /// <summary>The state with the rows of some streams as at the start; the others as they are, gradients included.</summary>
    public RecurrentState Reset(RecurrentState state, IEnumerable<int> rows)
    {
        if (Mask(rows) is not { } mask)
        {
            return state;
        }

        var initial = Initial();
        var part = 0;
        return state.Map(value =>
        {
            var fresh = Fresh(mask, value, axis: value.shape.Length - 2); // [.., B, ..]
            return initial is null ? value.masked_fill(fresh, Scalars.Zero) : where(fresh, initial[part++], value);
        });
    }

    /// <summary>What a state owes to parameters, tensors [B, ..], with nothing in the rows of some streams.</summary>
    public IReadOnlyList<Tensor> Reset(IReadOnlyList<Tensor> sensitivity, IEnumerable<int> rows) =>
        Mask(rows) is { } mask ? [.. sensitivity.Select(value => value.masked_fill(Fresh(mask, value, axis: 0), Scalars.Zero))] : sensitivity;

    // Null for no rows.
    private bool[]? Mask(IEnumerable<int> rows)
    {
        bool[]? mask = null;
        foreach (var row in rows)
        {
            (mask ??= new bool[streams])[row] = true;
        }

        return mask;
    }

    private Tensor Fresh(bool[] mask, Tensor value, int axis)
    {
        var lead = new long[value.shape.Length];
        Array.Fill(lead, 1);
        lead[axis] = streams;
        return tensor(mask, device: value.device).view(lead);
    }

    private static string Show(RecurrentState state) => string.Join(" and ", state.Select(part => Check.Show(part.shape)));
}
