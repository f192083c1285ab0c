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
}
