using System.Collections;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Cells;

/// <summary>
/// The state that a recurrence carries from step to step: h first, then whatever else the cell keeps (c for an LSTM).
/// </summary>
/// <remarks>
/// A cell's parts are [B, S]; a module's are [L·D, B, S], layer by layer and, in a layer, forwards before backwards.
/// Disposing the state disposes its tensors.
/// </remarks>
public sealed class RecurrentState : IReadOnlyList<Tensor>, IDisposable
{
    private readonly Tensor[] _parts;

    /// <summary>Wraps the parts, h first. The tensors are not copied.</summary>
    /// <param name="parts">At least one tensor.</param>
    /// <exception cref="ArgumentException">There is no part, or one is null.</exception>
    public RecurrentState(params Tensor[] parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Length == 0 || Array.Exists(parts, part => part is null))
        {
            throw new ArgumentException($"parts: expected one tensor or more and no null, got {parts.Length} with {parts.Count(part => part is null)} null; pass h first, then c for an LSTM.");
        }

        _parts = parts;
    }

    /// <summary>h: what the cell shows to the layer above.</summary>
    public Tensor Hidden => _parts[0];

    /// <summary>c of an LSTM.</summary>
    /// <exception cref="InvalidOperationException">The state has h alone.</exception>
    public Tensor Cell => _parts.Length > 1
        ? _parts[1]
        : throw new InvalidOperationException("Cell: this state has one part, h; only an LSTM's state has c as well.");

    /// <summary>The number of parts.</summary>
    public int Count => _parts.Length;

    /// <summary>A part by position; 0 is h.</summary>
    public Tensor this[int index] => _parts[index];

    /// <summary>The same numbers cut off from the tape, for truncated backpropagation.</summary>
    /// <returns>A new state that shares storage with this one.</returns>
    public RecurrentState Detach() => Map(part => part.detach());

    /// <summary>A new state made by a function of each part.</summary>
    public RecurrentState Map(Func<Tensor, Tensor> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return new RecurrentState(Array.ConvertAll(_parts, part => function(part)));
    }

    /// <summary>Hands every part to the enclosing dispose scope.</summary>
    /// <returns>This state.</returns>
    public RecurrentState MoveToOuterDisposeScope()
    {
        foreach (var part in _parts)
        {
            part.MoveToOuterDisposeScope();
        }

        return this;
    }

    /// <summary>Frees every part from all dispose scopes, to be kept until disposed by hand.</summary>
    /// <returns>This state.</returns>
    public RecurrentState DetachFromDisposeScope()
    {
        foreach (var part in _parts)
        {
            part.DetachFromDisposeScope();
        }

        return this;
    }

    /// <summary>Lets the parts that a scope owns outlive it; a part that was passed through from outside stays where it is.</summary>
    internal RecurrentState KeepFrom(DisposeScope scope)
    {
        foreach (var part in _parts)
        {
            if (scope.Contains(part))
            {
                scope.MoveToOuter(part);
            }
        }

        return this;
    }

    /// <summary>h as cells take it, as a state; null for null.</summary>
    internal static RecurrentState? Of(Tensor? h0) => h0 is null ? null : new RecurrentState(h0);

    /// <summary>h and c as cells take them, as a state; null for null.</summary>
    internal static RecurrentState? Of((Tensor, Tensor)? h0_c0) => h0_c0 switch
    {
        null => null,
        (null, _) or (_, null) => throw new ArgumentException($"h0_c0: expected two tensors (h0, c0), got {(h0_c0.Value.Item1 is null ? "null" : "h0")} and {(h0_c0.Value.Item2 is null ? "null" : "c0")}; pass both, or null for zeros."),
        var (h, c) => new RecurrentState(h, c),
    };

    /// <summary>h, of a state that has it alone, as modules take it; null for null.</summary>
    internal static Tensor? One(RecurrentState? state) => state is null || state.Count == 1
        ? state?.Hidden
        : throw new ArgumentException($"state: expected 1 part (h), got {state.Count}.");

    /// <summary>h and c, of a state that has these two, as modules take them; null for null.</summary>
    internal static (Tensor, Tensor)? Two(RecurrentState? state) => state is null || state.Count == 2
        ? state is null ? null : (state.Hidden, state.Cell)
        : throw new ArgumentException($"state: expected 2 parts (h, c), got {state.Count}.");

    /// <summary>Checks the number of parts, their shapes, element type and device.</summary>
    /// <param name="shapes">The shape of each part.</param>
    /// <param name="axes">Its letters.</param>
    /// <param name="suffix">What stands behind h and c in messages.</param>
    /// <param name="like">The input, whose type and device the parts must have.</param>
    /// <exception cref="ArgumentException">One does not fit; the message names it.</exception>
    internal void CheckParts(IReadOnlyList<long[]> shapes, string axes, string suffix, Tensor like)
    {
        if (Count != shapes.Count)
        {
            throw new ArgumentException($"state: expected {shapes.Count} part(s) ({string.Join(", ", Enumerable.Range(0, shapes.Count).Select(part => PartName(part, "")))}), got {Count}.");
        }

        for (var part = 0; part < Count; part++)
        {
            Check.Fits(_parts[part], PartName(part, suffix), axes, shapes[part], like);
        }
    }

    /// <inheritdoc/>
    public IEnumerator<Tensor> GetEnumerator() => ((IEnumerable<Tensor>)_parts).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Disposes the parts.</summary>
    public void Dispose()
    {
        foreach (var part in _parts)
        {
            part.Dispose();
        }
    }

    private static string PartName(int part, string suffix) => part switch
    {
        0 => $"h{suffix}",
        1 => $"c{suffix}",
        _ => $"state[{part}]",
    };
}

/// <summary>What a recurrence makes of a sequence.</summary>
/// <param name="Output">[T, B, D·H], or [B, T, D·H] where batch comes first: h of the last layer at every step (D directions joined).</param>
/// <param name="State">The final state; each part is [L·D, B, S].</param>
public readonly record struct RecurrentResult(Tensor Output, RecurrentState State);
